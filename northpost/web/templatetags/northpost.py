"""What templates say: icons by noun, figures and money in the reader's language, moments in the workspace's zone.

The zone is Django's current one (``timezone.activate`` is called for a request's workspace), the language likewise.
"""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import dates, numbers
from django import template
from django.conf import settings
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _
from django_vite.core.asset_loader import DjangoViteAssetLoader

from northpost.core import clock

register = template.Library()

Number = int | float | Decimal

NO_VALUE = "–"
THIN = "\u202f"  # narrow no-break space: between a figure and its unit
HARD = "\u00a0"  # no-break space


def _locale() -> str:
    return (get_language() or "en").replace("-", "_")


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


# --- assets ---


def _build_folder() -> Path:
    return Path(str(settings.DJANGO_VITE["default"]["manifest_path"])).parent


@lru_cache(maxsize=4)
def _manifest(path: Path, _changed: float) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return found


def _built(entry: str) -> str | None:
    """The address of a built file by its manifest key, or None where the front end has not been built."""
    path = _build_folder() / "manifest.json"
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return None
    return static(f"build/{_manifest(path, changed)[entry]['file']}")


@register.simple_tag
def icon_sprite() -> str:
    """The address of the file that holds all icons; scripts read it from the page's head."""
    return _built("frontend/icons.svg") or ""


@register.simple_tag
def front_end() -> SafeString:
    """Script and style of the pages. Without a build, a line that says how to make one, rather than a bare page."""
    if _built("frontend/main.ts") is None:
        said = _("The pages' style and scripts have not been built yet: run “make” once, then load this page again.")
        return format_html('<meta name="not-built" content="{}">', said)
    tags: str = DjangoViteAssetLoader.instance().generate_vite_asset("frontend/main.ts")
    return mark_safe(tags)  # noqa: S308 - made by django-vite from our own manifest


@register.simple_tag
def icon(noun: str, label: str = "", css: str = "") -> SafeString:
    """The icon of one noun of the product (frontend/icons.ts). Silent beside a word; with `label`, it speaks."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon {}" {}><use href="{}#{}"></use></svg>', css, spoken, icon_sprite(), noun)


# --- figures ---


def say_number(value: object, decimals: int | None = None) -> str:
    """8214 -> "8,214" (en), "8 214" (ru). Decimals as they are, at most 2, or exactly `decimals`."""
    number = _decimal(value)
    if number is None:
        return NO_VALUE
    fraction = "0" * decimals if decimals is not None else "##"
    pattern = f"#,##0.{fraction}" if fraction else "#,##0"
    return str(numbers.format_decimal(number, format=pattern, locale=_locale()))


def say_short(value: object) -> str:
    """5432 -> "5.4 k", 1250000 -> "1.3 M": three figures are enough to compare. Below 1,000 as it is."""
    number = _decimal(value)
    if number is None:
        return NO_VALUE
    for step, unit in (
        (Decimal(10**9), pgettext("thousand millions, short", "bn")),
        (Decimal(10**6), pgettext("millions, short", "M")),
        (Decimal(10**3), pgettext("thousands, short", "k")),
    ):
        part = number / step
        # From half a step below it, 999,500 is "1 M" and not "1,000 k".
        if abs(number) >= 1000 and abs(part) >= Decimal("0.9995"):
            places = Decimal(1) if abs(part) >= Decimal("99.95") else Decimal("0.1")
            return f"{say_number(part.quantize(places, ROUND_HALF_UP))}{HARD}{unit}"
    return say_number(number.quantize(Decimal("0.1"), ROUND_HALF_UP))


def say_percent(share: object, decimals: int = 1) -> str:
    """0.3141 -> "31.4%" (en), "31,4 %" (ru)."""
    number = _decimal(share)
    if number is None:
        return NO_VALUE
    places = "#" * decimals
    pattern = numbers.parse_pattern(f"#,##0.{places}%" if places else "#,##0%")
    text = str(pattern.apply(number, _locale()))
    return text if _locale() == "en" else text.replace("%", f"{HARD}%")


def say_money(amount: object, currency: str, decimals: int | None = None) -> str:
    """11320 EUR -> "11,320.00 EUR": the currency's own decimals, or `decimals`."""
    number = _decimal(amount)
    if number is None:
        return NO_VALUE
    places = numbers.get_currency_precision(currency) if decimals is None else decimals
    return f"{say_number(number, places)}{HARD}{currency}"


@register.filter
def number(value: object, decimals: int | None = None) -> str:
    return say_number(value, decimals)


@register.filter
def short(value: object) -> str:
    return say_short(value)


@register.filter
def percent(share: object, decimals: int = 1) -> str:
    return say_percent(share, decimals)


@register.filter
def money(amount: object, currency: str) -> str:
    """To the cent: what one order costs."""
    return say_money(amount, currency)


@register.filter
def money_whole(amount: object, currency: str) -> str:
    """Without cents: what a mailing brought."""
    return say_money(amount, currency, 0)


@register.filter
def money_short(amount: object, currency: str) -> str:
    """ "5.4 k EUR": a headline's figure."""
    return f"{say_short(amount)}{HARD}{currency}" if _decimal(amount) is not None else NO_VALUE


# --- moments ---


def _local(moment: datetime) -> datetime:
    return moment.astimezone(timezone.get_current_timezone()) if timezone.is_aware(moment) else moment


def say_day(day: date | datetime, form: str = "medium") -> str:
    """A date, in the reader's language and the workspace's zone."""
    local = _local(day) if isinstance(day, datetime) else day
    pattern = {"short": "d MMM", "medium": "d MMM y", "long": "d MMMM y"}[form]
    return str(dates.format_date(local, format=pattern, locale=_locale()))


def say_when(moment: datetime) -> str:
    local = _local(moment)
    return f"{say_day(local)}, {local:%H:%M}"


def say_ago(moment: datetime) -> str:
    """ "3 minutes ago" within a week, "in 2 hours" for what comes; else the day."""
    gap = moment - clock.now()
    if abs(gap) >= timedelta(days=7):
        return say_day(moment)
    return str(dates.format_timedelta(gap, granularity="second", add_direction=True, locale=_locale()))


def _time_tag(moment: date | datetime, text: str) -> SafeString:
    title = say_when(moment) if isinstance(moment, datetime) else say_day(moment, "long")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), title, text)


@register.filter
def when(moment: datetime | None) -> str:
    """Day and time of day."""
    return _time_tag(moment, say_when(moment)) if moment else NO_VALUE


@register.filter
def day(moment: date | datetime | None, form: str = "medium") -> str:
    return _time_tag(moment, say_day(moment, form)) if moment else NO_VALUE


@register.filter
def ago(moment: datetime | None) -> str:
    return _time_tag(moment, say_ago(moment)) if moment else NO_VALUE


@register.filter
def lasts(duration: timedelta | float | None) -> str:
    """A length of time (or seconds) in words: "4 minutes"."""
    if duration is None:
        return NO_VALUE
    span = duration if isinstance(duration, timedelta) else timedelta(seconds=duration)
    return str(dates.format_timedelta(span, threshold=1.2, locale=_locale()))


# --- navigation ---


@register.filter
def nav_groups(nav: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The rail's entries in their groups, in the order in which the groups come first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in nav or ():
        groups.setdefault(str(entry["group_label"]), []).append(entry)
    return list(groups.items())


@register.simple_tag
def current(key: object, here: object, word: str = "page") -> SafeString:
    """`aria-current` for the entry that is shown: <a {% current tab.key here %}>."""
    return format_html('aria-current="{}"', word) if key == here else mark_safe("")


@register.simple_tag(takes_context=True)
def window_title(context: template.Context) -> str:
    """The words of the page's `title` block, without its marks, then the product: said once in a page, shown twice."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block("title") if blocks else None
    words = " ".join(html.unescape(strip_tags(block.render(context))).split()) if block else ""
    return f"{words} · Northpost" if words else "Northpost"


# --- charts ---

ROW_LABELS = {
    "line": gettext_lazy("Time"),
    "days": gettext_lazy("Time"),
    "bars": gettext_lazy("Name"),
    "funnel": gettext_lazy("Stage"),
    "heat": gettext_lazy("Group"),
    "whisker": gettext_lazy("Name"),
}


@register.inclusion_tag("web/parts/chart.html")
def chart(spec: Mapping[str, Any], caption: str = "") -> dict[str, Any]:
    """A figure drawn by frontend/islands/charts.ts, with its table from the same data. Shapes: parts/README.md."""
    if spec["kind"] in ("line", "days"):
        spec = {**spec, "x": [_chart_time(label) for label in spec["x"]]}
    columns, rows = chart_table(spec)
    return {
        "json": json.dumps(spec, default=_plain, ensure_ascii=False, separators=(",", ":")),
        "caption": caption,
        "columns": columns,
        "rows": rows,
        "summary": ngettext("As a table, %(n)s row", "As a table, %(n)s rows", len(rows))
        % {"n": say_number(len(rows))},
    }


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def chart_table(spec: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table that says what a chart shows."""
    kind: str = spec["kind"]
    unit: str = spec.get("unit", "")
    first = str(ROW_LABELS[kind])

    def say(value: object) -> str:
        if unit == "%":
            return say_percent(value)
        return f"{say_number(value)}{HARD}{unit}" if unit and value is not None else say_number(value)

    if kind in ("line", "days"):
        series = [*spec["series"], *([spec["target"]] if spec.get("target") else [])]
        band = spec.get("band")
        columns = [first, *(str(one["name"]) for one in series)]
        if band:
            columns += [_("%(name)s, lowest") % band, _("%(name)s, highest") % band]
        rows = []
        for at, label in enumerate(spec["x"]):
            cells: Iterable[object] = [one["values"][at] for one in series]
            if band:
                cells = [*cells, band["low"][at], band["high"][at]]
            rows.append([_chart_day(_chart_time(label)), *(say(cell) for cell in cells)])
        return columns, rows
    if kind == "heat":
        rows = [
            [str(name), *(say(cell) for cell in cells)]
            for name, cells in zip(spec["rows"], spec["values"], strict=True)
        ]
        return [first, *map(str, spec["columns"])], rows
    if kind == "whisker":
        columns = [first, _("Value"), _("Lowest"), _("Highest")]
        return columns, [
            [str(one["label"]), say(one["value"]), say(one.get("low")), say(one.get("high"))] for one in spec["items"]
        ]
    return [first, _("Value")], [
        [str(one["label"]), str(one.get("note") or say(one["value"]))] for one in spec["items"]
    ]


def _chart_time(label: object) -> str:
    """A day as it is; a moment as the workspace's clock shows it, without a zone: the drawing knows of none."""
    moment = label if isinstance(label, datetime) else None
    if moment is None and "T" in str(label):
        moment = datetime.fromisoformat(str(label))
    if moment is not None:
        return f"{_local(moment):%Y-%m-%dT%H:%M}"
    return label.isoformat() if isinstance(label, date) else str(label)


def _chart_day(label: str) -> str:
    try:
        moment = datetime.fromisoformat(label)
    except ValueError:
        return label
    return f"{say_day(moment)}, {moment:%H:%M}" if "T" in label else say_day(moment.date())
