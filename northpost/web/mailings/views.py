"""The list of mailings, and one mailing's page as its state wants it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.campaigns import actions, queries
from northpost.campaigns.models import Campaign, CampaignState
from northpost.campaigns.rules import EDITABLE
from northpost.segments.models import Segment
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.mailings import compose, sending
from northpost.web.mailings.forms import NewMailingForm
from northpost.web.mailings.preview import campaign_or_404

PER_PAGE = 30


@needs(Ability.SEE)
def mailings(request: StaffRequest) -> HttpResponseBase:
    state = request.GET.get("state", "")
    search = request.GET.get("q", "").strip()
    found = queries.find_campaigns(search=search, state=state)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": queries.with_counts(list(page.object_list)),
        "state": state,
        "q": search,
        "states": CampaignState.choices,
        "filtered": bool(state or search),
        "may_edit": may(request.membership.role, Ability.EDIT),
    }
    return render(request, "web/mailings/mailings.html", context)


@needs(Ability.EDIT)
def mailing_create(request: StaffRequest) -> HttpResponseBase:
    form = NewMailingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        campaign = actions.create_campaign(name=form.cleaned_data["name"], created_by_id=request.member.pk)
        _take_segment(request, campaign)
        return redirect(address(request, "mailing", campaign.pk))
    status = 422 if form.errors else 200
    return render(request, "web/mailings/create.html", {"form": form}, status=status)


def _take_segment(request: StaffRequest, campaign: Campaign) -> None:
    """ "Write to these people" on a segment's page leads here with the segment in the address."""
    asked = request.GET.get("segment", "")
    segment = Segment.objects.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
    if segment is not None:
        audience = {"include": [{"segment": segment.pk}], "exclude": []}
        actions.update_campaign(campaign_id=campaign.pk, audience=audience)


@needs(Ability.SEE)
def mailing(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = campaign_or_404(pk)
    if campaign.state in EDITABLE:
        return compose.page(request, campaign)
    return sending.page(request, campaign)


@require_POST
@needs(Ability.EDIT)
def duplicate(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign_or_404(pk)
    copy = actions.duplicate_campaign(campaign_id=pk, created_by_id=request.member.pk)
    messages.success(request, _("Copied. This is the copy."))
    return redirect(address(request, "mailing", copy.pk))


@require_POST
@needs(Ability.EDIT)
def archive(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = campaign_or_404(pk)
    if campaign.archived_at is None:
        actions.archive_campaign(campaign_id=pk)
        messages.success(request, _("Put away. You find it under “Put away”, and can bring it back."))
    else:
        actions.unarchive_campaign(campaign_id=pk)
        messages.success(request, _("Brought back."))
    return redirect(address(request, "mailings"))
