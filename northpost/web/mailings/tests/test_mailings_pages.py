"""From a new mailing to one that is sent, through the pages: what is kept, what is refused, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from northpost.campaigns import actions
from northpost.campaigns.models import Campaign, CampaignState, CampaignTest
from northpost.contacts.models import Contact, Purpose
from northpost.core import tenancy
from northpost.delivery.models import Message, Route, Sender
from northpost.segments.actions import save_segment
from northpost.team.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db

BASE = "/w/firm/mailings/"
WRITES = {
    "who/": {"include": ["everyone"]},
    "what/": {},
    "way/": {},
    "rename/": {"name": "Stolen"},
    "test/": {"email": "a@b.example"},
    "send/": {},
    "schedule/": {"at": "2026-05-01T10:00"},
    "unschedule/": {},
    "pause/": {},
    "resume/": {},
    "cancel/": {"typed": "Spring"},
    "duplicate/": {},
    "archive/": {},
}
SENDING = ("send/", "schedule/", "unschedule/", "pause/", "resume/", "cancel/")


def state(campaign: Campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).state


def start(campaign: Campaign) -> int:
    actions.start_campaign(campaign_id=campaign.pk)
    return actions.freeze(campaign_id=campaign.pk)


def test_without_mailings_the_list_says_what_they_are_for(browser: Client, workspace: Workspace):
    answer = browser.get(BASE)
    assert answer.status_code == 200
    assert "Write to a group of people" in answer.text


def test_the_list_filters_by_its_address(browser: Client, draft: Campaign):
    actions.create_campaign(name="Autumn")
    assert "Spring" in browser.get(BASE, {"q": "spri"}).text
    assert "Autumn" not in browser.get(BASE, {"q": "spri"}).text
    assert "No mailing fits this filter." in browser.get(BASE, {"state": "sent"}).text
    assert browser.get(BASE, {"state": "nonsense", "page": "-7"}).status_code == 200


def test_a_new_mailing_needs_a_name(browser: Client, workspace: Workspace):
    answer = browser.post(BASE + "new/", {"name": "  "})
    assert answer.status_code == 422
    assert not Campaign.objects.exists()


def test_a_new_mailing_takes_the_segment_it_was_begun_from(browser: Client, workspace: Workspace):
    rule = {"kind": "attribute", "attribute": "language", "test": "is", "text": "bg"}
    segment = save_segment(name="Readers", rule=rule, by=None)
    browser.post(f"{BASE}new/?segment={segment.pk}", {"name": "Letter"})
    browser.post(f"{BASE}new/?segment=999999999999999999999", {"name": "Other"})
    assert Campaign.objects.get(name="Letter").audience["include"] == [{"segment": segment.pk}]
    assert Campaign.objects.get(name="Other").audience["include"] == []


def test_the_cards_keep_what_is_chosen(browser: Client, draft: Campaign, news: int):
    purpose, sender = Purpose.objects.get(), Sender.objects.get()
    answer = browser.post(
        f"{BASE}{draft.pk}/who/",
        {"include": ["everyone"], "exclude": [f"list:{news}"], "purpose": purpose.pk, "sender": sender.pk},
    )
    assert answer.headers["Location"] == f"{BASE}{draft.pk}/#who"
    kept = Campaign.objects.get(pk=draft.pk)
    assert kept.audience == {"include": [{"everyone": True}], "exclude": [{"list": news}]}
    assert (kept.purpose_id, kept.sender_id) == (purpose.pk, sender.pk)

    browser.post(f"{BASE}{draft.pk}/what/", {"template": draft.template_id, "default_language": "bg"})
    assert Campaign.objects.get(pk=draft.pk).default_language == "bg"
    browser.post(f"{BASE}{draft.pk}/rename/", {"name": " Spring   news "})
    assert Campaign.objects.get(pk=draft.pk).name == "Spring news"


def test_looking_at_somebody_stays_through_a_change(browser: Client, draft: Campaign):
    person = Contact.objects.order_by("pk").last()
    answer = browser.post(
        f"{BASE}{draft.pk}/way/", {"route": Route.objects.get().pk, "person": person.pk, "language": "bg"}
    )
    assert answer.headers["Location"] == f"{BASE}{draft.pk}/?person={person.pk}&language=bg#when"


@pytest.mark.parametrize(
    ("page", "given"),
    [
        ("who/", {"include": ["list:999999"]}),
        ("who/", {"include": ["everyone"], "exclude": ["everyone"]}),
        ("who/", {"include": ["everyone"], "sender": "999999"}),
        ("who/", {"include": ["everyone"], "purpose": "nonsense"}),
        ("what/", {"template": "999999"}),
        ("what/", {"template": "' OR 1=1"}),
        ("what/", {"default_language": "xx"}),
        ("way/", {"route": "999999"}),
        ("rename/", {"name": ""}),
        ("schedule/", {"at": "2026-03-04T08:00"}),
        ("schedule/", {"at": "0001-01-01T00:00"}),
        ("schedule/", {"at": "tomorrow"}),
        ("schedule/", {"at": ""}),
        ("test/", {"email": "nobody"}),
    ],
)
def test_what_makes_no_sense_is_said_at_its_card_and_changes_nothing(
    browser: Client, draft: Campaign, page: str, given: dict[str, object]
):
    before = Campaign.objects.filter(pk=draft.pk).values().get()
    answer = browser.post(f"{BASE}{draft.pk}/{page}", given)
    assert answer.status_code == 422
    assert 'class="errorlist' in answer.text
    assert Campaign.objects.filter(pk=draft.pk).values().get() == before
    assert not CampaignTest.objects.exists()


def test_what_is_missing_is_named_and_there_is_no_button_to_send(browser: Client, workspace: Workspace):
    bare = actions.create_campaign(name="Bare")
    page = browser.get(f"{BASE}{bare.pk}/").text
    for sentence in (
        "Choose the people who get it.",
        "Choose whom it comes from.",
        "Choose a template: there is nothing to send yet.",
        "Enter your postal address in Settings",
    ):
        assert sentence in page
    assert "confirm-send" not in page
    answer = browser.post(f"{BASE}{bare.pk}/send/", follow=True)
    assert "Choose the people who get it." in answer.text
    assert state(bare) == CampaignState.DRAFT


def test_the_button_says_how_many_get_it_and_that_it_is_a_rehearsal(browser: Client, draft: Campaign):
    page = browser.get(f"{BASE}{draft.pk}/").text
    assert "Send to 3 people" in page
    assert "local mailbox: a rehearsal, nobody outside gets anything" in page


def test_sending_is_watched_paused_and_ended(browser: Client, draft: Campaign):
    answer = browser.post(f"{BASE}{draft.pk}/send/", follow=True)
    assert "The people are being chosen." in answer.text
    assert state(draft) == CampaignState.FREEZING
    assert actions.freeze(campaign_id=draft.pk) == 2
    page = browser.get(f"{BASE}{draft.pk}/").text
    assert "Pause sending" in page
    assert "2</strong>" not in page
    assert "2 messages are still to go" in page
    assert "has not agreed" in page

    browser.post(f"{BASE}{draft.pk}/pause/")
    paused = Campaign.objects.get(pk=draft.pk)
    assert (paused.state, paused.pause_reason) == (CampaignState.PAUSED, "Paused by Vera.")
    assert "Go on sending" in browser.get(f"{BASE}{draft.pk}/").text
    browser.post(f"{BASE}{draft.pk}/resume/")
    assert state(draft) == CampaignState.SENDING

    answer = browser.post(f"{BASE}{draft.pk}/cancel/", {"typed": "Summer"}, follow=True)
    assert "Type the mailing&#x27;s name to end it." in answer.text
    assert state(draft) == CampaignState.SENDING
    assert Message.objects.filter(state="queued").count() == 2
    browser.post(f"{BASE}{draft.pk}/cancel/", {"typed": "Spring"})
    assert state(draft) == CampaignState.CANCELLED
    assert set(Message.objects.values_list("state", "reason")) == {("skipped", "cancelled"), ("skipped", "no_consent")}
    verbs = AuditEntry.objects.filter(noun="campaign").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["started", "paused", "resumed", "cancelled"]


def test_the_live_part_comes_alone_until_the_state_changes(browser: Client, draft: Campaign):
    start(draft)
    headers = {"hx-request": "true"}
    live = browser.get(f"{BASE}{draft.pk}/progress/", {"was": "sending"}, headers=headers)
    assert live.status_code == 200
    assert "<html" not in live.text
    actions.pause_campaign(campaign_id=draft.pk)
    changed = browser.get(f"{BASE}{draft.pk}/progress/", {"was": "sending"}, headers=headers)
    assert (changed.status_code, changed.headers["HX-Redirect"]) == (204, f"{BASE}{draft.pk}/")
    assert browser.get(f"{BASE}{draft.pk}/progress/").status_code == 302


def test_a_time_is_the_workspaces_and_can_be_changed_and_taken_back(browser: Client, draft: Campaign):
    Workspace.objects.filter(pk=draft.workspace_id).update(time_zone="Europe/Sofia")
    browser.post(f"{BASE}{draft.pk}/schedule/", {"at": "2026-03-05T10:00"})
    planned = Campaign.objects.get(pk=draft.pk)
    assert (planned.state, planned.scheduled_at) == (CampaignState.SCHEDULED, datetime(2026, 3, 5, 8, tzinfo=UTC))
    browser.post(f"{BASE}{draft.pk}/schedule/", {"at": "2026-03-06T10:00"})
    assert Campaign.objects.get(pk=draft.pk).scheduled_at == datetime(2026, 3, 6, 8, tzinfo=UTC)
    assert 'value="2026-03-06T10:00"' in browser.get(f"{BASE}{draft.pk}/").text
    browser.post(f"{BASE}{draft.pk}/unschedule/")
    planned = Campaign.objects.get(pk=draft.pk)
    assert (planned.state, planned.scheduled_at) == (CampaignState.DRAFT, None)


def test_a_test_goes_through_the_gate_to_the_address_given(browser: Client, draft: Campaign):
    person = Contact.objects.order_by("pk")[1]
    answer = browser.post(
        f"{BASE}{draft.pk}/test/", {"email": "me@firm.example", "person": person.pk, "language": "bg"}, follow=True
    )
    assert "A test for me@firm.example is on its way to the local mailbox." in answer.text
    made = CampaignTest.objects.get()
    assert (made.to, made.contact_id) == ("me@firm.example", person.pk)
    line = Message.objects.get(source_kind="test", source_id=made.pk)
    assert (line.send_to, line.language, line.state) == ("me@firm.example", "bg", "queued")


def test_the_preview_is_the_mail_as_that_person_gets_it_and_can_do_nothing(browser: Client, draft: Campaign):
    person = Contact.objects.order_by("pk")[1]
    answer = browser.get(f"{BASE}{draft.pk}/preview/", {"person": person.pk})
    assert "P1" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for odd in ("0", "", "x", "99999999999999999999999", "-1"):
        assert browser.get(f"{BASE}{draft.pk}/preview/", {"person": odd, "language": "xx"}).status_code == 200
    phone = browser.get(f"{BASE}{draft.pk}/as-person/", {"person": person.pk}, headers={"hx-request": "true"})
    assert f'value="{person.pk}" selected' in phone.text


def test_copied_and_put_away(browser: Client, draft: Campaign):
    browser.post(f"{BASE}{draft.pk}/duplicate/")
    copy = Campaign.objects.latest("pk")
    assert (copy.name, copy.audience, copy.template_id) == ("Spring (copy)", draft.audience, draft.template_id)
    browser.post(f"{BASE}{copy.pk}/archive/")
    assert "Spring (copy)" not in browser.get(BASE).text
    assert "Spring (copy)" in browser.get(BASE, {"state": "archived"}).text
    browser.post(f"{BASE}{copy.pk}/archive/")
    assert "Spring (copy)" in browser.get(BASE).text


@pytest.mark.parametrize("page", WRITES)
def test_looking_never_writes(browser: Client, draft: Campaign, page: str):
    before = Campaign.objects.filter(pk=draft.pk).values().get()
    assert browser.get(f"{BASE}{draft.pk}/{page}", WRITES[page]).status_code == 405
    assert Campaign.objects.filter(pk=draft.pk).values().get() == before
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("page", WRITES)
def test_an_analyst_changes_nothing(member, draft: Campaign, page: str):
    assert member("analyst").post(f"{BASE}{draft.pk}/{page}", WRITES[page]).status_code == 403
    assert (state(draft), Campaign.objects.count()) == (CampaignState.DRAFT, 1)


@pytest.mark.parametrize("page", SENDING)
@pytest.mark.parametrize("role", ["consultant", "project_manager"])
def test_who_may_not_send_does_not(member, draft: Campaign, page: str, role: str):
    assert member(role).post(f"{BASE}{draft.pk}/{page}", WRITES[page]).status_code == 403
    assert state(draft) == CampaignState.DRAFT


def test_an_analyst_sees_no_button_that_sends(member, draft: Campaign):
    client = member("analyst")
    page = client.get(f"{BASE}{draft.pk}/").text
    assert "Send to 3 people" not in page
    assert "<fieldset disabled>" in page
    start(draft)
    page = client.get(f"{BASE}{draft.pk}/").text
    assert "Pause sending" not in page
    assert "End it" not in page


@pytest.mark.parametrize("page", ["", "progress/", "preview/", "as-person/", "check/", "report/", "report/people/"])
def test_another_workspaces_mailing_is_not_there(browser: Client, rival: Workspace, page: str):
    with tenancy.workspace(rival.pk):
        theirs = actions.create_campaign(name="Theirs")
    assert browser.get(f"{BASE}{theirs.pk}/{page}").status_code == 404


@pytest.mark.parametrize("page", WRITES)
def test_another_workspaces_mailing_cannot_be_touched(
    browser: Client, workspace: Workspace, rival: Workspace, page: str
):
    with tenancy.workspace(rival.pk):
        theirs = actions.create_campaign(name="Theirs")
        before = Campaign.objects.filter(pk=theirs.pk).values().get()
    with tenancy.workspace(workspace.pk):
        assert browser.post(f"{BASE}{theirs.pk}/{page}", WRITES[page]).status_code in (302, 404)
    with tenancy.workspace(rival.pk):
        assert Campaign.objects.filter(pk=theirs.pk).values().get() == before
        assert Campaign.objects.count() == 1
