"""The mail beside its cards, on a phone, as any chosen person gets it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from northpost.campaigns import showing
from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.content.compile import ContentError, RenderedMail
from northpost.delivery.models import Sender
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.framed import framed_mail

PEOPLE_OFFERED = 12  # whom one can look at the mail as
INVENTED = "0"


@dataclass(frozen=True)
class Preview:
    """The phone: the mail as ``person`` (a contact's id, or 0 for an invented one) gets it in ``language``."""

    people: list[Contact]
    person: str
    languages: list[tuple[str, str]]
    language: str
    sender: str
    mail: RenderedMail | None
    problem: str
    url: str


def preview(request: StaffRequest, campaign: Campaign) -> Preview:
    """What the address asks to see: ``person`` and ``language``; by default the first of the people chosen."""
    people = showing.people_to_show(campaign, size=PEOPLE_OFFERED)
    languages = showing.languages(campaign)
    person = _asked(request, "person")
    if not person.isdecimal():
        person = str(people[0].pk) if people else INVENTED
    language = _asked(request, "language")
    if language not in dict(languages):
        language = ""
    mail, problem = None, ""
    try:
        mail = showing.show(campaign, contact_id=_contact_id(person), language=language)
    except ContentError as error:
        problem = str(error)
    sender = Sender.objects.filter(pk=campaign.sender_id or 0).first()
    return Preview(
        people=people,
        person=person,
        languages=languages,
        language=language,
        sender=sender.name if sender else "",
        mail=mail,
        problem=problem,
        url=f"{address(request, 'mailing_preview', campaign.pk)}?{urlencode({'person': person, 'language': language})}",
    )


def _asked(request: StaffRequest, name: str) -> str:
    return (request.POST.get(name) or request.GET.get(name) or "")[:20]


def _contact_id(person: str) -> int | None:
    """None for an invented person, and for numbers that no person can have."""
    return int(person) if person.isdecimal() and 0 < int(person) < 2**63 else None


def kept_choice(request: StaffRequest) -> str:
    """Whom and in which language one was looking at the mail, as an address's query."""
    chosen = {name: value for name in ("person", "language") if (value := _asked(request, name)).isalnum()}
    return f"?{urlencode(chosen)}" if chosen else ""


def campaign_or_404(pk: int) -> Campaign:
    """The mailing; of another workspace there is nothing to see."""
    campaign = Campaign.objects.filter(pk=pk).first()
    if campaign is None:
        raise Http404
    return campaign


@needs(Ability.SEE)
def as_person(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The phone with the mail as another person gets it (the whole page again without scripts)."""
    campaign = campaign_or_404(pk)
    if not request.htmx:
        return redirect(f"{address(request, 'mailing', pk)}{kept_choice(request)}")
    return render(request, "web/mailings/phone.html", {"campaign": campaign, "preview": preview(request, campaign)})


@xframe_options_sameorigin
@needs(Ability.SEE)
def frame(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The mail's HTML for one person, for the frame: sandboxed, without scripts, on nothing of ours."""
    campaign = campaign_or_404(pk)
    try:
        mail = showing.show(
            campaign, contact_id=_contact_id(_asked(request, "person")), language=_asked(request, "language")
        )
    except ContentError as error:
        return framed_mail(f"<p>{escape(_('This mail can’t be shown:'))} {escape(str(error))}</p>")
    if mail is None:
        return framed_mail(f"<p>{escape(_('Choose a template, and the mail stands here.'))}</p>")
    return framed_mail(mail.html)
