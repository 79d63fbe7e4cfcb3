"""A mail's source, compiled once, rendered per person.

What stands in a context (plain data: dict, list, str, number, bool, date; missing values and empty text
render as nothing, and {% if %} takes both for false):

    contact          {email, first_name, last_name, language ..., and the workspace's own fields by their keys}
    company          {name, address, site, logo_url (may be missing)}
    campaign         {name}
    unsubscribe_url, preferences_url, web_version_url
    products         optional list of {name, url, price, currency, image_url, description}
    order            optional {number, date, total, currency, lines: [{name, quantity, price}]}

Rooms above add to it; nothing here depends on a name but the three addresses, which are never tracked.
Filters: Liquid's standard ones, `money` ({{ price | money: "EUR" }}) and `date` ({{ day | date: "long" }})
in the mail's language. Dates are shown as given: bring them into the person's time zone first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from django.utils.translation import gettext as _

from northpost.content import mjml as mjml_source
from northpost.content.errors import ContentError
from northpost.content.links import Link, is_tracked
from northpost.content.liquid import LinkUrl, LiquidText, plain_data
from northpost.content.masking import Mask, find_liquid
from northpost.content.text import text_from_html, tidy

__all__ = ["CompiledMail", "ContentError", "Link", "RenderedMail", "compile_mail"]

SUBJECT_LIMIT = 250  # characters
TEXT_LIMIT = 200_000
LINK_LIMIT = 500
# Fills the preview line in inboxes, so that it doesn't go on with the first words of the mail.
_FILLER = "&#847;&zwnj;&nbsp;" * 40
_HIDDEN = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;overflow:hidden;mso-hide:all"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_IN_ONE_LINE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ANCHOR = re.compile(r"""<(a|area)\b((?:[^<>"']|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
_HREF = re.compile(r'(\shref=)"([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One person's mail. subject and preheader are one line each; text ends with a line end."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class CompiledMail:
    """A mail ready to render. Picklable.

    variables: paths its Liquid asks for, such as contact.first_name; size: bytes of the HTML as compiled.
    """

    subject: LiquidText
    preheader: LiquidText
    html: LiquidText
    text: LiquidText
    links: tuple[Link, ...]
    variables: frozenset[str]
    size: int
    language: str

    def render(
        self,
        context: Mapping[str, object],
        *,
        link_url: LinkUrl | None,
        pixel_url: str | None,
        trap_url: str | None = None,
    ) -> RenderedMail:
        """The mail for one person.

        link_url(link, resolved_url) gives the address to put in a tracked link's place; None leaves them as
        they are. pixel_url, and the link to trap_url that no person sees, are put at the end of the HTML. Raises
        ContentError if the Liquid fails on this person's data, TypeError if the context holds anything but plain data.
        """
        data = plain_data(context)
        return RenderedMail(
            subject=one_line(self.subject.render(data)),
            preheader=one_line(self.preheader.render(data)),
            html=self.html.render(data, link_url=link_url, pixel_url=pixel_url, trap_url=trap_url),
            text=tidy(self.text.render(data, link_url=link_url)),
        )

    def parts_without_unsubscribe(self) -> tuple[str, ...]:
        """Of 'html' and 'text', those that never show {{ unsubscribe_url }}: such a mail must not go out."""
        parts = {"html": self.html, "text": self.text}
        return tuple(name for name, part in parts.items() if "unsubscribe_url" not in part.variables())

    def missing_variables(self, context: Mapping[str, object]) -> set[str]:
        """Paths that this person's mail would show and that are empty.

        What has a default, or stands in a branch not taken, is not missing.
        """
        data = plain_data(context)
        missing: set[str] = set()
        for part in (self.subject, self.preheader, self.html, self.text):
            part.render(data, missing=missing)
        return missing


def compile_mail(*, mjml: str, subject: str, preheader: str, text: str | None, language: str) -> CompiledMail:
    """Compile once what renders many times.

    text None: the plain-text part is made from the HTML. language: of the mail (en, bg, ru ...), for dates,
    money and the document. Raises ContentError with the line of what is wrong.
    """
    mjml = _checked(mjml, "mjml", mjml_source.SOURCE_LIMIT)
    mask = Mask(mjml, find_liquid(mjml, origin="mjml"))
    whole = _parse_whole(mask, language)
    subject_text = _line_template(subject, "subject", language)
    preheader_text = _line_template(preheader, "preheader", language)

    masked = mjml_source.to_html(mask)
    masked, links, addresses = _take_links(masked, mask)
    plain_lines: tuple[tuple[int, int], ...] | None
    if text is None or not text.strip():
        plain, plain_lines = mask.unmask(text_from_html(masked, mask, addresses)), ()  # nobody's own lines
    else:
        plain, plain_lines = _own_text(text, links), None
    masked = _dress(masked, subject=subject_text.text, preheader=preheader_text.text, language=language)
    html, lines = mask.unmask_with_lines(masked)

    all_links = tuple(links)
    html_text = LiquidText(
        html,
        language=language,
        html=True,
        internal=True,
        origin="liquid",
        links=all_links,
        source_lines=lines,
    )
    plain_text = LiquidText(
        plain, language=language, internal=True, origin="text", links=all_links, source_lines=plain_lines
    )
    return CompiledMail(
        subject=subject_text,
        preheader=preheader_text,
        html=html_text,
        text=plain_text,
        links=all_links,
        variables=whole.variables() | subject_text.variables() | preheader_text.variables() | plain_text.variables(),
        size=len(html.encode()),
        language=language,
    )


def _checked(source: str, origin: str, limit: int) -> str:
    if len(source) > limit:
        message = _("This is too long: %(length)d characters, %(limit)d are possible.")
        raise ContentError(None, message % {"length": len(source), "limit": limit}, origin)
    source = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(source)
    if bad:
        line = source.count("\n", 0, bad.start()) + 1
        raise ContentError(line, _("There is a character here that can't be shown in a mail."), origin)
    return source


def _parse_whole(mask: Mask, language: str) -> LiquidText:
    """All the Liquid as it stands in the source, so that its errors name the line written there."""
    return LiquidText(mask.unmask(mask.masked), language=language, html=True, origin="liquid")


def _line_template(source: str, origin: str, language: str) -> LiquidText:
    if re.search(r"[\r\n\0]", source):
        message = _("The subject must be one line.") if origin == "subject" else _("The preview line must be one line.")
        raise ContentError(None, message, origin)
    source = _checked(source, origin, SUBJECT_LIMIT)
    find_liquid(source, origin=origin)
    return LiquidText(source, language=language, origin=origin)


def one_line(text: str) -> str:
    """As a header or the preview line has it."""
    return _IN_ONE_LINE.sub(" ", text).strip()


def _take_links(masked: str, mask: Mask) -> tuple[str, list[Link], dict[str, str]]:
    """Each href becomes a word that stands for {% nplink %}. Returns what stands for it in plain text too."""
    links: list[Link] = []
    addresses: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        href = _HREF.search(match[2])
        if href is None or not href[2].strip():
            return match[0]
        url = mask.unmask(unescape(href[2]))
        number = 9999  # no such link: resolved and cleaned, but not tracked
        if is_tracked(url):
            if len(links) == LINK_LIMIT:
                raise ContentError(None, _("There are more than %(limit)d links.") % {"limit": LINK_LIMIT}, "mjml")
            number = len(links)
            links.append(Link(number, url, _label(masked, match.end(), mask)))
        word = mask.hide(_link_tag(number, href[2]))
        addresses[word] = mask.hide(_link_tag(number, unescape(href[2])))
        return f"<{match[1]}{match[2][: href.start(2)]}{word}{match[2][href.end(2) :]}>"

    return _ANCHOR.sub(take, masked), links, addresses


def _link_tag(number: int, url: str) -> str:
    return f"{{% nplink {number} %}}{url}{{% endnplink %}}"


def _label(masked: str, start: int, mask: Mask) -> str:
    end = masked.find("</a", start)
    inside = masked[start : end if 0 <= end < start + 5_000 else start]
    image = re.search(r'\balt="([^"]*)"', inside)
    words = re.sub(r"<!--.*?-->|<[^>]*>", " ", inside, flags=re.DOTALL)
    label = " ".join(mask.unmask(unescape(words)).split())
    if not label and image:
        label = " ".join(mask.unmask(unescape(image[1])).split())
    return label[:200]


def _own_text(text: str, links: list[Link]) -> str:
    """A text written by hand: its web addresses are links too, those of the HTML where they are equal."""
    text = _checked(text, "text", TEXT_LIMIT)
    mask = Mask(text, find_liquid(text, origin="text"))
    LiquidText(text, language="en", origin="text")  # the compiler's own tags are not for users
    known = {link.url: link for link in links}

    def take(match: re.Match[str]) -> str:
        address = match[0].rstrip(".,;:!?")
        url = mask.unmask(address)
        link = known.get(url)
        if link is None:
            if not url.startswith("http") or not is_tracked(url) or len(links) == LINK_LIMIT:
                return match[0]
            link = known[url] = Link(len(links), url, "")
            links.append(link)
        return mask.hide(_link_tag(link.position, address)) + match[0][len(address) :]

    address = re.compile(r"(?:https?://|" + mask.word.pattern.replace("(", "(?:") + r")[^\s<>\"'\])]*")
    return mask.unmask(address.sub(take, mask.masked))


def _dress(masked: str, *, subject: str, preheader: str, language: str) -> str:
    """Language, title, preview line and the place of the pixel."""
    masked = masked.replace(' lang="und"', f' lang="{escape(language)}"')
    title = _escape_around_liquid(subject)
    masked = masked.replace("<title></title>", f"<title>{title}</title>", 1)
    if preheader.strip():
        hidden = f'<div style="{_HIDDEN}">{_escape_around_liquid(preheader)}{_FILLER}</div>'
        masked = re.sub(r"<body\b[^>]*>", lambda match: match[0] + hidden, masked, count=1)
    head, body, rest = masked.rpartition("</body>")
    return f"{head}{{% nppixel %}}{body}{rest}" if body else f"{masked}{{% nppixel %}}"


def _escape_around_liquid(source: str) -> str:
    parts: list[str] = []
    position = 0
    for piece in find_liquid(source, origin="subject"):
        parts += (escape(source[position : piece.start]), source[piece.start : piece.end])
        position = piece.end
    parts.append(escape(source[position:]))
    return "".join(parts)
