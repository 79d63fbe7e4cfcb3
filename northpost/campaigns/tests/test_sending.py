"""From a draft to messages in the ledger: checked first, each person once, held and let go, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from northpost.campaigns import actions, preflight, queries
from northpost.campaigns.models import Campaign, CampaignContent, CampaignState
from northpost.campaigns.rules import BadAudience
from northpost.contacts import actions as contacts
from northpost.content import actions as content
from northpost.content.models import TemplateVersion
from northpost.core import clock
from northpost.delivery.models import Message, Route, Sender, WaitingBatch
from northpost.segments.actions import save_segment
from northpost.team.models import Workspace

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
RULE = {"kind": "attribute", "attribute": "language", "test": "is", "text": "bg"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def furnished(workspace: Workspace) -> Workspace:
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street, Varna", company_name="Firm")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=NOW)
    Route.objects.get_or_create(name="Server", defaults={"host": "mail.firm.example", "created_at": NOW})
    return workspace


def add_person(email: str, *, agreed: bool = True, language: str = "en", lists: tuple[int, ...] = ()) -> int:
    person = contacts.add_contact(email=email, language=language)
    if agreed:
        contacts.grant_consent(contact_id=person.pk, source="test")
    for each in lists:
        contacts.add_to_list(list_id=each, people=[person.pk])
    return person.pk


@pytest.fixture
def news(furnished: Workspace) -> int:
    return contacts.create_list(name="News").pk


@pytest.fixture
def draft(furnished: Workspace, news: int) -> Campaign:
    template = content.create_template(languages=["en", "bg"], kind="newsletter")
    return actions.create_campaign(
        name="Spring",
        template_id=template.pk,
        default_language="en",
        audience={"include": [{"list": news}], "exclude": []},
    )


def start(campaign: Campaign) -> int:
    actions.start_campaign(campaign_id=campaign.pk)
    return actions.freeze(campaign_id=campaign.pk)


def state(campaign: Campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).state


def test_everyone_chosen_has_a_line_in_the_ledger(draft: Campaign, news: int):
    sent_to = add_person("a@people.example", language="bg", lists=(news,))
    silent = add_person("b@people.example", agreed=False, lists=(news,))
    add_person("c@people.example")

    assert start(draft) == 1
    lines = {line.contact_id: line for line in Message.objects.filter(source_kind="campaign", source_id=draft.pk)}
    assert {key: (line.state, line.reason) for key, line in lines.items()} == {
        sent_to: ("queued", ""),
        silent: ("skipped", "no_consent"),
    }
    assert lines[sent_to].language == "bg"
    assert state(draft) == CampaignState.SENDING
    assert queries.counts([draft.pk])[draft.pk].chosen == 2


def test_people_in_two_groups_get_one_message_and_who_is_left_out_gets_none(draft: Campaign, news: int):
    vip = contacts.create_list(name="VIP").pk
    staff = contacts.create_list(name="Staff").pk
    both = add_person("a@people.example", lists=(news, vip))
    add_person("b@people.example", lists=(news, staff))
    actions.update_campaign(
        campaign_id=draft.pk,
        audience={"include": [{"list": news}, {"list": vip}], "exclude": [{"list": staff}]},
    )
    assert start(draft) == 1
    assert list(Message.objects.values_list("contact_id", flat=True)) == [both]


def test_freezing_again_adds_nobody(draft: Campaign, news: int):
    add_person("a@people.example", lists=(news,))
    assert start(draft) == 1
    Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.FREEZING)
    assert actions.freeze(campaign_id=draft.pk) == 0
    assert Message.objects.count() == 1


def test_what_is_missing_is_said_and_nothing_goes(draft: Campaign, news: int):
    with pytest.raises(actions.NotReady) as caught:
        actions.start_campaign(campaign_id=draft.pk)
    assert [problem.key for problem in caught.value.problems] == ["audience"]
    assert state(draft) == CampaignState.DRAFT
    assert not CampaignContent.objects.exists()


def test_a_bare_draft_lacks_everything(workspace: Workspace):
    campaign = actions.create_campaign(name="Bare")
    missing = {check.key for check in preflight.check(campaign) if check.level is preflight.Level.MISSING}
    assert {"audience", "sender", "address", "template"} <= missing


def test_content_is_pinned_when_it_starts(draft: Campaign, news: int):
    add_person("a@people.example", lists=(news,))
    start(draft)
    pinned = CampaignContent.objects.get(campaign=draft, language="en")
    version = TemplateVersion.objects.get(pk=pinned.version_id)
    assert version.used_at == NOW
    later = content.save_version(
        template_id=version.template_id,
        language="en",
        subject="Another subject",
        preheader="",
        mjml=version.mjml,
        text="",
    )
    assert later.number == version.number + 1
    assert TemplateVersion.objects.get(pk=version.pk).subject == version.subject


def test_what_is_on_its_way_cannot_be_changed(draft: Campaign, news: int):
    add_person("a@people.example", lists=(news,))
    start(draft)
    with pytest.raises(actions.CampaignError, match="can't be changed any more"):
        actions.update_campaign(campaign_id=draft.pk, name="Other")
    with pytest.raises(actions.CampaignError, match="Sending"):
        actions.start_campaign(campaign_id=draft.pk)
    assert Campaign.objects.get(pk=draft.pk).name == "Spring"


def test_paused_resumed_ended(draft: Campaign, news: int):
    for number in range(3):
        add_person(f"p{number}@people.example", lists=(news,))
    start(draft)
    actions.pause_campaign(campaign_id=draft.pk, reason="a look at it")
    assert state(draft) == CampaignState.PAUSED
    actions.resume_campaign(campaign_id=draft.pk)
    assert state(draft) == CampaignState.SENDING
    assert actions.cancel_campaign(campaign_id=draft.pk) == 3
    assert state(draft) == CampaignState.CANCELLED
    assert set(Message.objects.values_list("state", "reason")) == {("skipped", "cancelled")}
    with pytest.raises(actions.CampaignError):
        actions.resume_campaign(campaign_id=draft.pk)


def test_a_scheduled_mailing_starts_when_its_time_comes(draft: Campaign, news: int, noon: clock.VirtualClock):
    add_person("a@people.example", lists=(news,))
    with pytest.raises(actions.CampaignError, match="has passed"):
        actions.schedule_campaign(campaign_id=draft.pk, at=NOW)
    actions.schedule_campaign(campaign_id=draft.pk, at=NOW + timedelta(hours=2))
    assert actions.start_due() == []
    noon.advance(timedelta(hours=2))
    assert actions.start_due() == [draft.pk]
    assert actions.start_due() == []
    assert state(draft) == CampaignState.FREEZING


def test_a_scheduled_mailing_that_is_no_longer_ready_waits_with_the_reason(
    draft: Campaign, news: int, noon: clock.VirtualClock
):
    person = add_person("a@people.example", lists=(news,))
    actions.schedule_campaign(campaign_id=draft.pk, at=NOW + timedelta(hours=2))
    contacts.remove_from_list(list_id=news, people=[person])
    noon.advance(timedelta(hours=3))
    assert actions.start_due() == []
    campaign = Campaign.objects.get(pk=draft.pk)
    assert (campaign.state, campaign.pause_reason) == (CampaignState.DRAFT, "Nobody is in these groups now.")


def test_it_is_sent_when_nothing_is_left(draft: Campaign, news: int):
    add_person("a@people.example", lists=(news,))
    start(draft)
    assert actions.finish_done() == 0
    Message.objects.update(state="accepted", settled_at=NOW)
    WaitingBatch.objects.all().delete()
    assert actions.finish_done() == 1
    assert state(draft) == CampaignState.SENT


@pytest.mark.parametrize(
    "audience",
    [
        {"include": [{"list": 999_999}], "exclude": []},
        {"include": [{"segment": 999_999}], "exclude": []},
    ],
)
def test_groups_of_nowhere_are_refused(draft: Campaign, audience: dict[str, object]):
    actions.update_campaign(campaign_id=draft.pk, audience=audience)
    with pytest.raises(actions.NotReady):
        actions.start_campaign(campaign_id=draft.pk)


@pytest.mark.parametrize(
    "audience",
    [
        {"include": "everyone"},
        {"include": [{"sql": "1=1"}]},
        {"include": [{"list": "1"}]},
        {"include": [{"list": True}]},
        {"include": [{"everyone": True}] * 51},
        {"include": [{"everyone": True}], "exclude": [{"everyone": True}]},
    ],
)
def test_an_audience_that_makes_no_sense_is_refused(draft: Campaign, audience: dict[str, object]):
    before = Campaign.objects.get(pk=draft.pk).audience
    with pytest.raises(BadAudience):
        actions.update_campaign(campaign_id=draft.pk, audience=audience)
    assert Campaign.objects.get(pk=draft.pk).audience == before


def test_a_segment_is_an_audience(draft: Campaign):
    reader = add_person("a@people.example", language="bg")
    add_person("b@people.example", language="en")
    segment = save_segment(name="Readers of Bulgarian", rule=RULE, by=None)
    actions.update_campaign(campaign_id=draft.pk, audience={"include": [{"segment": segment.pk}], "exclude": []})
    assert start(draft) == 1
    assert list(Message.objects.values_list("contact_id", flat=True)) == [reader]
