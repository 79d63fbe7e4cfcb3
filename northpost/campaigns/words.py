"""Why the program held a mailing, in words: what is stored is a code and its figures. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from babel.numbers import format_decimal, format_percent
from django.utils.translation import get_language
from django.utils.translation import gettext as _

_WORDS: dict[str, Callable[[], str]] = {
    "breaker_bounces": lambda: _("%(share)s of %(sent)s messages bounced."),
    "breaker_complaints": lambda: _("%(share)s of %(sent)s messages were reported as spam."),
    "canary_bounces": lambda: _(
        "The first %(sent)s messages went out, and %(share)s of them bounced. The others wait: look at the list of"
        " people before you let it go on."
    ),
    "canary_complaints": lambda: _(
        "The first %(sent)s messages went out, and %(share)s of them were reported as spam. The others wait."
    ),
    "canary_put_off": lambda: _(
        "The first messages went out, and the providers keep putting off %(share)s of them. The others wait."
    ),
}


def say_pause(code: str, params: Mapping[str, Any]) -> str:
    """A sentence; blank for no code, or one that is not known here."""
    if code not in _WORDS:
        return ""
    locale = (get_language() or "en").replace("-", "_")
    said = {
        "share": format_percent(float(params.get("share", 0)), format="#,##0.##%", locale=locale),
        "sent": format_decimal(int(params.get("sent", 0)), locale=locale),
    }
    return _WORDS[code]() % said
