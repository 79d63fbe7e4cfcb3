"""The templates that come with the product: eight kinds in three languages, put together on demand.

<kind>.mjml is the design with [[places]] for words, <kind>.<language>.toml the words; frame.* goes around them,
and [[+name]] takes in name.mjml. What load() returns is plain MJML with Liquid, and belongs to whoever adds it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

KINDS = (
    "welcome",
    "newsletter",
    "offer",
    "post_purchase",
    "win_back",
    "questionnaire",
    "review_request",
    "partner_letter",
)
LANGUAGES = ("en", "bg", "ru")
BLANK = "blank"  # a sheet with the frame and one paragraph, to write on

_PLACE = re.compile(r"\[\[(\w+)\]\]")
_FRAGMENT = re.compile(r"\[\[\+(\w+)\]\]\n?")


@dataclass(frozen=True, slots=True)
class LibraryTemplate:
    """A template of ours in one language; name is what to call it there."""

    kind: str
    language: str
    name: str
    subject: str
    preheader: str
    mjml: str


def kinds() -> tuple[str, ...]:
    """The kinds of mail there are templates for, in the order of a customer's life."""
    return KINDS


def languages() -> tuple[str, ...]:
    return LANGUAGES


@lru_cache(maxsize=64)
def load(kind: str, language: str) -> LibraryTemplate:
    """kind: of kinds(), or BLANK. Raises KeyError for another; a language there isn't gives English."""
    if kind not in KINDS and kind != BLANK:
        raise KeyError(kind)
    if language not in LANGUAGES:
        language = "en"
    words = _words(kind, language)
    places = {**_words("frame", language), **words, "language": language}
    body = _FRAGMENT.sub(lambda match: _read(f"{match[1]}.mjml"), _read(f"{kind}.mjml"))
    source = _read("frame.mjml").replace("[[content]]\n", body)
    mjml = _PLACE.sub(lambda match: places[match[1]], source)
    return LibraryTemplate(kind, language, words["name"], words["subject"], words["preheader"], mjml)


def _words(name: str, language: str) -> dict[str, str]:
    return {key: str(value) for key, value in tomllib.loads(_read(f"{name}.{language}.toml")).items()}


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
