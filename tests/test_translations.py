"""Every sentence that a user may read is there in Bulgarian and Russian, the same everywhere, with true plural forms.

Reads the source itself (Python's own grammar, Django's own reading of templates), so that it needs none of gettext's
tools and no compiled catalogue of ours.
"""

from __future__ import annotations

import ast
import gettext
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import allauth
import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "northpost"
PLURAL_FORMS = {"bg": 2, "ru": 3}

# Which argument of each function is the context, the message and its plural.
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL_IN_TEMPLATE = re.compile(
    rf"(?<!\w)(?:_|n?p?gettext)\(\s*{LITERAL}(?:\s*,\s*{LITERAL})*(?:\s*,\s*count)?\s*\)", re.DOTALL
)
PLACE = re.compile(r"%\((\w+)\)[sd]|(?<!{){(\w*)}(?!})|%([sd])")


class Message(NamedTuple):
    """What gettext looks a text up by; the plural only says that the text has plural forms."""

    context: str | None
    text: str
    plural: bool


def messages_of(tree: ast.AST) -> Iterator[Message]:
    """The messages of every call to a function of gettext whose texts are plain literals."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in FUNCTIONS:
            continue
        words = [literal(argument) for argument in node.args]
        context, text, plural = FUNCTIONS[name]
        if len(words) > text and (words[text] or "").strip():
            yield Message(words[context] if context is not None else None, words[text] or "", plural is not None)


def literal(argument: ast.expr) -> str | None:
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def in_template(path: Path) -> Iterator[Message]:
    for call in CALL_IN_TEMPLATE.finditer(templatize(path.read_text(), origin=str(path))):
        yield from messages_of(ast.parse(call.group()))


@cache
def said() -> dict[Message, str]:
    """Every message of the source, and a place where it is said."""
    messages: dict[Message, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not {"tests", "migrations"} & set(path.parts):
            messages |= dict.fromkeys(messages_of(ast.parse(path.read_text())), str(path.relative_to(PACKAGE)))
    for path in sorted(found for suffix in ("html", "txt") for found in PACKAGE.rglob(f"templates/**/*.{suffix}")):
        messages |= dict.fromkeys(in_template(path), str(path.relative_to(PACKAGE)))
    return messages


@cache
def catalogues(language: str) -> dict[str, Catalog]:
    found = {}
    for path in sorted(PACKAGE.rglob(f"locale/{language}/LC_MESSAGES/django.po")):
        with path.open("rb") as file:
            found[str(path.relative_to(PACKAGE))] = read_po(file, locale=language, abort_invalid=True)
    return found


def several(texts: object) -> tuple[str, ...]:
    """What Babel gives as a single text where there is no plural, and as several where there is."""
    return tuple(str(text or "") for text in (texts if isinstance(texts, list | tuple) else [texts]))


def translated(language: str) -> Iterator[tuple[str, Message, tuple[str, ...], tuple[str, ...]]]:
    """Every entry of the catalogues: the file, the message, its English texts, and its translations."""
    for place, catalogue in catalogues(language).items():
        for entry in catalogue:
            if entry.id:
                source = several(entry.id)
                yield place, Message(entry.context, source[0], len(source) > 1), source, several(entry.string)


def known_to_libraries(language: str) -> set[Message]:
    """What Django and allauth translate themselves."""
    known = set()
    for package in (django, allauth):
        for path in Path(package.__path__[0]).rglob(f"locale/{language}/LC_MESSAGES/django.mo"):
            with path.open("rb") as file:
                for key in gettext.GNUTranslations(file)._catalog:  # type: ignore[attr-defined]
                    context, _, text = (key[0] if isinstance(key, tuple) else key).rpartition("\x04")
                    known.add(Message(context or None, text, isinstance(key, tuple)))
    return known


def places(text: str) -> set[str]:
    """The names that a text leaves open: "%(name)s", "{name}", "%s"."""
    return {"".join(groups) for groups in PLACE.findall(text.replace("%%", ""))}


def test_the_source_is_read() -> None:
    """Were the reading broken, every other test here would pass."""
    texts = said()
    assert len(texts) > 1000
    assert len({place.split("/")[0] for place in texts.values()}) > 8
    assert any(message.plural for message in texts)
    assert any(message.context for message in texts)


@pytest.mark.parametrize("language", PLURAL_FORMS)
def test_nothing_is_left_in_english(language: str) -> None:
    known = {message for _, message, _, target in translated(language) if all(target)}
    known |= known_to_libraries(language)
    # A text without a count is also found among those with one: gettext keeps its first form under the same name.
    known |= {message._replace(plural=False) for message in known}
    missing = [f"{place}: {message.text}" for message, place in said().items() if message not in known]
    assert missing == []


@pytest.mark.parametrize("language", PLURAL_FORMS)
def test_every_entry_is_whole_and_sure(language: str) -> None:
    wrong = [f"{place}: {message.text}" for place, message, _, target in translated(language) if not all(target)]
    assert wrong == []
    for place, catalogue in catalogues(language).items():
        assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == [], place
        assert [entry.id for entry in catalogue.obsolete.values()] == [], place


@pytest.mark.parametrize("language", PLURAL_FORMS)
def test_plural_forms_are_the_languages_own(language: str) -> None:
    for place, catalogue in catalogues(language).items():
        assert catalogue.num_plurals == PLURAL_FORMS[language], place
    wrong = [
        f"{place}: {message.text}"
        for place, message, _, target in translated(language)
        if len(target) != (PLURAL_FORMS[language] if message.plural else 1)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", PLURAL_FORMS)
def test_placeholders_survive_translation(language: str) -> None:
    """Bulgarian's first form is for one alone and may leave the number out; Russian's is also for 21 and may not."""
    wrong = []
    for place, message, source, target in translated(language):
        every = places(source[0]) | places(source[-1])
        for number, text in enumerate(target):
            least = places(source[0]) if number == 0 and language == "bg" else places(source[-1])
            if not least <= places(text) <= every:
                wrong.append(f"{place}: {message.text}: {text}")
    assert wrong == []


@pytest.mark.parametrize("language", PLURAL_FORMS)
def test_one_text_has_one_translation(language: str) -> None:
    """Django puts all catalogues together and one of them wins; where the meaning differs, the text has a context."""
    found: dict[tuple[str | None, str], dict[str | tuple[str, ...], str]] = defaultdict(dict)
    for place, message, _, target in translated(language):
        found[message.context, message.text].setdefault(target[0], place)
    assert {text[1]: versions for text, versions in found.items() if len(versions) > 1} == {}
