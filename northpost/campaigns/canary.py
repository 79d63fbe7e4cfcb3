"""Large mailings go to a few people first; how those take it decides whether the others get it by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Func, IntegerField, Sum
from django.utils.translation import gettext as _

from northpost.campaigns.models import Campaign, CampaignState, CanaryPolicy
from northpost.core import clock, tenancy
from northpost.delivery import queries as ledger
from northpost.delivery.actions.control import pause_source
from northpost.delivery.actions.holding import hold_back, release_held
from northpost.delivery.models import HeldBatch, Route, RouteKind, WaitingBatch
from northpost.team.actions import record
from northpost.team.models import User

SOURCE = "campaign"
LEAST = 500
# Stricter than the breakers: there is little mail yet, and much to lose.
MOST_BOUNCED, MOST_COMPLAINED, MOST_PUT_OFF = 0.03, 0.001, 0.3
LEAST_COMPLAINTS = 2  # one person alone is nothing to go by
LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True)
class FirstShare:
    """How the first messages were taken. ``left``: those that are not settled yet."""

    sent: int
    bounced: int
    complained: int
    left: int


def judge(first: FirstShare) -> tuple[str, float] | None:
    """What is wrong with it, as (pause code, share), or None. Pure."""
    total = first.sent + first.left
    if first.sent and first.complained >= LEAST_COMPLAINTS and first.complained / first.sent >= MOST_COMPLAINED:
        return "canary_complaints", first.complained / first.sent
    if first.sent and first.bounced / first.sent >= MOST_BOUNCED:
        return "canary_bounces", first.bounced / first.sent
    if total and first.left / total >= MOST_PUT_OFF:
        return "canary_put_off", first.left / total
    return None


def first_share(audience: int, policy: CanaryPolicy) -> int:
    """To how many it goes first. Pure."""
    return max(LEAST, audience * policy.percent // 100)


def policy() -> CanaryPolicy:
    return CanaryPolicy.objects.first() or CanaryPolicy()


def set_policy(*, enabled: bool, over: int, percent: int, minutes: int, by: User | None = None) -> CanaryPolicy:
    """Raises ValueError with words for what makes no sense."""
    if over < LEAST * 2:
        raise ValueError(
            _("At least %(least)d people: of fewer the first share would say nothing.") % {"least": LEAST * 2}
        )
    if not 1 <= percent <= 50:
        raise ValueError(_("Between 1 and 50 percent."))
    if not 5 <= minutes <= 24 * 60:
        raise ValueError(_("Between 5 minutes and a day."))
    with transaction.atomic():
        made, _made_now = CanaryPolicy.objects.update_or_create(
            workspace_id=tenancy.require_workspace(),
            defaults={"enabled": enabled, "over": over, "percent": percent, "minutes": minutes},
        )
        detail = {"enabled": enabled, "over": over, "percent": percent, "minutes": minutes}
        record(user=by, verb="changed", noun="canary", noun_id=made.pk, detail=detail)
    return made


def begin(campaign: Campaign, *, queued: int) -> None:
    """Hold the others back, where the mailing is large enough. In the transaction that freezes the audience."""
    known = policy()
    rehearsal = Route.objects.filter(pk=campaign.route_id or 0, kind=RouteKind.MAILBOX).exists()
    if not (campaign.canary and known.enabled) or rehearsal or queued <= known.over:
        return
    hold_back(kind=SOURCE, source_id=campaign.pk, first=first_share(queued, known))
    until = clock.now() + timedelta(minutes=known.minutes)
    Campaign.objects.filter(pk=campaign.pk).update(canary_until=until)


def look_at_first_shares() -> int:
    """Judge those in the current workspace whose time has come; returns how many messages were let go."""
    now = clock.now()
    due = Campaign.objects.filter(state=CampaignState.SENDING, canary_until__lte=now).order_by("pk")
    return sum(_decide(campaign_id) for campaign_id in due.values_list("pk", flat=True))


def _decide(campaign_id: int) -> int:
    now = clock.now()
    with transaction.atomic():
        # Of several workers that see it, one decides.
        campaign = (
            Campaign.objects.select_for_update(skip_locked=True)
            .filter(pk=campaign_id, state=CampaignState.SENDING, canary_until__lte=now)
            .first()
        )
        if campaign is None:
            return 0
        first = measure(campaign_id)
        if not first.sent:
            # Nothing has gone yet: quiet hours, or a server that is paused. That says nothing about the mail.
            Campaign.objects.filter(pk=campaign_id).update(canary_until=now + LOOK_AGAIN)
            return 0
        found = judge(first)
        if found is None:
            return go_on(campaign_id)
        code, share = found
        Campaign.objects.filter(pk=campaign_id).update(
            state=CampaignState.PAUSED,
            pause_code=code,
            pause_params={"share": share, "sent": first.sent},
            pause_reason="",
            updated_at=now,
        )
        pause_source(kind=SOURCE, source_id=campaign_id, reason=code)
        return 0


def go_on(campaign_id: int) -> int:
    """Let the others have it; returns how many messages that are."""
    released = release_held(kind=SOURCE, source_id=campaign_id)
    Campaign.objects.filter(pk=campaign_id).update(canary_until=None)
    return released


def measure(campaign_id: int) -> FirstShare:
    """How the first messages were taken so far."""
    source = ledger.source(SOURCE, campaign_id)
    if source is None:
        return FirstShare(0, 0, 0, 0)
    return FirstShare(
        sent=source.accepted_count + source.rejected_count + source.in_doubt_count,
        bounced=source.rejected_count + source.late_bounced_count,
        complained=source.complained_count,
        left=_messages(WaitingBatch, campaign_id),
    )


def held(campaign_id: int) -> int:
    """How many messages are held back."""
    return _messages(HeldBatch, campaign_id)


def _messages(batches: type[WaitingBatch] | type[HeldBatch], campaign_id: int) -> int:
    rows = batches.objects.filter(source_kind=SOURCE, source_id=campaign_id)
    return (
        rows.aggregate(messages=Sum(Func("message_ids", function="cardinality", output_field=IntegerField())))[
            "messages"
        ]
        or 0
    )
