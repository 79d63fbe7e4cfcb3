"""Pieces of sentences that several kinds share. Each kind joins them to a clause that goes on after "People who"."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from babel import dates, lists, numbers
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


class Whose(str):
    """A clause that brings its relative pronoun with it ("whose city is Sofia"), where others go on after "who"."""

    __slots__ = ()


def locale() -> str:
    return (get_language() or "en").replace("-", "_")


def sentence(*parts: str) -> str:
    """The parts that aren't blank, a space between each."""
    return " ".join(part for part in parts if part)


def either(names: Iterable[object]) -> str:
    """ "A, B or C"."""
    return str(lists.format_list([str(name) for name in names], style="or", locale=locale()))


def quoted(name: object) -> str:
    return _("“%(name)s”") % {"name": name}


def figure(value: Decimal | int) -> str:
    return str(numbers.format_decimal(value, format="#,##0.####", locale=locale()))


def money(value: Decimal | int, currency: str) -> str:
    return f"{figure(value)}\u00a0{currency}"


def day(value: date) -> str:
    return str(dates.format_date(value, format="d MMMM y", locale=locale()))


def times(count: int) -> str:
    if count == 1:
        return _("once")
    if count == 2:
        return _("twice")
    return ngettext("%(count)s time", "%(count)s times", count) % {"count": figure(count)}


def ago(count: int) -> str:
    return ngettext("more than %(count)s day ago", "more than %(count)s days ago", count) % {"count": figure(count)}


def in_last(count: int) -> str:
    if count == 1:
        return _("in the last day")
    return ngettext("in the last %(count)s day", "in the last %(count)s days", count) % {"count": figure(count)}


def in_next(count: int) -> str:
    if count == 0:
        return _("today")
    return ngettext("in the next %(count)s day", "in the next %(count)s days", count) % {"count": figure(count)}


def no_longer(count: int) -> str:
    return ngettext("for no more than %(count)s day", "for no more than %(count)s days", count) % {
        "count": figure(count)
    }


def longer(count: int) -> str:
    return ngettext("for more than %(count)s day", "for more than %(count)s days", count) % {"count": figure(count)}
