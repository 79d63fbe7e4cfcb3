"""The plain-text part, made from the HTML: paragraphs, lists, tables and links as one writes them by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from northpost.content.masking import Kind, Mask

_PARAGRAPHS = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "section",
        "article",
        "center",
        "address",
        "table",
        "ul",
        "ol",
        "pre",
    ]
)
_LINES = frozenset(["li", "tr"])
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_SKIPPED = frozenset(["style", "title", "head"])
_BETWEEN = frozenset(["table", "tbody", "thead", "tfoot", "tr", "ul", "ol"])
_CONDITIONAL = re.compile(r"<!--\[if(?! !mso).*?<!\[endif\]-->", re.DOTALL)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060\ufeff]")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


def text_from_html(html: str, mask: Mask, addresses: Mapping[str, str]) -> str:
    """Text of a masked HTML document, still masked.

    addresses: what stands in an href -> what stands for it in text. Hidden elements and Outlook's own
    markup are left out; Liquid that controls the flow stays where it was.
    """
    body = html[html.find("<body") :]
    body = _CONDITIONAL.sub(lambda match: _liquid_only(match[0], mask), body)
    writer = _Writer(mask, addresses)
    writer.feed(body)
    writer.close()
    return "".join(writer.out).strip()


def tidy(text: str) -> str:
    """Rendered text without the gaps that left-out branches leave behind."""
    return tidy_lines(text).strip() + "\n"


def tidy_lines(text: str) -> str:
    """tidy() without a look at the text's ends: no blanks before a line end, no more than one empty line."""
    # Runs often: look before the regular expressions do, which is ten times as fast.
    if "\n" not in text:
        return text
    if " \n" in text or "\t\n" in text:
        text = re.sub(r"[ \t]+\n", "\n", text)
    if "\n\n\n" in text:
        text = re.sub(r"\n{3,}", "\n\n", text)
    return text


def _liquid_only(comment: str, mask: Mask) -> str:
    return "".join(match[0] for match in mask.word.finditer(re.sub(r"<[^>]*>", "", comment)))


class _Writer(HTMLParser):
    def __init__(self, mask: Mask, addresses: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.mask = mask
        self.addresses = addresses
        self.out: list[str] = []
        self.breaks = 0  # line ends owed before the next text
        self.space = False  # a space owed before the next text
        self.stack: list[tuple[str, bool]] = []  # (element, hidden)
        self.layout: list[bool] = []  # for each open table: is it there for the looks only
        self.link: tuple[str, int] | None = None  # (address, where in out its label begins)

    @property
    def hidden(self) -> bool:
        return bool(self.stack) and self.stack[-1][1]

    @property
    def in_layout(self) -> bool:
        return bool(self.layout) and self.layout[-1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            self.void(tag, attributes)
            return
        hidden = self.hidden or tag in _SKIPPED or bool(_HIDDEN.search(attributes.get("style", "")))
        self.stack.append((tag, hidden))
        if tag == "table":
            self.layout.append(attributes.get("role") == "presentation")
        if hidden:
            return
        self.block(tag)
        if tag in ("td", "th") and not self.in_layout and not self.breaks and self.out:
            self.write("  ")
        if tag == "li":
            self.write("- ")
        elif tag == "a":
            self.flush()
            self.link = (attributes.get("href", ""), len(self.out))

    def handle_endtag(self, tag: str) -> None:
        if tag not in (name for name, _hidden in self.stack):
            return
        while self.stack:
            name, hidden = self.stack.pop()
            if name == "table" and self.layout:
                self.layout.pop()
            if not hidden:
                if name == "a":
                    self.end_link()
                self.block(name)
            if name == tag:
                break

    def block(self, tag: str) -> None:
        if tag in ("td", "th"):
            if self.in_layout:
                self.owe(2)
        elif tag in _PARAGRAPHS:
            self.owe(2)
        elif tag in _LINES:
            self.owe(2 if tag == "tr" and self.in_layout else 1)

    def void(self, tag: str, attributes: dict[str, str]) -> None:
        if self.hidden:
            return
        if tag == "br":
            self.breaks += 1
            self.space = False
        elif tag == "hr":
            self.owe(2)
        elif tag == "img" and attributes.get("alt", "").strip():
            self.handle_data(attributes["alt"])

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        data = _INVISIBLE.sub("", data).replace("\u00a0", " ")
        position = 0
        for match in self.mask.word.finditer(data):
            self.words(data[position : match.start()])
            self.liquid(match)
            position = match.end()
        self.words(data[position:])

    def words(self, data: str) -> None:
        if not data:
            return
        text = " ".join(data.split())
        if data[0].isspace() or not text:
            self.space = True
        if text:
            self.write(text)
            self.space = data[-1].isspace()

    def liquid(self, match: re.Match[str]) -> None:
        piece = self.mask.piece(match)
        control = piece is not None and piece.kind is Kind.CONTROL
        # Around a row or list item the line end goes with the row, so that a loop brings it each time.
        if not (control and self.breaks == 1 and self.stack and self.stack[-1][0] in _BETWEEN):
            self.flush()
        self.out.append(match[0])

    def owe(self, lines: int) -> None:
        self.breaks = max(self.breaks, lines)
        self.space = False

    def flush(self) -> None:
        if self.breaks and self.out:
            self.out.append("\n" * min(self.breaks, 2))
        elif self.space and self.out:
            self.out.append(" ")
        self.breaks, self.space = 0, False

    def write(self, text: str) -> None:
        self.flush()
        self.out.append(text)

    def end_link(self) -> None:
        if self.link is None:
            return
        href, start = self.link
        self.link = None
        address = self.addresses.get(href)
        if address is None:
            return
        label = "".join(self.out[start:]).strip()
        if not label:
            self.write(address)
        elif not re.search(r"(%}|:)" + re.escape(self.mask.unmask(label)) + r"/?{%", self.mask.unmask(address)):
            # RFC 3986, appendix C: angle brackets keep the address apart from what follows
            self.out.append(f" <{address}>")
        else:
            del self.out[start:]
            self.out.append(address)
