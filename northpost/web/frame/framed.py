"""A mail's own HTML inside our pages: in a frame without scripts, on an origin that is nobody's."""

from __future__ import annotations

import re

from django.http import HttpResponse

# No script, no form, no style sheet or font from elsewhere; links open beside us, in a tab that is free of the sandbox.
POLICY = "; ".join(
    [
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "img-src http: https: data:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
DARK = "dark"

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_PREFERS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light|no-preference)\s*\)", re.IGNORECASE)
_HAS_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_TRUE, _FALSE = "(min-width: 0)", "(max-width: 0)"


def has_dark_colours(html: str) -> bool:
    """Whether the mail brings colours of its own for readers who like it dark."""
    return _HAS_DARK.search(html) is not None


def framed_mail(html: str, *, theme: str = "") -> HttpResponse:
    """The answer for a frame. ``theme``: "light" or "dark", whatever the reader's own device prefers; else as it is."""
    if theme:
        html = _as_if(html, dark=theme == DARK)
    response = HttpResponse(_opening_links_beside(html))
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def framed_words(sentence: str) -> HttpResponse:
    """A sentence in a frame's place, where there is no mail to show. ``sentence`` is HTML."""
    style = "font: 15px/1.5 sans-serif; margin: 24px; color-scheme: light dark"
    return framed_mail(f'<!doctype html><title></title><body style="{style}"><p>{sentence}</p></body>')


def _as_if(html: str, *, dark: bool) -> str:
    """Rules for one preference become rules for always or never, so that the picture is the same on every device."""
    holds = {"dark": _TRUE if dark else _FALSE, "light": _FALSE if dark else _TRUE, "no-preference": _FALSE}
    scheme = "dark" if dark and has_dark_colours(html) else "light"
    html = _PREFERS.sub(lambda match: holds[match[1].lower()], html)
    return _into_head(html, f"<style>:root {{ color-scheme: {scheme} !important; }}</style>")


def _opening_links_beside(html: str) -> str:
    return _into_head(html, '<base target="_blank">')


def _into_head(html: str, what: str) -> str:
    head = _HEAD.search(html)
    if head is None:
        return what + html if not html.lstrip().lower().startswith("<!doctype") else _after_doctype(html, what)
    return html[: head.end()] + what + html[head.end() :]


def _after_doctype(html: str, what: str) -> str:
    end = html.find(">") + 1
    return html[:end] + what + html[end:]
