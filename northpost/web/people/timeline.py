"""One line of time for a person: mail, clicks, orders, consent, moves; each room tells its own, merged here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.campaigns import showing
from northpost.campaigns.models import Campaign
from northpost.contacts import queries as contacts
from northpost.contacts.queries import Happening
from northpost.delivery.models import InboundMail, Link, Message, MessageState, SkipReason
from northpost.events import queries as events
from northpost.sales.models import Order, Refund
from northpost.segments.models import Move, Stage
from northpost.web.templatetags.northpost import say_money

SIZE = 40
REPLY = 280  # characters of a reply
# Told from the tables they come from, with more to say.
_TOLD_ELSEWHERE = ("order.placed", "order.refunded", "lifecycle.moved")

KINDS: dict[str, Promise] = {
    "": gettext_lazy("Everything"),
    "mail": gettext_lazy("Mail"),
    "orders": gettext_lazy("Orders"),
    "consent": gettext_lazy("Consent"),
    "moves": gettext_lazy("Life cycle"),
}


@dataclass(frozen=True)
class Line:
    """A line as the page shows it: an icon, words, perhaps a smaller note and a link."""

    at: datetime
    icon: str
    words: str
    note: str = ""
    url: str = ""
    machine: bool = False


@dataclass(frozen=True)
class Stretch:
    """Some lines, newest first, and the moment before which there are more."""

    lines: list[Line]
    earlier: datetime | None


Source = Callable[[int, datetime | None, int], list[Happening]]


def read(contact_id: int, *, slug: str, kind: str, before: datetime | None, see_money: bool) -> Stretch:
    """The newest lines of a kind before a moment. Lines of one moment are never torn apart."""
    found = sorted(
        (line for source in _sources(kind) for line in source(contact_id, before, SIZE + 1)),
        key=lambda line: line.at,
        reverse=True,
    )
    shown, rest = found[:SIZE], found[SIZE:]
    while rest and shown[-1].at == rest[0].at:
        shown.append(rest.pop(0))
    names = _mailings(shown)
    links = _links(shown)
    replies = _replies(shown)
    lines = [_say(line, names, links, replies, slug, see_money) for line in shown]
    return Stretch(lines, shown[-1].at if rest else None)


def _sources(kind: str) -> list[Source]:
    by_kind: dict[str, list[Source]] = {
        "mail": [_messages, _mail_events],
        "orders": [_orders, _refunds],
        "consent": [_consent],
        "moves": [_moves],
    }
    if kind in by_kind:
        return by_kind[kind]
    return [_messages, _events, _orders, _refunds, _consent, _moves]


def _consent(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    return contacts.timeline(contact_id, before=before, limit=limit)


def _events(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    return events.timeline(contact_id, before=before, limit=limit, apart_from=_TOLD_ELSEWHERE)


def _mail_events(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    return events.timeline(contact_id, before=before, limit=limit, apart_from=_TOLD_ELSEWHERE, about="mail.")


def _messages(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    rows = Message.objects.filter(contact_id=contact_id).annotate(
        moment=Coalesce("settled_at", "sending_at", "enqueued_at")
    )
    if before is not None:
        rows = rows.filter(moment__lt=before)
    return [
        Happening(
            row.moment,
            f"message.{row.state}",
            f"message:{row.pk}",
            {"source": f"{row.source_kind}:{row.source_id}", "reason": row.reason, "reply": row.reply_text},
        )
        for row in rows.order_by("-moment", "-pk")[:limit]
    ]


def _orders(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    rows = Order.objects.filter(contact_id=contact_id).prefetch_related("lines__product")
    if before is not None:
        rows = rows.filter(placed_at__lt=before)
    return [
        Happening(
            row.placed_at,
            "order.placed",
            f"order:{row.pk}",
            {
                "number": row.number,
                "total": row.total,
                "currency": row.currency,
                "products": [line.product.name for line in row.lines.all()],
            },
        )
        for row in rows.order_by("-placed_at", "-pk")[:limit]
    ]


def _refunds(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    rows = Refund.objects.filter(order__contact_id=contact_id).select_related("order")
    if before is not None:
        rows = rows.filter(refunded_at__lt=before)
    return [
        Happening(
            row.refunded_at,
            "order.refunded",
            f"refund:{row.pk}",
            {"number": row.order.number, "total": row.amount, "currency": row.order.currency, "reason": row.reason},
        )
        for row in rows.order_by("-refunded_at", "-pk")[:limit]
    ]


def _moves(contact_id: int, before: datetime | None, limit: int) -> list[Happening]:
    rows = Move.objects.filter(contact_id=contact_id)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return [
        Happening(row.at, "lifecycle.moved", f"move:{row.pk}", {"from": row.from_stage, "to": row.to_stage})
        for row in rows.order_by("-at", "-pk")[:limit]
    ]


def _mailings(lines: list[Happening]) -> dict[str, tuple[int, str]]:
    """The mailings that the lines speak of: source -> (key, name)."""
    sources = {str(line.detail.get("source") or "") for line in lines}
    keys = [int(source.removeprefix("campaign:")) for source in sources if _is_campaign(source)]
    found = Campaign.objects.filter(pk__in=keys).values_list("pk", "name")
    return {f"campaign:{pk}": (pk, name) for pk, name in found}


def _is_campaign(source: str) -> bool:
    return source.startswith("campaign:") and source.removeprefix("campaign:").isdecimal()


# kind -> (icon, words). Place-holders: what _details gives.
_WORDS: dict[str, tuple[str, Promise]] = {
    "message.queued": ("queued", gettext_lazy("Is to get %(mailing)s")),
    "message.sending": ("send", gettext_lazy("%(mailing)s is being sent")),
    "message.accepted": ("mailing", gettext_lazy("Was sent %(mailing)s")),
    "message.deferred": ("queued", gettext_lazy("%(mailing)s was put off by their server, and will be tried again")),
    "message.rejected": ("bounce", gettext_lazy("Their server refused %(mailing)s")),
    "message.in_doubt": ("doubt", gettext_lazy("%(mailing)s: in doubt whether it arrived; not sent again")),
    "message.skipped": ("skipped", gettext_lazy("Was not sent %(mailing)s: %(reason)s")),
    "mail.opened": ("open", gettext_lazy("Opened %(mailing)s")),
    "mail.clicked": ("click", gettext_lazy("Clicked in %(mailing)s")),
    "mail.unsubscribed": ("unsubscribe", gettext_lazy("Unsubscribed from %(mailing)s")),
    "mail.complained": ("complaint", gettext_lazy("Reported %(mailing)s as spam")),
    "mail.bounced": ("bounce", gettext_lazy("%(mailing)s bounced")),
    "mail.replied": ("mailing", gettext_lazy("Replied to %(mailing)s")),
    "order.placed": ("order", gettext_lazy("Ordered %(products)s")),
    "order.refunded": ("refund", gettext_lazy("Was paid back for order %(number)s")),
    "consent.granted": ("consent", gettext_lazy("Agreed: %(purpose)s")),
    "consent.pending": ("consent", gettext_lazy("Has still to confirm: %(purpose)s")),
    "consent.withdrawn": ("unsubscribe", gettext_lazy("Withdrew their consent: %(purpose)s")),
    "lifecycle.moved": ("segment", gettext_lazy("Became: %(to)s")),
}


def _links(lines: list[Happening]) -> dict[int, str]:
    """What the links that were clicked say, else where they lead: key -> words."""
    keys = {int(line.detail["link_id"]) for line in lines if line.detail.get("link_id")}
    found = list(Link.objects.filter(pk__in=keys)) if keys else []
    campaigns = Campaign.objects.in_bulk([link.source_id for link in found if link.source_kind == "campaign"])
    return {link.pk: _link_words(link, campaigns.get(link.source_id)) for link in found}


def _link_words(link: Link, campaign: Campaign | None) -> str:
    """Blank where it is different for each person: place-holders, nobody has to decipher."""
    shown = (showing.say_label(campaign, text) if campaign and "{" in text else text for text in (link.label, link.url))
    return next((words for words in shown if words and "{{" not in words), "")


def _replies(lines: list[Happening]) -> dict[int, str]:
    """What people answered: key of the mail that came in -> the beginning of their words."""
    keys = [line.detail["inbound_id"] for line in lines if line.detail.get("inbound_id")]
    found = InboundMail.objects.filter(pk__in=keys).values_list("pk", "text") if keys else []
    return {pk: Truncator(" ".join(text.split())).chars(REPLY) for pk, text in found}


def _say(
    line: Happening,
    names: dict[str, tuple[int, str]],
    links: dict[int, str],
    replies: dict[int, str],
    slug: str,
    see_money: bool,
) -> Line:
    detail = line.detail
    mailing = names.get(str(detail.get("source") or ""))
    said = {
        "mailing": _("“%(mailing)s”") % {"mailing": mailing[1]} if mailing else _("a mail"),
        "reason": _reason(str(detail.get("reason") or "")),
        "products": _products(detail),
        "number": detail.get("number", ""),
        "purpose": detail.get("purpose", ""),
        "to": _stage(str(detail.get("to") or "")),
    }
    icon, words = _WORDS.get(line.kind, ("event", None))
    return Line(
        line.at,
        icon,
        str(words) % said if words is not None else line.kind.replace(".", ": ").replace("_", " "),
        note=replies.get(detail.get("inbound_id", 0)) or _note(line, links, see_money),
        url=_url(line, mailing, replies, slug),
        machine=bool(detail.get("machine")),
    )


def _url(line: Happening, mailing: tuple[int, str] | None, replies: dict[int, str], slug: str) -> str:
    """Where there is more: the reply itself, else the mailing."""
    answered = line.detail.get("inbound_id")
    if answered in replies:
        return reverse("returned_mail", args=[slug, answered])
    return reverse("mailing", args=[slug, mailing[0]]) if mailing else ""


def _reason(code: str) -> str:
    return str(SkipReason(code).label) if code in SkipReason.values else code


def _stage(code: str) -> str:
    return str(Stage(code).label) if code in Stage.values else code


def _products(detail: dict[str, Any]) -> str:
    products = detail.get("products") or []
    if not products:
        return _("something")
    shown = ", ".join(products[:3])
    return _("%(products)s and more") % {"products": shown} if len(products) > 3 else shown


def _note(line: Happening, links: dict[int, str], see_money: bool) -> str:
    detail = line.detail
    parts: list[str] = []
    if line.kind in ("order.placed", "order.refunded"):
        parts.append(_("order %(number)s") % {"number": detail["number"]})
        if see_money:
            parts.append(say_money(detail["total"], detail["currency"]))
    elif line.kind.startswith("consent."):
        parts += [str(detail.get("source") or ""), str(detail.get("ip") or "")]
    elif line.kind == "mail.clicked":
        link_id = detail.get("link_id")
        parts.append(links.get(link_id, "") if link_id else str(detail.get("url") or ""))
    elif line.kind == f"message.{MessageState.REJECTED}":
        parts.append(str(detail.get("reply") or ""))
    return " · ".join(part for part in parts if part)
