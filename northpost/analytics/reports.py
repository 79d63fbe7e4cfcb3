"""A mailing's report: what became of it, without machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from northpost.analytics import queries
from northpost.analytics.models import Touch
from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.campaigns.queries import Counts, counts
from northpost.contacts.models import Contact
from northpost.core import clock, sql, tenancy
from northpost.delivery.models import Message, MessageState

PROVIDERS_SHOWN = 8
COURSE_AT_LEAST, COURSE_AT_MOST = timedelta(hours=11), timedelta(hours=71)


@dataclass(frozen=True)
class LinkClicks:
    """A link of the mail, with how many people clicked it and how often."""

    url: str
    label: str
    people: int
    clicks: int


@dataclass(frozen=True)
class Provider:
    """A mailbox provider (the domain of the addresses) and how it treated the mail."""

    domain: str
    sent: int
    clicked: int
    bounced: int


@dataclass(frozen=True)
class Device:
    """A kind of device (a key of ``DEVICES``), with how many people clicked on such a one; who used two is in both."""

    device: str
    people: int


DEVICES = {
    "phone": _("Phone"),
    "tablet": _("Tablet"),
    "computer": _("Computer"),
    "unknown": _("Not known"),
}


@dataclass(frozen=True)
class Report:
    """Everything that a mailing's report shows. ``ordered`` is people, ``touched`` their orders."""

    counts: Counts
    ordered: int
    touched: queries.Touched
    links: list[LinkClicks]
    providers: list[Provider]
    devices: list[Device]
    course: list[tuple[datetime, int, int]]
    machine_opens: int
    machine_clicks: int


def report(campaign: Campaign) -> Report:
    """Read a mailing's report from ledger, log and orders."""
    params = _params(campaign)
    machines = {row["kind"]: row["times"] for row in _rows("count_machines", params)}
    return Report(
        counts=counts([campaign.pk])[campaign.pk],
        ordered=people(campaign, "ordered").count(),
        touched=queries.touched(source_kind=SOURCE, source_ids=[campaign.pk])[campaign.pk],
        links=[LinkClicks(**row) for row in _rows("count_link_clicks", params)],
        providers=[Provider(**row) for row in _rows("count_providers", params)],
        devices=[Device(**row) for row in _rows("count_devices", params)],
        course=[(row["hour"], row["opened"], row["clicked"]) for row in _rows("count_course", params)],
        machine_opens=machines.get("mail.opened", 0),
        machine_clicks=machines.get("mail.clicked", 0),
    )


def people_by_link(campaign: Campaign) -> dict[str, int]:
    """How many people clicked each link of a mailing, by its address as written."""
    return {row["url"]: row["people"] for row in _rows("count_link_clicks", _params(campaign))}


def _params(campaign: Campaign) -> dict[str, Any]:
    since = campaign.started_at or campaign.created_at
    return {
        "workspace_id": tenancy.require_workspace(),
        "source_kind": SOURCE,
        "source_id": campaign.pk,
        "source": f"{SOURCE}:{campaign.pk}",
        "since": since,
        "until": since + min(max(clock.now() - since, COURSE_AT_LEAST), COURSE_AT_MOST),
        "most": PROVIDERS_SHOWN,
    }


def _rows(statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    return sql.fetch_all(sql.load("northpost.analytics", statement), params)


# What can be asked of a mailing's people, each a list behind a figure.
DEEDS = {
    "chosen": _("Chosen"),
    "accepted": _("Sent"),
    "delivered": _("Delivered"),
    "opened": _("Opened"),
    "clicked": _("Clicked"),
    "ordered": _("Ordered"),
    "unsubscribed": _("Unsubscribed"),
    "bounced": _("Refused or came back"),
    "skipped": _("Not sent"),
    "in_doubt": _("In doubt"),
}
_MEANING = {
    "chosen": Q(),
    "accepted": Q(state=MessageState.ACCEPTED),
    "delivered": Q(state=MessageState.ACCEPTED, bounced_at=None),
    "opened": Q(opened_at__isnull=False),
    "clicked": Q(clicked_at__isnull=False),
    "unsubscribed": Q(unsubscribed_at__isnull=False),
    "bounced": Q(bounced_at__isnull=False) | Q(state=MessageState.REJECTED),
    "skipped": Q(state=MessageState.SKIPPED),
    "in_doubt": Q(state=MessageState.IN_DOUBT),
}


def people(campaign: Campaign, did: str) -> QuerySet[Message]:
    """The ledger's lines of the people who did it (a key of ``DEEDS``), the latest first."""
    lines = Message.objects.filter(source_kind=SOURCE, source_id=campaign.pk)
    if did == "ordered":
        touches = Touch.objects.filter(source_kind=SOURCE, source_id=campaign.pk)
        lines = lines.filter(pk__in=touches.values("message_id"))
    else:
        lines = lines.filter(_MEANING[did])
    return lines.order_by(F("clicked_at").desc(nulls_last=True), F("settled_at").desc(nulls_last=True), "pk")


def with_contacts(lines: list[Message]) -> list[tuple[Message, Contact | None]]:
    """Each line with its person, if they are still there."""
    contacts = Contact.objects.in_bulk([line.contact_id for line in lines])
    return [(line, contacts.get(line.contact_id)) for line in lines]
