"""A mailing's report: what happened in a sentence, the funnel, the course, the links, the providers, the people."""

from __future__ import annotations

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
from northpost.campaigns.models import Campaign
from northpost.campaigns.rules import EDITABLE
from northpost.content.compile import ContentError
from northpost.delivery.models import SkipReason
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.mailings import preview
from northpost.web.templatetags.northpost import say_money, say_number

PER_PAGE = 50


def _sent_campaign(pk: int) -> Campaign:
    campaign = Campaign.objects.filter(pk=pk).first()
    if campaign is None or campaign.state in EDITABLE:
        raise Http404
    return campaign


@needs(Ability.SEE)
def mailing_report(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign = _sent_campaign(pk)
    found = reports.report(campaign)
    money = may(request.membership.role, Ability.SEE_MONEY)
    context = {
        "campaign": campaign,
        "report": found,
        "counts": found.counts,
        "sentence": _sentence(found, money=money),
        "funnel": _funnel(request, campaign, found),
        "course": _course(found),
        "links": _links(found),
        "skipped": _skipped(campaign),
        "window_days": WINDOW.days,
        "money": money,
        "touched": _amounts(found.touched.net),
    }
    return render(request, "web/analysis/report.html", context)


def _sentence(found: reports.Report, *, money: bool) -> str:
    counts = found.counts
    parts = [
        ngettext("Sent to %(n)s person.", "Sent to %(n)s people.", counts.accepted)
        % {"n": say_number(counts.accepted)},
        ngettext("%(n)s clicked,", "%(n)s clicked,", counts.clicked) % {"n": say_number(counts.clicked)},
    ]
    orders = found.touched.orders
    if orders and money:
        parts.append(
            ngettext("%(n)s order for %(money)s touched;", "%(n)s orders for %(money)s touched;", orders)
            % {"n": say_number(orders), "money": _amounts(found.touched.net)}
        )
    else:
        parts.append(ngettext("%(n)s order touched;", "%(n)s orders touched;", orders) % {"n": say_number(orders)})
    parts.append(_("caused: not measured."))
    return " ".join(parts)


def _amounts(net: dict[str, Any]) -> str:
    return " + ".join(say_money(amount, currency, 0) for currency, amount in net.items()) or say_number(0)


def _funnel(request: StaffRequest, campaign: Campaign, found: reports.Report) -> dict[str, Any]:
    people = address(request, "mailing_report_people", campaign.pk)
    steps = [
        (_("Chosen"), found.counts.chosen, "chosen"),
        (_("Sent"), found.counts.accepted, "accepted"),
        (_("Delivered"), found.counts.delivered, "delivered"),
        (_("Clicked"), found.counts.clicked, "clicked"),
        (_("Ordered"), found.touched.orders, "ordered"),
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


def _links(found: reports.Report) -> dict[str, Any]:
    return {
        "kind": "bars",
        "items": [{"label": link.label or link.url, "value": link.people} for link in found.links],
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
    context = {
        "campaign": campaign,
        "did": did,
        "tabs": [
            {
                "key": key,
                "label": label,
                "url": f"{address(request, 'mailing_report_people', pk)}?did={key}",
                "count": None,
            }
            for key, label in reports.DEEDS.items()
        ],
        "page": page,
        "rows": reports.with_contacts(list(page.object_list)),
    }
    return render(request, "web/analysis/people.html", context)


@xframe_options_sameorigin
@needs(Ability.SEE)
def mail(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The mail as it was sent, for an invented person, in the report's frame."""
    campaign = _sent_campaign(pk)
    try:
        shown = showing.show_sent(campaign, language=request.GET.get("language", ""))
    except ContentError:
        raise Http404 from None
    return preview.answer(shown.html)
