"""The weeks before today, step by step on the virtual clock: people sign up and order, mail goes out, people react."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from northpost.campaigns import actions as campaigns
from northpost.campaigns.models import Campaign
from northpost.core import clock
from northpost.delivery import actions as delivery
from northpost.delivery import queries as ledger
from northpost.delivery.actions.control import finish_sources
from northpost.delivery.engine import send_due
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.models import HitKind, Link
from northpost.demo.company import Company
from northpost.demo.desk import Desk, arrived_since
from northpost.demo.letters import LETTERS, Letter
from northpost.demo.loading import Register, sign_up, sign_up_many
from northpost.demo.orders import MailedOrder, keep_orders
from northpost.demo.postbox import Postbox
from northpost.demo.readers import Deed, Delivered, Happening, Readers, agent_of
from northpost.demo.returns import BY_MAIL, bring_back
from northpost.demo.scenario import PlannedMailing
from northpost.events import consumers
from northpost.segments import lifecycle
from northpost.segments.actions import note_sizes
from northpost.team.models import Workspace

HIT_KINDS = {
    Deed.OPEN: HitKind.OPEN,
    Deed.MACHINE_OPEN: HitKind.OPEN,
    Deed.CLICK: HitKind.CLICK,
    Deed.MACHINE_CLICK: HitKind.CLICK,
}

LAST_WEEK = timedelta(days=7)
FIRST_TURNS = timedelta(minutes=2)
ONE_DAY, QUIET_STEP, FRESH = timedelta(days=1), timedelta(days=3), timedelta(days=3)


class MailingFailed(RuntimeError):
    """A mailing of the demo did not go out as it should: permanent, the message says how."""


@dataclass
class OnItsWay:
    """A mailing of which some messages may still be delivered later."""

    campaign: Campaign
    letter: Letter
    links: list[int] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


@dataclass
class Story:
    """Everything that moves while time passes. `time` stands still except where this moves it; up to `lived` people
    have signed up and ordered."""

    company: Company
    workspace: Workspace
    desk: Desk
    register: Register
    box: Postbox
    time: clock.VirtualClock
    readers: Readers
    under_way: list[OnItsWay] = field(default_factory=list)
    mailed_orders: int = 0
    last_sent: datetime | None = None
    lived: datetime | None = None

    def live_until(self, moment: datetime) -> None:
        """Let time pass: by the day while a mailing is fresh, faster when little happens."""
        while (now := self.time.now()) < moment:
            fresh = self.last_sent is not None and now < self.last_sent + FRESH
            self._live(min(now + (ONE_DAY if fresh else QUIET_STEP), moment))

    def send(self, planned: PlannedMailing) -> Campaign | None:
        """Plan, start and send a mailing now; None where it stays a draft, for a small company may have nobody to
        send it to. Raises MailingFailed for what goes wrong on the way."""
        campaign = self.desk.plan(planned)
        try:
            campaigns.start_campaign(campaign_id=campaign.pk)
        except campaigns.NotReady:
            return None
        campaigns.freeze(campaign_id=campaign.pk)
        if planned.warming:
            # Whoever reads our mail has the first turn: the others' comes up to a minute later.
            self.time.move_to(self.time.now() + FIRST_TURNS)
        self.last_sent = self.time.now()
        self.under_way.append(OnItsWay(campaign, LETTERS[planned.letter]))
        self._deliver()
        return campaign

    # --- time passes -----------------------------------------------------------------------------------

    def _live(self, end: datetime) -> None:
        start = self.lived or self.time.now()
        self.lived = end
        self._sign_up(start, end)
        happenings = self.readers.until(end)
        self._hit(happenings)
        self._order(happenings, start, end)
        # Leaving, and writing back, is done by each at their own moment.
        for happening in happenings:
            self._answer(happening)
        self.time.move_to(end)
        self.box.tell_time(end)
        delivery.classify_hits()
        follow_up()
        self._deliver()
        consumers.consume_all()
        lifecycle.refresh(end)
        note_sizes(now=end)

    def _sign_up(self, start: datetime, end: datetime) -> None:
        newcomers = self.company.people.signed_up_between(start, end)
        # The last week's leave proof of their own, with their IP; for all of them that would take too long.
        each = sign_up if end > self.company.now - LAST_WEEK else sign_up_many
        each(self.company, newcomers, self.register)

    def _hit(self, happenings: Sequence[Happening]) -> None:
        delivery.record_hits(
            [
                delivery.NewHit(
                    kind=HIT_KINDS[happening.deed],
                    message_id=happening.message_id,
                    at=happening.at,
                    link_id=happening.link if "click" in happening.deed else None,
                    agent=agent_of(happening),
                )
                for happening in happenings
                if happening.deed in HIT_KINDS
            ]
        )

    def _order(self, happenings: Sequence[Happening], start: datetime, end: datetime) -> None:
        mailed = [
            MailedOrder(happening.at, happening.person, happening.basket)
            for happening in happenings
            if happening.deed is Deed.ORDER
        ]
        keep_orders(self.company, self.register, start, end, mailed, first_number=self.mailed_orders)
        self.mailed_orders += len(mailed)

    def _answer(self, happening: Happening) -> None:
        if happening.deed is Deed.UNSUBSCRIBE:
            self.time.move_to(happening.at)
            delivery.unsubscribe(message_id=happening.message_id)
        elif happening.deed in BY_MAIL:
            self.time.move_to(happening.at)
            bring_back(happening, self.company.people)

    # --- mail ------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        """Send what is due, and put into the readers' mailboxes what was taken."""
        now = clock.now()
        if not ledger.is_due(now):
            return
        self.box.tell_time(now)
        report = send_due(self.workspace.pk)
        if report.alerts or report.states["in_doubt"] > len(self.box.cut):
            raise MailingFailed(f"{dict(report.states)}: {'; '.join(report.alerts)}")
        for mailing in self.under_way:
            self._hand_over(mailing, now)
        finish_sources(now)
        campaigns.finish_done()
        self.under_way = [each for each in self.under_way if ledger.counts(campaigns.SOURCE, each.campaign.pk).waiting]

    def _hand_over(self, mailing: OnItsWay, now: datetime) -> None:
        if not mailing.links:
            mailing.links = list(
                Link.objects.filter(source_kind=campaigns.SOURCE, source_id=mailing.campaign.pk)
                .order_by("position", "pk")
                .values_list("pk", flat=True)
            )
        delivered = [
            Delivered(message_id, self.register.person_of[contact_id], language, settled_at)
            for message_id, contact_id, language, settled_at in arrived_since(mailing.campaign, now)
            if message_id not in mailing.seen
        ]
        mailing.seen.update(mail.message_id for mail in delivered)
        self.readers.deliver(mailing.letter, mailing.campaign.name, mailing.links, delivered)
