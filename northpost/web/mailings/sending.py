"""What is done to a mailing, and a mailing on its way: live, with pause at hand."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.campaigns import actions, canary, queries, tasks, testing
from northpost.campaigns.models import Campaign, CampaignState
from northpost.core import clock
from northpost.delivery.models import SkipReason
from northpost.team.actions import record
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.limits.showing import holding_back
from northpost.web.mailings import compose
from northpost.web.mailings.forms import TestMailForm, WhenForm
from northpost.web.mailings.preview import campaign_or_404, kept_choice
from northpost.web.templatetags.northpost import say_when

UNDER_WAY = {CampaignState.FREEZING, CampaignState.SENDING, CampaignState.PAUSED}


def page(request: StaffRequest, campaign: Campaign) -> HttpResponse:
    """A mailing under way is watched; one that is over has its report."""
    if campaign.state not in UNDER_WAY:
        return redirect(address(request, "mailing_report", campaign.pk))
    return render(request, "web/mailings/under_way.html", _context(request, campaign))


def _context(request: StaffRequest, campaign: Campaign) -> dict[str, object]:
    found = queries.progress(campaign)
    reasons = dict(SkipReason.choices)
    waits = campaign.canary_until is not None and campaign.state == CampaignState.SENDING
    return {
        "waits_for_canary": waits,
        "waits_for": holding_back(campaign, clock.now()) if campaign.state == CampaignState.SENDING else [],
        "held": canary.held(campaign.pk) if waits else 0,
        "campaign": campaign,
        "progress": found,
        "skipped": [(reasons.get(reason, reason), people) for reason, people in found.skipped],
        "to_mailbox": compose.to_mailbox(campaign),
        "may_send": may(request.membership.role, Ability.SEND),
    }


@needs(Ability.SEE)
def progress(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The live part alone, for polling. Where the state has changed, the whole page comes anew: with what can be
    done now, or with the report."""
    campaign = campaign_or_404(pk)
    if not request.htmx:
        return redirect(address(request, "mailing", pk))
    if campaign.state != request.GET.get("was", campaign.state):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address(request, "mailing", pk)
        return response
    return render(request, "web/mailings/progress.html", _context(request, campaign))


def _do(request: StaffRequest, pk: int, deed: Callable[[], object], verb: str, said: str) -> HttpResponse:
    """Do one thing to a mailing, write it down, and say so; or say why it can't be done."""
    campaign = campaign_or_404(pk)
    try:
        deed()
    except actions.NotReady as error:
        for problem in error.problems:
            messages.error(request, problem.sentence)
    except actions.CampaignError as error:
        messages.error(request, str(error))
    else:
        record(user=request.member, verb=verb, noun="campaign", noun_id=pk, detail={"name": campaign.name})
        messages.success(request, said)
    return redirect(address(request, "mailing", pk))


@require_POST
@needs(Ability.SEND)
def send(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> None:
        actions.start_campaign(campaign_id=pk)
        tasks.begin.defer(workspace_id=request.workspace.pk)

    return _do(request, pk, deed, "started", _("It is on its way."))


@require_POST
@needs(Ability.SEND)
def schedule(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = campaign_or_404(pk)
    form = WhenForm(request.POST, campaign=campaign)
    if not form.is_valid():
        return compose.page(request, campaign, when=form)
    at = form.cleaned_data["at"]
    said = _("It goes out by itself %(moment)s.") % {"moment": say_when(at)}
    return _do(request, pk, lambda: actions.schedule_campaign(campaign_id=pk, at=at), "scheduled", said)


@require_POST
@needs(Ability.SEND)
def unschedule(request: StaffRequest, pk: int) -> HttpResponseBase:
    return _do(
        request, pk, lambda: actions.unschedule_campaign(campaign_id=pk), "unscheduled", _("It is a draft again.")
    )


@require_POST
@needs(Ability.SEND)
def pause(request: StaffRequest, pk: int) -> HttpResponseBase:
    reason = _("Paused by %(name)s.") % {"name": request.member}
    return _do(
        request,
        pk,
        lambda: actions.pause_campaign(campaign_id=pk, reason=reason),
        "paused",
        _("Paused. Nothing more goes out until you let it."),
    )


@require_POST
@needs(Ability.SEND)
def resume(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> None:
        actions.resume_campaign(campaign_id=pk)
        tasks.begin.defer(workspace_id=request.workspace.pk)

    return _do(request, pk, deed, "resumed", _("It goes on."))


@require_POST
@needs(Ability.SEND)
def cancel(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = campaign_or_404(pk)
    if request.POST.get("typed", "").strip() != campaign.name:
        messages.error(request, _("Type the mailing's name to end it. Nothing was changed."))
        return redirect(address(request, "mailing", pk))
    return _do(
        request,
        pk,
        lambda: actions.cancel_campaign(campaign_id=pk),
        "cancelled",
        _("Ended. Who had not got it gets nothing."),
    )


@require_POST
@needs(Ability.EDIT)
def send_test(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = campaign_or_404(pk)
    form = TestMailForm(request.POST)
    if not form.is_valid():
        return compose.page(request, campaign, test=form)
    person = request.POST.get("person", "")
    try:
        testing.send_test(
            campaign=campaign,
            to=form.cleaned_data["email"],
            contact_id=int(person) if person.isdecimal() and len(person) < 19 else None,
            language=request.POST.get("language", ""),
        )
    except actions.CampaignError as error:
        messages.error(request, str(error))
    else:
        said = _("A test is on its way to %(email)s.")
        if compose.to_mailbox(campaign):
            said = _("A test for %(email)s is on its way to the local mailbox.")
        messages.success(request, said % {"email": form.cleaned_data["email"]})
    return redirect(f"{address(request, 'mailing', pk)}{kept_choice(request)}#check")
