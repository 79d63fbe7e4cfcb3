"""Messages in doubt: what is known of each, and a person's decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.delivery import tasks
from northpost.delivery.actions.doubt import Finding, Resolved, resolve
from northpost.delivery.doubt import known
from northpost.delivery.models import Doubt, Evidence, Message, MessageState, Route, Verdict
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.templatetags.northpost import say_number

PER_PAGE = 50
DECISIONS = (Verdict.DELIVERED, Verdict.AGAIN, Verdict.LEFT)


@dataclass(frozen=True)
class Filter:
    """What the address asks for; what it can't mean is not asked for."""

    mailing: int | None
    route: int | None
    left: bool

    @classmethod
    def read(cls, given: QueryDict) -> Filter:
        return cls(_number(given.get("mailing", "")), _number(given.get("route", "")), given.get("show") == "left")

    def rows(self) -> QuerySet[Message]:
        source = None if self.mailing is None else (SOURCE, self.mailing)
        return known.find(source=source, route_id=self.route, left=self.left)

    def query(self) -> str:
        asked = {"mailing": self.mailing, "route": self.route, "show": "left" if self.left else None}
        return urlencode({name: value for name, value in asked.items() if value is not None})


@needs(Ability.SEE)
def desk(request: StaffRequest) -> HttpResponseBase:
    return _show(request, Filter.read(request.GET), None)


@needs(Ability.SEE)
def of_mailing(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The desk of one mailing, under its own address."""
    campaign = Campaign.objects.filter(pk=pk).first()
    if campaign is None:
        raise Http404
    asked = Filter.read(request.GET)
    return _show(request, Filter(campaign.pk, asked.route, asked.left), campaign)


def _show(request: StaffRequest, asked: Filter, campaign: Campaign | None) -> HttpResponseBase:
    page = Paginator(asked.rows(), PER_PAGE).get_page(request.GET.get("page"))
    doubts = known.describe(list(page.object_list))
    names = _names(doubts)
    context = {
        "page": page,
        "rows": [(doubt, names.get(doubt.message.source_id, "")) for doubt in doubts],
        "asked": asked,
        "query": asked.query(),
        "campaign": campaign,
        "mailings": _mailings() if campaign is None else [],
        "routes": _routes(),
        "filtered": asked.route is not None or asked.left or (campaign is None and asked.mailing is not None),
        "decisions": DECISIONS,
        "settled": _settled(None if asked.mailing is None else (SOURCE, asked.mailing)),
        "may_decide": may(request.membership.role, Ability.SEND),
    }
    return render(request, "web/doubt/desk.html", context)


@require_POST
@needs(Ability.SEND)
def decide(request: StaffRequest) -> HttpResponseBase:
    """A decision on those that were ticked, or on all that the filter finds. Sending again asks once more."""
    asked = Filter.read(request.POST)
    verdict = request.POST.get("verdict", "")
    back = _desk_address(request, asked)
    if verdict not in {one.value for one in DECISIONS}:
        return redirect(back)
    chosen = _chosen(request.POST, asked)
    if not chosen:
        messages.info(request, _("Tick the mails first that you decide on."))
        return redirect(back)
    if verdict == Verdict.AGAIN and request.POST.get("confirmed") != "yes":
        context: dict[str, Any] = {
            "count": len(chosen),
            "ids": [] if request.POST.get("all") else chosen,
            "asked": asked,
            "back": back,
        }
        return render(request, "web/doubt/again.html", context)
    done = resolve(
        [Finding(message_id, Verdict(verdict)) for message_id in chosen],
        evidence=Evidence.PERSON,
        user=request.member,
    )
    if done.verdicts.get(Verdict.AGAIN):
        tasks.defer_sending(request.workspace.pk)
    _say(request, Verdict(verdict), done)
    return redirect(back)


def _chosen(given: QueryDict, asked: Filter) -> list[int]:
    if given.get("all"):
        return list(asked.rows().values_list("pk", flat=True))
    ticked = {number for text in given.getlist("id")[:PER_PAGE] if (number := _number(text)) is not None}
    return list(Message.objects.filter(pk__in=ticked, state=MessageState.IN_DOUBT).values_list("pk", flat=True))


def _say(request: StaffRequest, verdict: Verdict, done: Resolved) -> None:
    words = {
        Verdict.DELIVERED: ngettext(
            "%(number)s mail counts as sent now.", "%(number)s mails count as sent now.", done.settled
        ),
        Verdict.AGAIN: ngettext(
            "%(number)s mail is sent again in a moment.", "%(number)s mails are sent again in a moment.", done.settled
        ),
        Verdict.LEFT: ngettext("%(number)s mail stays in doubt.", "%(number)s mails stay in doubt.", done.settled),
    }
    if done.settled:
        messages.success(request, words[verdict] % {"number": say_number(done.settled)})
    if done.untouched:
        left_out = ngettext(
            "%(number)s mail was left as it is: it was no longer in doubt, or its mailing was ended.",
            "%(number)s mails were left as they are: they were no longer in doubt, or their mailing was ended.",
            done.untouched,
        )
        messages.info(request, left_out % {"number": say_number(done.untouched)})


def _desk_address(request: StaffRequest, asked: Filter) -> str:
    query = asked.query()
    return address(request, "doubt") + (f"?{query}" if query else "")


def _mailings() -> list[tuple[int, str]]:
    ids = Doubt.objects.filter(source_kind=SOURCE).values("source_id")
    return list(Campaign.objects.filter(pk__in=ids).order_by("name").values_list("pk", "name"))


def _routes() -> QuerySet[Route]:
    rows = Message.objects.filter(pk__in=Doubt.objects.values("message_id"), state=MessageState.IN_DOUBT)
    return Route.objects.filter(pk__in=rows.values("route_id")).order_by("name")


def _settled(source: tuple[str, int] | None) -> str:
    found = known.settled(source=source)
    count = sum(count for _evidence, count in found)
    if not count:
        return ""
    sentence = ngettext(
        "%(number)s mail that was in doubt has been settled since: %(how)s.",
        "%(number)s mails that were in doubt have been settled since: %(how)s.",
        count,
    )
    how = "; ".join(f"{evidence.label} ({say_number(count)})" for evidence, count in found)
    return sentence % {"number": say_number(count), "how": how}


def _names(doubts: list[known.Doubt]) -> dict[int, str]:
    ids = {doubt.message.source_id for doubt in doubts if doubt.message.source_kind == SOURCE}
    return dict(Campaign.objects.filter(pk__in=ids).values_list("pk", "name"))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
