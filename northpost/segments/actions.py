"""Writing segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.contacts.actions import ErasedPerson
from northpost.core import clock, tenancy
from northpost.segments import catalogue as catalogues
from northpost.segments import queries
from northpost.segments.models import Lifecycle, Segment, SegmentSize
from northpost.segments.rules import RuleError, parse, to_json
from northpost.team.actions import record
from northpost.team.models import User, Workspace

LONGEST_NAME = 160


class SegmentNameRefused(ValueError):
    """Permanent: a segment needs a name, of its own and not too long. The message is for the user."""


class SegmentInUse(Exception):
    """Permanent until what uses it is done; ``uses`` says by what, in the user's words."""

    def __init__(self, uses: list[str]) -> None:
        self.uses = uses
        super().__init__(_("This segment is in use: %(uses)s.") % {"uses": ", ".join(uses)})


# Higher rooms say what still uses a segment (a scheduled mailing): function(segment id) -> names, in plain words.
uses_of_segment: list[Callable[[int], list[str]]] = []


def save_segment(*, name: str, rule: Mapping[str, Any], by: User | None, segment_id: int | None = None) -> Segment:
    """Make a segment, or give an existing one this name and rule; its size of today is noted.

    Raises RuleError, SegmentNameRefused, Segment.DoesNotExist; nothing is written then.
    """
    tree = parse(rule, catalogues.load())
    now = clock.now()
    with transaction.atomic():
        if segment_id is None:
            segment = Segment(created_by_id=by.pk if by else None, created_at=now)
        else:
            segment = Segment.objects.select_for_update().get(pk=segment_id, archived_at=None)
        segment.name = _checked_name(name, segment_id)
        segment.rule = to_json(tree)
        segment.updated_at = now
        segment.save()
        verb = "made" if segment_id is None else "changed"
        record(user=by, verb=verb, noun="segment", noun_id=segment.pk, detail={"name": segment.name})
        note_size(segment, now=now)
    return segment


def rename_segment(*, segment_id: int, name: str, by: User | None) -> Segment:
    """Raises SegmentNameRefused, Segment.DoesNotExist."""
    with transaction.atomic():
        segment = Segment.objects.select_for_update().get(pk=segment_id, archived_at=None)
        before, segment.name, segment.updated_at = segment.name, _checked_name(name, segment_id), clock.now()
        segment.save(update_fields=["name", "updated_at"])
        record(
            user=by, verb="renamed", noun="segment", noun_id=segment.pk, detail={"before": before, "name": segment.name}
        )
    return segment


def archive_segment(*, segment_id: int, by: User | None) -> None:
    """Put a segment away; refused with SegmentInUse while something would still send to it."""
    with transaction.atomic():
        segment = Segment.objects.select_for_update().get(pk=segment_id, archived_at=None)
        uses = [use for ask in uses_of_segment for use in ask(segment_id)]
        if uses:
            raise SegmentInUse(uses)
        segment.archived_at = clock.now()
        segment.save(update_fields=["archived_at"])
        record(user=by, verb="archived", noun="segment", noun_id=segment.pk, detail={"name": segment.name})


def bring_back_segment(*, segment_id: int, by: User | None) -> Segment:
    """Undo archive_segment. Raises SegmentNameRefused where its name has been taken meanwhile."""
    with transaction.atomic():
        segment = Segment.objects.select_for_update().exclude(archived_at=None).get(pk=segment_id)
        _checked_name(segment.name, segment_id)
        segment.archived_at = None
        segment.save(update_fields=["archived_at"])
        record(user=by, verb="brought back", noun="segment", noun_id=segment.pk, detail={"name": segment.name})
    return segment


def note_size(segment: Segment, *, now: datetime) -> int:
    """Count the segment and keep the figure as the size of the day (in the workspace's zone)."""
    size = queries.count(segment.rule, now=now)
    zone = ZoneInfo(Workspace.objects.get(pk=tenancy.require_workspace()).time_zone)
    SegmentSize.objects.update_or_create(segment=segment, day=now.astimezone(zone).date(), defaults={"size": size})
    return size


def note_sizes(*, now: datetime) -> int:
    """The size of the day for every segment; one whose rule no longer holds is left out. Returns how many."""
    noted = 0
    for segment in Segment.objects.filter(archived_at=None).order_by("pk"):
        try:
            note_size(segment, now=now)
        except RuleError:
            continue
        noted += 1
    return noted


def _checked_name(name: str, segment_id: int | None) -> str:
    wish = " ".join(name.split())
    if not wish or "\x00" in wish:
        raise SegmentNameRefused(_("Give the segment a name."))
    if len(wish) > LONGEST_NAME:
        raise SegmentNameRefused(_("That name is too long; at most %(most)s characters.") % {"most": LONGEST_NAME})
    others = Segment.objects.filter(name__iexact=wish, archived_at=None)
    if segment_id is not None:
        others = others.exclude(pk=segment_id)
    if others.exists():
        raise SegmentNameRefused(_("There is a segment of this name already; choose another."))
    return wish


def forget_person(person: ErasedPerson) -> None:
    """The erased stand in no stage any more. Their moves stay, of nobody, so that counts of the past stay true."""
    Lifecycle.objects.filter(contact_id=person.contact_id).delete()
