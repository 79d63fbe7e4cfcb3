"""A draft's page: four cards, and the mail itself beside them as any chosen person gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from northpost.campaigns import actions, audience, preflight, showing
from northpost.campaigns.models import Campaign
from northpost.campaigns.rules import BadAudience, parse_audience
from northpost.content.compile import ContentError
from northpost.core import clock
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.mailings.forms import TestMailForm, WhatForm, WhenForm, WhoForm

PEOPLE_OFFERED = 12  # whom one can look at the mail as
# The preview runs no script and loads nothing but pictures.
PREVIEW_CSP = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src 'none'; sandbox"


def page(request: StaffRequest, campaign: Campaign, **bound: forms.Form) -> HttpResponse:
    """The page with its cards; ``bound`` forms replace fresh ones, to show their errors (status 422)."""
    findings = preflight.check(campaign)
    context: dict[str, Any] = {
        "campaign": campaign,
        "who": bound.get("who") or WhoForm(campaign=campaign),
        "what": bound.get("what") or WhatForm(campaign=campaign),
        "when": bound.get("when") or WhenForm(campaign=campaign),
        "test": bound.get("test") or TestMailForm(initial={"email": request.member.email}),
        "cards": _cards(findings),
        "findings": findings,
        "ready": all(finding.level is not preflight.Level.MISSING for finding in findings),
        "people": _count(campaign.audience),
        "chosen_people": showing.people_to_show(campaign, size=PEOPLE_OFFERED),
        "person": request.GET.get("person", ""),
        "languages": showing.languages(campaign),
        "language": request.GET.get("language", ""),
        "preview_url": _preview_url(request, campaign),
    }
    return render(request, "web/mailings/compose.html", context, status=422 if bound else 200)


def _cards(findings: list[preflight.Check]) -> dict[str, str]:
    """Card -> its level: the worst of its findings."""
    worst = [preflight.Level.DONE, preflight.Level.DOUBTFUL, preflight.Level.MISSING]
    levels = dict.fromkeys(("who", "what", "when"), preflight.Level.DONE)
    for finding in findings:
        levels[finding.card] = max(levels[finding.card], finding.level, key=worst.index)
    levels["check"] = max(levels.values(), key=worst.index)
    return {card: level.value for card, level in levels.items()}


def _preview_url(request: StaffRequest, campaign: Campaign) -> str:
    query = "&".join(
        f"{name}={value}" for name in ("person", "language") if (value := request.GET.get(name, "")) and value.isalnum()
    )
    return address(request, "mailing_preview", campaign.pk) + (f"?{query}" if query else "")


def editable(pk: int) -> Campaign:
    campaign = Campaign.objects.filter(pk=pk).first()
    if campaign is None:
        raise Http404
    return campaign


def _save(
    request: StaffRequest, pk: int, card: str, form_class: Any, choices: Callable[[Any], dict[str, Any]]
) -> HttpResponse:
    """Take one card's form: save and go back to the card, or show what is wrong at its fields."""
    campaign = editable(pk)
    if request.method != "POST":
        return redirect(address(request, "mailing", pk))
    form = form_class(request.POST, campaign=campaign)
    if form.is_valid():
        try:
            actions.update_campaign(campaign_id=pk, **choices(form))
        except (actions.CampaignError, BadAudience) as error:
            form.add_error(None, str(error))
    if form.errors:
        return page(request, campaign, **{card: form})
    return redirect(f"{address(request, 'mailing', pk)}#{card}")


@needs(Ability.EDIT)
def who(request: StaffRequest, pk: int) -> HttpResponseBase:
    return _save(
        request,
        pk,
        "who",
        WhoForm,
        lambda form: {
            "audience": form.audience().to_json(),
            "purpose_id": form.cleaned_data["purpose"],
            "sender_id": form.cleaned_data["sender"],
        },
    )


@needs(Ability.EDIT)
def what(request: StaffRequest, pk: int) -> HttpResponseBase:
    return _save(
        request,
        pk,
        "what",
        WhatForm,
        lambda form: {
            "template_id": form.cleaned_data["template"],
            "default_language": form.cleaned_data["default_language"],
            "goal_id": form.cleaned_data["goal"],
        },
    )


@needs(Ability.EDIT)
def when(request: StaffRequest, pk: int) -> HttpResponseBase:
    response = _save(request, pk, "when", WhenForm, lambda form: {"route_id": form.cleaned_data["route"]})
    form = WhenForm(request.POST, campaign=editable(pk))
    if response.status_code != 302 or not form.is_valid():
        return response
    try:
        if form.cleaned_data["at"] is not None:
            actions.schedule_campaign(campaign_id=pk, at=form.cleaned_data["at"])
        elif editable(pk).scheduled_at is not None:
            actions.unschedule_campaign(campaign_id=pk)
    except actions.CampaignError as error:
        form.add_error("at", str(error))
        return page(request, editable(pk), when=form)
    return response


@needs(Ability.SEE)
def count(request: StaffRequest, pk: int) -> HttpResponseBase:
    """How many people the ticked groups hold, while they are being ticked."""
    form = WhoForm(request.GET, campaign=editable(pk))
    form.is_valid()
    chosen = form.audience().to_json() if {"include", "exclude"} <= set(form.cleaned_data) else {}
    return render(request, "web/mailings/count.html", {"people": _count(chosen)})


def _count(chosen: dict[str, Any]) -> int | None:
    """The size of an audience, or None where it can't be made out."""
    try:
        return audience.count_audience(parse_audience(chosen), now=clock.now())
    except BadAudience:
        return None


@needs(Ability.SEE)
def check(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The findings with what takes longer to look up: the sender's domain in the DNS."""
    campaign = editable(pk)
    findings = [*preflight.check(campaign), *showing.check_domain(campaign)]
    context = {"campaign": campaign, "findings": findings, "looked_up": True}
    return render(request, "web/mailings/findings.html", context)


@needs(Ability.SEE)
def as_person(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The phone with the mail as another person gets it (the same page again without scripts)."""
    campaign = editable(pk)
    if not request.htmx:
        query = request.GET.urlencode()
        return redirect(f"{reverse('mailing', args=[request.workspace.slug, pk])}?{query}")
    return render(
        request,
        "web/mailings/phone.html",
        {
            "campaign": campaign,
            "preview_url": _preview_url(request, campaign),
            "chosen_people": showing.people_to_show(campaign, size=PEOPLE_OFFERED),
            "languages": showing.languages(campaign),
            "person": request.GET.get("person", ""),
            "language": request.GET.get("language", ""),
        },
    )


@xframe_options_sameorigin
@needs(Ability.SEE)
def preview(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The mail's HTML for one person, for the frame: sandboxed, without scripts, on nothing of ours."""
    campaign = editable(pk)
    person = request.GET.get("person", "")
    try:
        mail = showing.show(
            campaign, contact_id=int(person) if person.isdigit() else None, language=request.GET.get("language", "")
        )
    except ContentError as error:
        return _preview_answer(f"<p>{_('This mail can’t be shown:')} {escape(str(error))}</p>")
    if mail is None:
        return _preview_answer(f"<p>{_('Choose a template, and the mail stands here.')}</p>")
    return _preview_answer(mail.html)


def _preview_answer(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = PREVIEW_CSP
    return response


def people_sentence(people: int) -> str:
    """The words of the button that sends."""
    return ngettext("Send to %(people)d person", "Send to %(people)d people", people) % {"people": people}
