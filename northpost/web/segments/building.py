"""The builder: rule as sentence and form side by side, with a live count and a sample."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.core import clock
from northpost.segments import actions, queries
from northpost.segments import catalogue as catalogues
from northpost.segments.actions import SegmentNameRefused
from northpost.segments.catalogue import Catalogue
from northpost.segments.models import Segment
from northpost.segments.presets import for_stages, presets
from northpost.segments.rules import RuleError, parse
from northpost.segments.words import explain
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.segments import builder
from northpost.web.segments.builder import DraftGroup

SAMPLE = 8


@needs(Ability.EDIT)
def create(request: StaffRequest) -> HttpResponseBase:
    """A new segment: empty, or from a starter (?start=...)."""
    known = catalogues.load()
    if request.method == "POST":
        return _posted(request, known, None)
    wish = request.GET.get("start", "")
    start = next((each for each in presets(known) if each.key == wish), None) or for_stages(wish)
    draft = builder.from_rule(start.rule) if start else DraftGroup("all", [])
    return _page(request, known, draft, None, start.name if start else "")


@needs(Ability.EDIT)
def edit(request: StaffRequest, pk: int) -> HttpResponseBase:
    segment = Segment.objects.filter(pk=pk, archived_at=None).first()
    if segment is None:
        raise Http404
    known = catalogues.load()
    if request.method == "POST":
        return _posted(request, known, segment)
    return _page(request, known, builder.from_rule(segment.rule), segment, segment.name)


@require_POST
@needs(Ability.EDIT)
def build(request: StaffRequest) -> HttpResponseBase:
    """htmx: the builder after a button or a choice that changes what is asked; the answer brings the count along."""
    known = catalogues.load()
    draft = builder.from_form(request.POST)
    look_at = builder.apply(draft, request.POST.get("do", ""), request.POST)
    builder.settle(draft, known, _today(known))
    context = {"draft": draft, "kinds": builder.kind_choices(), "modes": builder.MODES, "look_at": look_at}
    return render(request, "web/segments/built.html", context | _result(known, draft))


@require_POST
@needs(Ability.EDIT)
def preview(request: StaffRequest) -> HttpResponseBase:
    """htmx: sentence, count and sample of the rule as it stands in the form."""
    known = catalogues.load()
    draft = builder.from_form(request.POST)
    builder.settle(draft, known, _today(known))
    return render(request, "web/segments/result.html", _result(known, draft))


def _posted(request: StaffRequest, known: Catalogue, segment: Segment | None) -> HttpResponseBase:
    """Save; or, without scripts, do what the pressed button says and show the page again."""
    draft = builder.from_form(request.POST)
    name = request.POST.get("name", "")
    deed = request.POST.get("do", "save")
    if deed != "save":
        look_at = builder.apply(draft, deed, request.POST)
        return _page(request, known, draft, segment, name, look_at=look_at)
    builder.settle(draft, known, _today(known))
    try:
        saved = actions.save_segment(
            name=name, rule=builder.to_rule(draft), by=request.member, segment_id=segment.pk if segment else None
        )
    except SegmentNameRefused as error:
        return _page(request, known, draft, segment, name, name_error=str(error), status=422)
    except RuleError:
        return _page(request, known, draft, segment, name, status=422, refused=True)
    messages.success(request, _("Saved. It is counted anew every day, and whenever it is used."))
    return redirect(address(request, "segment", saved.pk))


def _page(
    request: StaffRequest,
    known: Catalogue,
    draft: DraftGroup,
    segment: Segment | None,
    name: str,
    *,
    name_error: str = "",
    status: int = 200,
    refused: bool = False,
    look_at: str = "",
) -> HttpResponse:
    builder.settle(draft, known, _today(known))
    context = {
        "segment": segment,
        "name": name,
        "name_error": name_error,
        "draft": draft,
        "kinds": builder.kind_choices(),
        "modes": builder.MODES,
        "look_at": look_at,
        "refused": refused,
        "presets": presets(known) if segment is None and not draft.nodes else [],
    }
    return render(request, "web/segments/build.html", context | _result(known, draft), status=status)


def _result(known: Catalogue, draft: DraftGroup) -> dict[str, Any]:
    """What the rule says and whom it fits; or what it still lacks."""
    lacking = builder.problems(draft, known)
    if lacking:
        return {"lacking": lacking}
    tree = parse(builder.to_rule(draft), known)
    now = clock.now()
    return {
        "lacking": [],
        "sentence": explain(tree, known),
        "count": queries.count(tree, now=now, catalogue=known),
        "sample": queries.sample(tree, SAMPLE, now=now, catalogue=known),
    }


def _today(known: Catalogue) -> Any:
    return clock.now().astimezone(known.zone).date()
