"""A mailing's report: what happened in a sentence, the funnel, the course, the links, the providers, the people."""

from __future__ import annotations

import re
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from northpost.analytics import reports
from northpost.analytics.counting import WINDOW
from northpost.campaigns import queries as campaigns
from northpost.campaigns import showing
from northpost.campaigns.models import Campaign, CampaignState
from northpost.campaigns.rules import EDITABLE
from northpost.content.compile import ContentError
from northpost.content.links import Link
from northpost.delivery.models import SkipReason
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.framed import framed_mail
from northpost.web.mailings.compose import to_mailbox
from northpost.web.mailings.preview import campaign_or_404
from northpost.web.templatetags.northpost import say_money, say_number

PER_PAGE = 50
LINKS_SHOWN = 20
UNDER_WAY = (CampaignState.FREEZING, CampaignState.SENDING, CampaignState.PAUSED)
# Drawn into the mail's picture at each link; a mail's frame knows nothing of our stylesheet.
_MARK = (
    '<span style="display:inline-block;margin:0 0 0 6px;padding:0 7px;border-radius:9px;border:1px solid CanvasText;'
    "background:Canvas;color:CanvasText;color-scheme:light;font:600 12px/18px sans-serif;"
    'letter-spacing:0;text-decoration:none;text-transform:none;vertical-align:middle">{}</span>'
)
_MARKED = re.compile(r'(<a\b[^>]*\shref="#clicked-(\d+)"[^>]*>.*?)</a>', re.DOTALL | re.IGNORECASE)


def _sent_campaign(pk: int) -> Campaign:
    campaign = campaign_or_404(pk)
    if campaign.state in EDITABLE:
        raise Http404
    return campaign


@needs(Ability.SEE)
def mailing_report(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = _sent_campaign(pk)
    found = reports.report(campaign)
    role = request.membership.role
    money = may(role, Ability.SEE_MONEY)
    languages = showing.sent_languages(campaign)
    language = request.GET.get("language", "")
    if language not in dict(languages):
        language = campaign.default_language
    context = {
        "campaign": campaign,
        "report": found,
        "counts": found.counts,
        "sentence": _sentence(found, money=money),
        "funnel": _funnel(request, campaign, found),
        "course": _course(found) if found.counts.clicked else None,
        "links": _links(campaign, found) if found.counts.clicked else None,
        "devices": _devices(found) if found.devices else None,
        "unclicked": sum(1 for link in found.links if not link.people),
        "skipped": _skipped(campaign),
        "window_days": WINDOW.days,
        "money": money,
        "touched": _amounts(found.touched.net) or say_money(0, request.workspace.currency, 0),
        "languages": languages,
        "language": language,
        "under_way": campaign.state in UNDER_WAY,
        "to_mailbox": to_mailbox(campaign),
        "may_edit": may(role, Ability.EDIT),
        "people_url": address(request, "mailing_report_people", pk),
    }
    return render(request, "web/analysis/report.html", context)


def _sentence(found: reports.Report, *, money: bool) -> str:
    counts = found.counts
    parts = [
        ngettext("Sent to %(n)s person.", "Sent to %(n)s people.", counts.accepted)
        % {"n": say_number(counts.accepted)},
        ngettext("%(n)s clicked,", "%(n)s clicked,", counts.clicked) % {"n": say_number(counts.clicked)},
    ]
    people = found.ordered
    if people and money:
        parts.append(
            ngettext("%(n)s ordered for %(money)s touched;", "%(n)s ordered for %(money)s touched;", people)
            % {"n": say_number(people), "money": _amounts(found.touched.net)}
        )
    else:
        parts.append(
            ngettext("%(n)s ordered (touched);", "%(n)s ordered (touched);", people) % {"n": say_number(people)}
        )
    parts.append(_("caused: not measured."))
    return " ".join(parts)


def _amounts(net: dict[str, Any]) -> str:
    return " + ".join(say_money(amount, currency, 0) for currency, amount in net.items())


def _funnel(request: StaffRequest, campaign: Campaign, found: reports.Report) -> dict[str, Any]:
    people = address(request, "mailing_report_people", campaign.pk)
    steps = [
        (_("Chosen"), found.counts.chosen, "chosen"),
        (_("Sent"), found.counts.accepted, "accepted"),
        (_("Delivered"), found.counts.delivered, "delivered"),
        (_("Clicked"), found.counts.clicked, "clicked"),
        (_("Ordered"), found.ordered, "ordered"),
    ]
    return {
        "kind": "funnel",
        "items": [{"label": label, "value": value, "url": f"{people}?did={key}"} for label, value, key in steps],
    }


def _course(found: reports.Report) -> dict[str, Any]:
    return {
        "kind": "days",
        "x": [hour.isoformat() for hour, _opened, _clicked in found.course],
        "series": [
            {"name": _("Clicked"), "values": [clicked for _hour, _opened, clicked in found.course], "role": "actual"}
        ],
    }


def _link_label(campaign: Campaign, link: reports.LinkClicks) -> str:
    """Its words; else its address; else that it leads each person elsewhere."""
    shown = (showing.say_label(campaign, text) for text in (link.label, link.url))
    return next((words for words in shown if words), _("A link that differs from person to person"))


def _links(campaign: Campaign, found: reports.Report) -> dict[str, Any]:
    return {
        "kind": "bars",
        "items": [
            {"label": _link_label(campaign, link), "value": link.people}
            for link in found.links[:LINKS_SHOWN]
            if link.people
        ],
    }


def _devices(found: reports.Report) -> dict[str, Any]:
    return {
        "kind": "bars",
        "items": [{"label": str(reports.DEVICES[each.device]), "value": each.people} for each in found.devices],
    }


def _skipped(campaign: Campaign) -> list[tuple[Any, int]]:
    reasons = dict(SkipReason.choices)
    return [(reasons.get(reason, reason), people) for reason, people in campaigns.progress(campaign).skipped]


@needs(Ability.SEE)
def people(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Who did what: the people behind each figure."""
    campaign = _sent_campaign(pk)
    did = request.GET.get("did", "chosen")
    if did not in reports.DEEDS:
        raise Http404
    page = Paginator(reports.people(campaign, did), PER_PAGE).get_page(request.GET.get("page"))
    here = address(request, "mailing_report_people", pk)
    reasons = dict(SkipReason.choices)
    tabs = [
        {"key": key, "label": label, "url": f"{here}?did={key}", "count": page.paginator.count if key == did else None}
        for key, label in reports.DEEDS.items()
    ]
    context = {
        "campaign": campaign,
        "did": did,
        "tabs": tabs,
        "page": page,
        "rows": [
            (line, contact, reasons.get(line.reason, line.reason))
            for line, contact in reports.with_contacts(list(page.object_list))
        ],
    }
    return render(request, "web/analysis/people.html", context)


@xframe_options_sameorigin
@needs(Ability.SEE)
def mail(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The mail as it was sent, for an invented person, with how many people clicked at each of its links."""
    campaign = _sent_campaign(pk)
    clicked = reports.people_by_link(campaign)

    def mark(link: Link, _resolved: str) -> str:
        return f"#clicked-{clicked.get(link.url, 0)}"

    try:
        shown = showing.show_sent(campaign, language=request.GET.get("language", ""), link_url=mark)
    except ContentError:
        raise Http404 from None
    return framed_mail(
        _MARKED.sub(lambda found: f"{found[1]}{_MARK.format(say_number(int(found[2])))}</a>", shown.html)
    )
