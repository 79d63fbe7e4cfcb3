"""MJML to HTML: checked first, with the line of what is wrong, then converted by mrml.

mrml says little about errors and trusts its input (a quote in an attribute, or nesting without end, would
break it), so the source is read here once, tag by tag: balance, known elements, where they may stand, and
small repairs that HTML allows and XML does not (<br>, &nbsp;, a bare &).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from xml.parsers import expat

import css_inline
import mjml as mrml
from django.utils.translation import gettext as _

from northpost.content.errors import ContentError
from northpost.content.links import clean_url
from northpost.content.masking import Kind, Mask
from northpost.content.references import as_xml, attribute_value

SOURCE_LIMIT = 400_000  # characters
DEPTH_LIMIT = 60  # mrml recurses

_CONTENT = frozenset(
    {
        "mj-accordion", "mj-button", "mj-carousel", "mj-divider", "mj-image", "mj-navbar", "mj-raw",
        "mj-social", "mj-spacer", "mj-table", "mj-text",
    }
)  # fmt: skip
_CHILDREN: dict[str, frozenset[str]] = {
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": frozenset({"mj-attributes", "mj-breakpoint", "mj-font", "mj-preview", "mj-raw", "mj-style", "mj-title"}),
    "mj-body": frozenset({"mj-hero", "mj-raw", "mj-section", "mj-wrapper"}),
    "mj-wrapper": frozenset({"mj-hero", "mj-raw", "mj-section"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
    "mj-accordion": frozenset({"mj-accordion-element"}),
    "mj-accordion-element": frozenset({"mj-accordion-title", "mj-accordion-text"}),
    "mj-carousel": frozenset({"mj-carousel-image"}),
    "mj-navbar": frozenset({"mj-navbar-link"}),
    "mj-social": frozenset({"mj-social-element"}),
}
# Elements whose content is HTML or plain text rather than more MJML.
_WITH_HTML = frozenset(
    {
        "mj-accordion-text", "mj-accordion-title", "mj-button", "mj-navbar-link", "mj-preview", "mj-raw",
        "mj-social-element", "mj-table", "mj-text", "mj-title",
    }
)  # fmt: skip
_KNOWN = frozenset(_CHILDREN) | _WITH_HTML | frozenset().union(*_CHILDREN.values())
_EMPTY = _KNOWN - frozenset(_CHILDREN) - _WITH_HTML
# Where a loop or condition may stand between elements: MJML has mj-raw there.
_WITH_RAW = frozenset(name for name, children in _CHILDREN.items() if "mj-raw" in children) - {"mj-head"}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
# No mail program runs these; they only make filters suspicious, and a preview dangerous.
_REFUSED = frozenset(["script", "iframe", "object", "embed", "applet", "base", "frame", "frameset", "form"])

_NAME = re.compile(r"[A-Za-z][\w:.-]*")
_TAG = re.compile(r"""<(/?)([A-Za-z][\w:.-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""\s*([^\s=/>"'<]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+)))?""")
_CONDITIONAL = re.compile(r"<!--\[if(?! !mso).*?<!\[endif\]-->", re.DOTALL)


@dataclass(slots=True)
class _Open:
    name: str
    offset: int
    html: bool
    body: bool = False  # a table to which we gave the <tbody> that a browser would


@dataclass(slots=True)
class Checked:
    """Well-formed MJML, and the CSS that is to be inlined."""

    mjml: str
    inline_css: list[str] = field(default_factory=list)


def to_html(mask: Mask) -> str:
    """The masked source as a masked HTML document. Raises ContentError with the line in the source."""
    checked = _Reader(mask).read()
    _check_well_formed(checked.mjml, mask)
    try:
        # No fonts: a font fetched from elsewhere tells that elsewhere who reads the mail.
        html = str(mrml.mjml2html(checked.mjml, fonts={}, include_loader=_refuse_include))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        raise ContentError(None, _("MJML can't convert this: %(detail)s.") % {"detail": error}, "mjml") from error
    if checked.inline_css:
        html = _inline(html, "\n".join(checked.inline_css), mask)
    return html


def _refuse_include(path: str) -> str:
    raise ValueError(path)


def _check_well_formed(mjml: str, mask: Mask) -> None:
    """The last word is an XML parser's: what we overlooked is found here, without entities or includes."""
    parser = expat.ParserCreate()
    try:
        parser.Parse(re.sub(r"<!--.*?-->", lambda match: "\n" * match[0].count("\n"), mjml, flags=re.DOTALL), True)
    except (expat.ExpatError, UnicodeError, ValueError) as error:
        line = None
        if isinstance(error, expat.ExpatError):
            start = [0, *(match.end() for match in re.finditer("\n", mask.masked))]
            line = mask.line(start[min(error.lineno, len(start)) - 1])
        message = _("This is not well-formed MJML: %(detail)s.") % {"detail": str(error).partition(":")[0]}
        raise ContentError(line, message, "mjml") from error


def _inline(html: str, css: str, mask: Mask) -> str:
    """css-inline reads HTML as a browser does, and would move words out of tables: as comments they stay."""
    parts: list[str] = []
    position = 0
    for match in _CONDITIONAL.finditer(html):
        parts += (_words_to_comments(html[position : match.start()], mask), match[0])
        position = match.end()
    parts.append(_words_to_comments(html[position:], mask))
    inliner = css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=css
    )
    try:
        inlined = inliner.inline("".join(parts))
    except (css_inline.InlineError, ValueError) as error:
        raise ContentError(
            None, _("The inline styles can't be read: %(detail)s.") % {"detail": error}, "mjml"
        ) from error
    return re.sub("<!--(" + mask.word.pattern + ")-->", r"\1", inlined)


def _words_to_comments(html: str, mask: Mask) -> str:
    """Words in text, not those inside tags, style sheets or titles."""
    inside = re.compile(
        r"(<style\b.*?</style>|<title\b.*?</title>|<!--.*?-->|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)",
        re.DOTALL | re.IGNORECASE,
    )
    pieces = inside.split(html)
    return "".join(piece if index % 2 else mask.word.sub(r"<!--\g<0>-->", piece) for index, piece in enumerate(pieces))


class _Reader:
    """Reads the masked source once, from left to right; self.out is the same with small repairs."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.text = mask.masked
        self.out: list[str] = []
        self.stack: list[_Open] = []
        self.inline_css: list[str] = []
        self.seen_root = False

    def read(self) -> Checked:
        text, position = self.text, 0
        while position < len(text):
            less = text.find("<", position)
            if less < 0:
                less = len(text)
            if less > position:
                self.characters(position, less)
            if less == len(text):
                break
            position = self.markup(less)
        if self.stack:
            last = self.stack[-1]
            raise self.error(last.offset, _("<%(name)s> is opened here and never closed.") % {"name": last.name})
        if not self.seen_root:
            raise self.error(0, _("A template starts with <mjml> and ends with </mjml>."))
        return Checked("".join(self.out), self.inline_css)

    def error(self, offset: int, message: str, source: str = "mjml") -> ContentError:
        return ContentError(self.mask.line(offset), message, source)

    def markup(self, start: int) -> int:
        """One tag, comment or bare `<` at start; returns where it ends."""
        text = self.text
        if text.startswith("<!--", start):
            return self.comment(start)
        if text.startswith("<?xml", start) and not self.seen_root:
            end = text.find("?>", start)
            if end > 0:
                self.out.append("\n" * text.count("\n", start, end))
                return end + 2
        if text.startswith(("<!", "<?"), start):
            raise self.error(start, _("Document types, CDATA and instructions have no place in a mail."))
        tag = _TAG.match(text, start)
        if tag is None:
            name = _NAME.match(text, start + 1) or _NAME.match(text, start + 2)
            if name is None or (name.start() == start + 2 and text[start + 1] != "/"):
                if not (self.stack and self.stack[-1].html):
                    raise self.error(start, _("A “<” without a tag: write &lt; for the sign itself."))
                self.out.append("&lt;")
                return start + 1
            raise self.error(
                start, _("The tag <%(name)s has no end, or a quote in it is not closed.") % {"name": name[0]}
            )
        if tag[1]:
            self.close(tag)
            return tag.end()
        return self.open(tag)

    def comment(self, start: int) -> int:
        end = self.text.find("-->", start + 4)
        if end < 0:
            raise self.error(start, _("This comment is never closed."))
        if self.stack and (self.stack[-1].html or self.stack[-1].name in _WITH_RAW):
            inside = self.text[start + 4 : end]
            while "--" in inside:  # which XML forbids
                inside = inside.replace("--", "- -")
            self.out.append(f"<!--{inside}{' ' if inside.endswith('-') else ''}-->")
        else:
            self.out.append("\n" * self.text.count("\n", start, end))
        return end + 3

    def characters(self, start: int, end: int) -> None:
        """Text between two tags."""
        text = self.text[start:end]
        top = self.stack[-1] if self.stack else None
        if top is not None and top.html:
            # mrml looks two bytes back from a ">", and breaks if that is the middle of a character
            self.out.append(as_xml(text).replace(">", "&gt;"))
            return
        rest = self.mask.word.sub("", text)
        if rest.strip():
            offset = start + len(text) - len(text.lstrip())
            if top is None:
                raise self.error(offset, _("Text outside <mjml>."))
            message = _("Text can't stand directly in <%(name)s>: put it into <mj-text>.")
            raise self.error(offset, message % {"name": top.name})
        self.out.append(self.mask.word.sub(lambda word: self.structural(word, start + word.start()), text))

    def structural(self, word: re.Match[str], offset: int) -> str:
        """Liquid between elements: a condition or loop around them goes into mj-raw."""
        piece = self.mask.piece(word)
        name = self.stack[-1].name if self.stack else ""
        if piece is not None and piece.code.lstrip("{%- ").startswith(("comment", "#")):
            return ""
        if name not in _WITH_RAW:
            message = _("Liquid can't stand here: it belongs inside <mj-body>, around sections, columns or content.")
            raise self.error(offset, message, "liquid")
        if piece is not None and piece.kind is Kind.OUTPUT:
            message = _("A value can't stand directly in <%(name)s>: put it into <mj-text>.")
            raise self.error(offset, message % {"name": name}, "liquid")
        return f"<mj-raw>{word[0]}</mj-raw>"

    def open(self, tag: re.Match[str]) -> int:
        name, offset = tag[2], tag.start()
        self.check_place(name, offset)
        attributes, closed = self.attributes(tag)
        top = self.stack[-1] if self.stack else None
        if name in ("mj-style", "style"):
            return self.style(tag, attributes, closed, head=top is not None and top.name == "mj-head")
        if closed or name.lower() in _VOID or (name in _EMPTY and self.closes_at_once(tag)):
            self.out.append(f"<{name}{attributes} />")
            if closed or name.lower() in _VOID:
                return tag.end()
            end = _TAG.match(self.text, self.text.index("<", tag.end()))
            assert end is not None
            self.out.append("\n" * self.text.count("\n", tag.end(), end.end()))
            return end.end()
        inside_html = top is not None and top.html
        in_attributes = top is not None and top.name == "mj-attributes"
        self.stack.append(_Open(name, offset, inside_html or (name in _WITH_HTML and not in_attributes)))
        if len(self.stack) > DEPTH_LIMIT:
            raise self.error(offset, _("Elements are nested too deeply here."))
        self.out.append(f"<{name}{attributes}>")
        if name == "mj-table" and not in_attributes:
            until = max(self.text.find("</mj-table", tag.end()), 0)
            if not re.compile(r"<t(head|body|foot)\b", re.IGNORECASE).search(self.text, tag.end(), until):
                self.stack[-1].body = True
                self.out.append("<tbody>")
        return tag.end()

    def closes_at_once(self, tag: re.Match[str]) -> bool:
        return re.compile(r"\s*</" + re.escape(tag[2]) + r"\s*>").match(self.text, tag.end()) is not None

    def check_place(self, name: str, offset: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is None:
            if name != "mjml" or self.seen_root:
                raise self.error(offset, _("A template is one <mjml> element with everything inside it."))
            self.seen_root = True
            return
        if name == "mj-include":
            raise self.error(offset, _("<mj-include> is not available: a template stands for itself."))
        known = name in _KNOWN or name in ("mj-all", "mj-class", "mj-include")
        if name.startswith("mj-") and not known:
            raise self.error(offset, _("There is no element <%(name)s>.") % {"name": name})
        if name.lower() in _REFUSED:
            raise self.error(offset, _("Mail programs remove <%(name)s>: leave it out.") % {"name": name})
        if top.html:
            if name in _KNOWN:
                message = _("<%(name)s> can't stand inside <%(parent)s>.")
                raise self.error(offset, message % {"name": name, "parent": top.name})
            return
        if top.name == "mj-attributes":
            if not known:
                raise self.error(offset, _("There is no element <%(name)s>.") % {"name": name})
            return
        if name not in _CHILDREN.get(top.name, frozenset()):
            if not known:
                message = _("HTML can't stand directly in <%(parent)s>: put <%(name)s> into <mj-text> or <mj-raw>.")
            else:
                message = _("<%(name)s> can't stand inside <%(parent)s>.")
            raise self.error(offset, message % {"name": name, "parent": top.name})

    def attributes(self, tag: re.Match[str]) -> tuple[str, bool]:
        """The attributes, each as name="value", and whether the tag closes itself."""
        raw = tag[3]
        closed = raw.rstrip().endswith("/")
        if closed:
            raw = raw.rstrip()[:-1]
        parts: list[str] = []
        seen: set[str] = set()
        for match in _ATTRIBUTE.finditer(raw):
            name = match[1]
            offset = tag.start(3) + match.start(1)
            if self.mask.word.search(name):
                raise self.error(
                    offset, _("Inside a tag, Liquid can only stand within an attribute's quotes."), "liquid"
                )
            if name.lower() in seen:
                raise self.error(offset, _("The attribute “%(name)s” stands here twice.") % {"name": name})
            seen.add(name.lower())
            if not re.fullmatch(r"[A-Za-z_][\w:.-]*", name):
                raise self.error(offset, _("“%(name)s” is no attribute.") % {"name": name})
            if name.lower().startswith("on"):
                raise self.error(offset, _("Mail programs remove “%(name)s”: leave it out.") % {"name": name})
            value = next((group for group in match.groups()[1:] if group is not None), name)
            if re.match(r"[\s\x00-\x20]*(javascript|vbscript|data:text)", value, re.IGNORECASE):
                raise self.error(offset, _("Mail programs block such an address in “%(name)s”.") % {"name": name})
            if name == "href" and not _is_address(value, self.mask):
                message = _("“%(url)s” is no full address: it starts with https://, mailto:, tel: or #.")
                raise self.error(offset, message % {"url": value[:60]})
            space = raw[match.start() : match.start(1)] or " "
            parts.append(f'{space}{name}="{attribute_value(value)}"')
        return "".join(parts), closed

    def style(self, tag: re.Match[str], attributes: str, closed: bool, *, head: bool) -> int:
        """A style sheet passes untouched; one to be inlined leaves the source."""
        if closed:
            return tag.end()
        end = re.compile(r"</" + tag[2] + r"\s*>", re.IGNORECASE).search(self.text, tag.end())
        if end is None:
            raise self.error(tag.start(), _("<%(name)s> is opened here and never closed.") % {"name": tag[2]})
        css = self.text[tag.end() : end.start()]
        if "<" in css:
            raise self.error(tag.end() + css.index("<"), _("A style sheet can't hold “<”."))
        newlines = "\n" * css.count("\n")
        if head and re.search(r'\binline\s*=\s*"inline"', attributes):
            self.inline_css.append(css)
            self.out.append(newlines)
        else:
            self.out.append(f"<{tag[2]}{attributes}>{self.mask.hide(css)}{newlines}</{tag[2]}>")
        return end.end()

    def close(self, tag: re.Match[str]) -> None:
        name = tag[2]
        if name.lower() in _VOID:
            return
        if not self.stack:
            raise self.error(tag.start(), _("</%(name)s> closes nothing.") % {"name": name})
        top = self.stack.pop()
        if top.name != name:
            if any(opened.name == name for opened in self.stack):
                raise self.error(top.offset, _("<%(name)s> is opened here and never closed.") % {"name": top.name})
            raise self.error(tag.start(), _("</%(name)s> closes nothing.") % {"name": name})
        self.out.append(f"</tbody></{name}>" if top.body else f"</{name}>")


def _is_address(value: str, mask: Mask) -> bool:
    return not value.strip() or mask.word.search(value) is not None or clean_url(unescape(value)) != "#" or value == "#"
