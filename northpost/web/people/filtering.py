"""The filters of the people's page: they live in its address, and are given on to bulk actions and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from northpost.contacts.models import ContactList, ContactRole, Purpose, Tag
from northpost.contacts.queries import ConsentFilter, Filters
from northpost.contacts.queries.finding import SORTS
from northpost.core import clock
from northpost.core.sql import Fragment
from northpost.segments import queries as segments
from northpost.segments.models import Segment, Stage

NAMES = ("q", "list", "tag", "language", "role", "stage", "consent", "purpose", "segment", "sort")


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: ``said`` as it stands there (only what is known), and as filters."""

    said: dict[str, str]
    filters: Filters
    sort: str

    @property
    def query(self) -> str:
        """The same, for another address."""
        return urlencode(self.said)


def read(data: Mapping[str, Any]) -> Wanted:
    """Filters from a query or a form; what makes no sense is left out rather than refused."""
    said = {name: str(data.get(name, "")).strip()[:200] for name in NAMES}
    found_list = _found(ContactList, said["list"])
    tag = _found(Tag, said["tag"])
    purpose = _found(Purpose, said["purpose"]) or (Purpose.objects.order_by("id").values_list("pk", flat=True).first())
    segment = _found(Segment, said["segment"])
    within: list[Fragment] = []
    if said["stage"] in Stage.values:
        within.append(
            Fragment("SELECT contact_id FROM segments_lifecycle WHERE stage = %(f_stage)s", {"f_stage": said["stage"]})
        )
    else:
        said["stage"] = ""
    if segment:
        within.append(segments.ids(segment, now=clock.now()))
    if said["consent"] not in set(ConsentFilter):
        said["consent"] = ""
    if said["role"] not in ContactRole.values:
        said["role"] = ""
    if said["sort"] not in SORTS:
        said["sort"] = ""
    said |= {"list": str(found_list or ""), "tag": str(tag or ""), "segment": str(segment or "")}
    said["purpose"] = said["purpose"] if _found(Purpose, said["purpose"]) else ""
    filters = Filters(
        search=said["q"],
        list_id=found_list,
        tag_id=tag,
        language=said["language"],
        role=said["role"],
        consent=said["consent"],
        purpose_id=purpose,
        within=tuple(within),
    )
    return Wanted({name: value for name, value in said.items() if value}, filters, said["sort"] or "newest")


def _found(model: Any, text: str) -> int | None:
    """The key, where there is such a thing in this workspace."""
    if not text.isdecimal() or len(text) > 18:
        return None
    return int(text) if model.objects.filter(pk=int(text)).exists() else None


def choices(said: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer: name of the filter -> (value, label)."""
    # Which languages people speak would take a look at everybody: so those of the product, and the one asked for.
    spoken = dict.fromkeys([*(code for code, _label in settings.LANGUAGES), *filter(None, [said.get("language")])])
    return {
        "list": [
            (str(pk), name)
            for pk, name in ContactList.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        ],
        "tag": [(str(pk), name) for pk, name in Tag.objects.order_by("name").values_list("pk", "name")],
        "language": [(code, language_name(code)) for code in spoken],
        "stage": [(str(value), str(label)) for value, label in Stage.choices],
        "role": [(str(value), str(label)) for value, label in ContactRole.choices],
        "consent": [
            (ConsentFilter.GRANTED.value, _("agreed")),
            (ConsentFilter.PENDING.value, _("not confirmed yet")),
            (ConsentFilter.WITHDRAWN.value, _("withdrew")),
            (ConsentFilter.NEVER_ASKED.value, _("never asked")),
        ],
        "segment": [
            (str(pk), name)
            for pk, name in Segment.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        ],
        "sort": [
            ("newest", _("newest first")),
            ("oldest", _("oldest first")),
            ("name", _("by last name")),
            ("email", _("by e-mail address")),
        ],
    }


def language_name(code: str) -> str:
    """A language in the language of the page; its code where it has no name there."""
    try:
        spoken = Locale.parse(code, sep="-").get_display_name(get_language() or "en")
    except (UnknownLocaleError, ValueError):
        return code
    return spoken or code
