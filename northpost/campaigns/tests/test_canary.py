"""Large mailings go to a few people first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from northpost.campaigns import actions, breaking, canary, tasks
from northpost.campaigns.canary import FirstShare, judge
from northpost.campaigns.models import Campaign, CampaignState
from northpost.contacts.models import Consent, ConsentState, Contact, Purpose
from northpost.content.actions import create_template
from northpost.core import clock
from northpost.delivery.models import HeldBatch, Message, Route, RouteKind, Sender, Source, WaitingBatch
from northpost.delivery.rules.breakers import Breaker, Level
from northpost.team.models import Workspace

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PEOPLE = 1300
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nine() -> Iterator[clock.VirtualClock]:
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        assert isinstance(virtual, clock.VirtualClock)
        yield virtual


@pytest.fixture
def firm(workspace: Workspace) -> Workspace:
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street, Varna", company_name="Firm")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=NOW)
    Route.objects.update(is_default=False)
    Route.objects.create(name="Server", host="mail.firm.example", is_default=True, created_at=NOW)
    made = Contact.objects.bulk_create(
        Contact(email=f"p{n}@people.example", email_key=f"p{n}@people.example", created_at=NOW, updated_at=NOW)
        for n in range(PEOPLE)
    )
    purpose = Purpose.objects.get(key="marketing")
    Consent.objects.bulk_create(
        Consent(contact=person, purpose=purpose, state=ConsentState.GRANTED, since=NOW) for person in made
    )
    canary.set_policy(enabled=True, over=1000, percent=5, minutes=45)
    return workspace


def start(**choices: Any) -> Campaign:
    template = create_template(languages=["en"], kind="newsletter")
    campaign = actions.create_campaign(
        name="Spring", template_id=template.pk, audience={"include": [{"everyone": True}], "exclude": []}, **choices
    )
    actions.start_campaign(campaign_id=campaign.pk)
    assert actions.freeze(campaign_id=campaign.pk) == PEOPLE
    return Campaign.objects.get(pk=campaign.pk)


def ids(batches: Any) -> list[int]:
    return sorted(one for row in batches.objects.values_list("message_ids", flat=True) for one in row)


def settle(campaign: Campaign, *, taken: int = 0, refused: int = 0, complained: int = 0) -> None:
    """What a worker writes when the first messages are settled."""
    Source.objects.filter(source_kind="campaign", source_id=campaign.pk).update(
        accepted_count=taken, rejected_count=refused, complained_count=complained
    )
    left = canary.LEAST - taken - refused
    # However many batches they wait in.
    for batch in WaitingBatch.objects.order_by("pk"):
        still = batch.message_ids[: max(left, 0)]
        left -= len(still)
        WaitingBatch.objects.filter(pk=batch.pk).update(message_ids=still)
    WaitingBatch.objects.filter(message_ids=[]).delete()


def test_only_the_first_share_waits_to_be_sent(firm: Workspace) -> None:
    campaign = start()
    assert campaign.canary_until == NOW + timedelta(minutes=45)
    first, others = ids(WaitingBatch), ids(HeldBatch)
    assert (len(first), len(others)) == (canary.LEAST, PEOPLE - canary.LEAST)
    assert sorted(first + others) == sorted(Message.objects.values_list("pk", flat=True))
    assert canary.held(campaign.pk) == PEOPLE - canary.LEAST
    assert Message.objects.filter(state="queued").count() == PEOPLE


def test_well_taken_it_goes_on_by_itself(firm: Workspace, nine: clock.VirtualClock) -> None:
    campaign = start()
    settle(campaign, taken=495, refused=5)
    nine.advance(timedelta(minutes=44))
    assert canary.look_at_first_shares() == 0
    nine.advance(timedelta(minutes=1))
    assert tasks.tend() == PEOPLE - canary.LEAST
    campaign.refresh_from_db()
    assert (campaign.state, campaign.canary_until, campaign.pause_words) == (CampaignState.SENDING, None, "")
    assert (HeldBatch.objects.count(), len(ids(WaitingBatch))) == (0, PEOPLE - canary.LEAST)
    assert {row.due_at for row in WaitingBatch.objects.all()} == {clock.now()}
    assert canary.look_at_first_shares() == 0


@pytest.mark.parametrize(
    ("taken", "refused", "complained", "code"),
    [
        (480, 20, 0, "canary_bounces"),
        (498, 2, 2, "canary_complaints"),
        (300, 0, 0, "canary_put_off"),
    ],
)
def test_badly_taken_it_waits_for_a_person(
    firm: Workspace, nine: clock.VirtualClock, taken: int, refused: int, complained: int, code: str
) -> None:
    campaign = start()
    settle(campaign, taken=taken, refused=refused, complained=complained)
    nine.advance(timedelta(minutes=45))
    assert canary.look_at_first_shares() == 0
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_code) == (CampaignState.PAUSED, code)
    assert Source.objects.get().state == "paused"
    assert canary.held(campaign.pk) == PEOPLE - canary.LEAST
    said = {language: words(campaign, language) for language in ("en", "bg", "ru")}
    assert len(set(said.values())) == 3
    actions.resume_campaign(campaign_id=campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.canary_until, campaign.pause_words) == (CampaignState.SENDING, None, "")
    assert canary.held(campaign.pk) == 0


def words(campaign: Campaign, language: str) -> str:
    with translation.override(language):
        return campaign.pause_words


def test_nothing_is_judged_before_anything_has_gone(firm: Workspace, nine: clock.VirtualClock) -> None:
    campaign = start()
    nine.advance(timedelta(minutes=45))
    assert canary.look_at_first_shares() == 0
    campaign.refresh_from_db()
    assert (campaign.state, campaign.canary_until) == (CampaignState.SENDING, clock.now() + canary.LOOK_AGAIN)


def test_a_person_s_pause_is_no_verdict(firm: Workspace, nine: clock.VirtualClock) -> None:
    campaign = start()
    settle(campaign, taken=500)
    actions.pause_campaign(campaign_id=campaign.pk, reason="Paused by Vera.")
    nine.advance(timedelta(hours=2))
    assert canary.look_at_first_shares() == 0
    actions.resume_campaign(campaign_id=campaign.pk)
    assert canary.held(campaign.pk) == PEOPLE - canary.LEAST
    assert canary.look_at_first_shares() == PEOPLE - canary.LEAST


def test_cancelled_it_lets_nobody_have_it(firm: Workspace) -> None:
    campaign = start()
    assert actions.cancel_campaign(campaign_id=campaign.pk) == PEOPLE
    assert (HeldBatch.objects.count(), WaitingBatch.objects.count()) == (0, 0)
    assert set(Message.objects.values_list("state", "reason")) == {("skipped", "cancelled")}


def nothing_held(campaign: Campaign) -> bool:
    return campaign.canary_until is None and not HeldBatch.objects.exists() and len(ids(WaitingBatch)) == PEOPLE


def test_it_can_be_switched_off_for_a_mailing(firm: Workspace) -> None:
    assert nothing_held(start(canary=False))


def test_it_can_be_switched_off_in_the_settings(firm: Workspace) -> None:
    canary.set_policy(enabled=False, over=1000, percent=5, minutes=45)
    assert nothing_held(start())


def test_smaller_mailings_go_at_once(firm: Workspace) -> None:
    canary.set_policy(enabled=True, over=PEOPLE, percent=5, minutes=45)
    assert nothing_held(start())


def test_a_rehearsal_needs_none(firm: Workspace) -> None:
    assert nothing_held(start(route_id=Route.objects.get(kind=RouteKind.MAILBOX).pk))


def test_a_larger_share_cuts_a_batch_in_two(firm: Workspace) -> None:
    canary.set_policy(enabled=True, over=1000, percent=50, minutes=45)
    start()
    assert (len(ids(WaitingBatch)), len(ids(HeldBatch))) == (650, 650)


def test_what_waits_for_the_end_of_quiet_hours_keeps_its_moment(firm: Workspace, nine: clock.VirtualClock) -> None:
    campaign = start()
    later = NOW + timedelta(hours=5)
    HeldBatch.objects.update(due_at=later)
    nine.advance(timedelta(minutes=45))
    assert canary.go_on(campaign.pk) == PEOPLE - canary.LEAST
    assert set(WaitingBatch.objects.values_list("due_at", flat=True)) == {NOW, later}


@pytest.mark.parametrize(
    ("first", "verdict"),
    [
        (FirstShare(500, 14, 1, 0), None),
        (FirstShare(500, 15, 0, 0), ("canary_bounces", 0.03)),
        (FirstShare(500, 0, 2, 0), ("canary_complaints", 0.004)),
        (FirstShare(5000, 0, 4, 0), None),
        (FirstShare(350, 0, 0, 150), ("canary_put_off", 0.3)),
        (FirstShare(400, 0, 0, 100), None),
        (FirstShare(0, 0, 0, 0), None),
    ],
)
def test_the_verdict(first: FirstShare, verdict: tuple[str, float] | None) -> None:
    assert judge(first) == verdict


@pytest.mark.parametrize(
    "changes", [{"over": 10}, {"percent": 0}, {"percent": 51}, {"minutes": 4}, {"minutes": 24 * 60 + 1}]
)
def test_settings_that_make_no_sense(firm: Workspace, changes: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        canary.set_policy(**({"enabled": True, "over": 1000, "percent": 5, "minutes": 45} | changes))  # type: ignore[arg-type]
    assert (canary.policy().over, canary.policy().percent, canary.policy().minutes) == (1000, 5, 45)


@pytest.mark.parametrize(("level", "state"), [(Level.WARN, CampaignState.SENDING), (Level.PAUSE, CampaignState.PAUSED)])
def test_a_breaker_is_worded_for_whoever_reads_it(firm: Workspace, level: Level, state: str) -> None:
    campaign = start()
    breaking.heed(campaign.pk, Breaker(level, "bounces", 0.0512, 1234))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_code) == (state, "breaker_bounces")
    assert words(campaign, "en") == "5.12% of 1,234 messages bounced."
    assert words(campaign, "ru") != words(campaign, "bg") != words(campaign, "en")
