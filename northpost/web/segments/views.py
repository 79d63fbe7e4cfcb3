"""The list of segments, and one segment's page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.core import clock
from northpost.segments import actions, queries
from northpost.segments import catalogue as catalogues
from northpost.segments.actions import SegmentInUse, SegmentNameRefused
from northpost.segments.catalogue import Catalogue
from northpost.segments.models import Segment
from northpost.segments.presets import presets
from northpost.segments.rules import RuleError, parse
from northpost.segments.words import explain
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.people.tabs import show

SAMPLE = 12


@needs(Ability.SEE)
def segments(request: StaffRequest) -> HttpResponseBase:
    """Each with its sentence, size, and how that changed within a month. ?q= filters by name, ?show=archived."""
    search = request.GET.get("q", "").strip().replace("\x00", "")
    archived = request.GET.get("show") == "archived"
    found = Segment.objects.filter(archived_at__isnull=not archived).order_by("name")
    if search:
        found = found.filter(name__icontains=search)
    known = catalogues.load()
    sizes = queries.latest_sizes()
    rows = [
        {"segment": segment, "sentence": _sentence(segment, known), **_size(sizes.get(segment.pk, []))}
        for segment in found
    ]
    context = {
        "rows": rows,
        "q": search,
        "archived": archived,
        "filtered": bool(search or archived),
        "any_archived": Segment.objects.exclude(archived_at=None).exists(),
        "presets": presets(known) if may(request.membership.role, Ability.EDIT) else [],
    }
    return show(request, "web/segments/segments.html", here="segments", context=context)


def _sentence(segment: Segment, known: Catalogue) -> str:
    try:
        return explain(segment.rule, known)
    except RuleError:
        return ""


def _size(sizes: list[int]) -> dict[str, Any]:
    size = sizes[0] if sizes else None
    change = sizes[0] - sizes[1] if len(sizes) > 1 else None
    return {"size": size, "change": change, "fell": None if change is None else -change}


@needs(Ability.SEE)
def segment(request: StaffRequest, pk: int) -> HttpResponseBase:
    found = Segment.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    now = clock.now()
    known = catalogues.load()
    context: dict[str, Any] = {
        "segment": found,
        "others": Segment.objects.filter(archived_at=None).exclude(pk=pk).order_by("name"),
        "write_url": _optional(request, "mailing_create"),
        "people_url": _optional(request, "people"),
        "export_url": _optional(request, "people_export") if may(request.membership.role, Ability.EXPORT) else None,
        "person_known": _optional(request, "person", 0) is not None,
        "currency": known.currency,
    }
    try:
        tree = parse(found.rule, known)
    except RuleError as error:
        context["broken"] = list(dict.fromkeys(problem.message for problem in error.problems))
        return render(request, "web/segments/segment.html", context)
    sizes = queries.sizes(found)
    theirs, everyones = queries.figures(tree, now=now), queries.figures(None, now=now)
    context |= {
        "sentence": explain(tree, known),
        "size": theirs.people,
        "share": theirs.people / everyones.people if everyones.people else None,
        "sample": queries.sample(tree, SAMPLE, now=now, catalogue=known),
        "theirs": theirs,
        "everyones": everyones,
        "over_time": _over_time(sizes) if len(sizes) > 1 else None,
        **_overlap(request, found),
    }
    return render(request, "web/segments/segment.html", context)


def _over_time(sizes: list[tuple[Any, int]]) -> dict[str, Any]:
    return {
        "kind": "line",
        "x": [day for day, _size in sizes],
        "series": [{"name": _("People"), "values": [size for _day, size in sizes], "role": "actual"}],
    }


def _overlap(request: StaffRequest, found: Segment) -> dict[str, Any]:
    """?with=<segment>: how many are in both."""
    wish = request.GET.get("with", "")
    other = (
        Segment.objects.filter(pk=int(wish), archived_at=None).first() if wish.isdigit() and len(wish) < 19 else None
    )
    if other is None:
        return {"other": None}
    try:
        overlap = queries.overlap(found.rule, other.rule, now=clock.now())
    except RuleError:
        return {"other": other, "overlap": None}
    return {
        "other": other,
        "overlap": overlap,
        "of_this": overlap.both / overlap.first if overlap.first else None,
        "of_other": overlap.both / overlap.second if overlap.second else None,
    }


def _optional(request: StaffRequest, name: str, *args: Any) -> str | None:
    try:
        return address(request, name, *args)
    except NoReverseMatch:
        return None


@require_POST
@needs(Ability.EDIT)
def rename(request: StaffRequest, pk: int) -> HttpResponseBase:
    try:
        actions.rename_segment(segment_id=pk, name=request.POST.get("name", ""), by=request.member)
    except Segment.DoesNotExist as error:
        raise Http404 from error
    except SegmentNameRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Renamed."))
    return redirect(address(request, "segment", pk))


@require_POST
@needs(Ability.EDIT)
def archive(request: StaffRequest, pk: int) -> HttpResponseBase:
    try:
        actions.archive_segment(segment_id=pk, by=request.member)
    except Segment.DoesNotExist as error:
        raise Http404 from error
    except SegmentInUse as error:
        messages.error(request, str(error))
        return redirect(address(request, "segment", pk))
    messages.success(request, _("Put away. You find it under “Put away”, and can bring it back."))
    return redirect(address(request, "segments"))


@require_POST
@needs(Ability.EDIT)
def bring_back(request: StaffRequest, pk: int) -> HttpResponseBase:
    try:
        actions.bring_back_segment(segment_id=pk, by=request.member)
    except Segment.DoesNotExist as error:
        raise Http404 from error
    except SegmentNameRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Brought back."))
    return redirect(address(request, "segment", pk))
