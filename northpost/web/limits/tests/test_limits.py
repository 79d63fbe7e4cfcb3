"""The firm's own limit, what holds mail back, and warming a domain up, through the pages."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from northpost.campaigns.models import Campaign, CampaignState
from northpost.core import clock, tenancy
from northpost.delivery.actions import routes
from northpost.delivery.actions.routing import pause_route, resume_route
from northpost.delivery.limits import allowances, budgets, holds, slowing
from northpost.delivery.limits.budgets import Limit, Move
from northpost.delivery.models import (
    Ceiling,
    Message,
    ProviderLimit,
    PutBehind,
    Route,
    Sender,
    Slowdown,
    WarmUp,
    WarmUpDay,
)
from northpost.delivery.rules.throttling import DAY, HOUR
from northpost.delivery.tests import rig
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/settings/limits/"
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PLAN = {
    "domain": "Firm.example",
    "starts_on": "2026-03-04",
    "first_day": "50",
    "factor": "2",
    "end_volume": "50000",
    "steps": "",
}


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def relay(workspace: Workspace) -> Route:
    return routes.create_route(name="Relay", host="smtp.example.com", per_day=1000)


def start(browser: Client, relay: Route, **changes: Any) -> WarmUp:
    browser.post(BASE + "warm-ups/new/", PLAN | {"route_id": str(relay.pk)} | changes)
    return WarmUp.objects.get()


def test_nothing_holds_mail_back(browser: Client, relay: Route):
    page = browser.get(BASE).text
    assert "Nothing: mail leaves as fast as the servers take it." in page
    assert "0 of 1,000" in page


def test_the_firms_own_limit_is_set_shown_and_taken_away(browser: Client):
    assert browser.post(BASE + "ceiling/", {"per_hour": "0", "per_day": ""}).status_code == 422
    assert not Ceiling.objects.exists()
    browser.post(BASE + "ceiling/", {"per_hour": "", "per_day": "2500"})
    assert Ceiling.objects.values_list("per_hour", "per_day").get() == (None, 2500)
    budgets.reserve([Limit("workspace:day", DAY, 2500)], 312, move=Move(uuid.uuid4(), 1), now=NOW)
    assert "In the last 24 hours: 312 of 2,500" in browser.get(BASE).text
    browser.post(BASE + "ceiling/", {"per_hour": "", "per_day": ""})
    assert Ceiling.objects.values_list("per_hour", "per_day").get() == (None, None)
    assert AuditEntry.objects.filter(noun="ceiling").count() == 2


def test_a_provider_that_slows_us_down_is_named_and_let_go(browser: Client, relay: Route, nine_o_clock):
    slowing.report_burst(route_id=relay.pk, mx_group="google", full=10, rate=600, reply="4.7.28 too <fast>")
    page = browser.get(BASE).text
    assert "Gmail is slowing us down: 5 of 10 connections since 4 Mar 2026, 09:00" in page
    assert "“Relay” 300 messages a minute leave for it" in page
    assert "too &lt;fast&gt;" in page
    nine_o_clock.advance(timedelta(minutes=10))
    assert "7 of 10 connections" in browser.get(BASE).text
    browser.post(BASE + "full-speed/", {"route": str(relay.pk), "group": "google"})
    assert not Slowdown.objects.exists()
    assert browser.post(BASE + "full-speed/", {"route": "x", "group": "google"}).status_code == 404


def test_what_waits_says_until_when(browser: Client, relay: Route):
    holds.hold(until=NOW + timedelta(hours=5), reason="day", route_id=relay.pk)
    holds.hold(until=NOW + timedelta(minutes=30), reason="hour")
    holds.hold(until=NOW - timedelta(minutes=30), reason="warm_up", route_id=relay.pk, source=("campaign", 1))
    page = browser.get(BASE).text
    assert "“Relay” has sent all it may in 24 hours. It goes on: 4 Mar 2026, 14:00" in page
    assert "All servers together have sent what you allow in an hour. They go on: 4 Mar 2026, 09:30" in page
    assert "next step of the warm-up" not in page


def test_a_plan_is_shown_before_it_is_started(browser: Client, relay: Route):
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=NOW)
    page = browser.get(BASE + "warm-ups/new/").text
    assert 'value="firm.example"' in page
    assert "With this plan 100,000 people take 11 days." in page
    answer = browser.post(BASE + "warm-ups/new/", PLAN | {"route_id": str(relay.pk), "steps": "10 20", "do": "preview"})
    assert answer.status_code == 200
    assert "10 · 20 · 40 · 80" in answer.text
    assert not WarmUp.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "not a domain"}, "Enter the domain behind the @"),
        ({"factor": "1"}, "1.05"),
        ({"end_volume": "50"}, "More than the first days allow"),
        ({"steps": "50, x"}, "Write whole numbers"),
        ({"steps": "100, 50"}, "A later day may not allow less"),
        ({"starts_on": ""}, "required"),
        ({"route_id": "0"}, "not one of the available choices"),
    ],
)
def test_what_is_no_plan(browser: Client, relay: Route, changes: dict[str, str], words: str):
    answer = browser.post(BASE + "warm-ups/new/", PLAN | {"route_id": str(relay.pk)} | changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert not WarmUp.objects.exists()


def test_a_plan_runs_is_kept_grows_and_ends(browser: Client, relay: Route, nine_o_clock):
    plan = start(browser, relay)
    assert (plan.domain, plan.first_day, plan.steps) == ("firm.example", 50, [])
    again = browser.post(BASE + "warm-ups/new/", PLAN | {"route_id": str(relay.pk)})
    assert again.status_code == 422
    assert "change that one" in again.text
    WarmUpDay.objects.create(warm_up_id=plan.pk, day=date(2026, 3, 4), ceiling=50, used=12)
    address = f"{BASE}warm-ups/{plan.pk}/"
    assert "Day 1: 12 of 50 messages were sent today." in browser.get(address).text
    assert "With this plan 151 people take 3 days." in browser.get(address + "?people=151").text
    nine_o_clock.advance(timedelta(days=2))
    assert "Day 3: 0 of 200" in browser.get(BASE).text
    browser.post(address + "do/", {"do": "keep"})
    nine_o_clock.advance(timedelta(days=3))
    assert "Day 3: 0 of 200" in browser.get(address).text
    browser.post(address + "do/", {"do": "grow"})
    assert "Day 3: 0 of 200" in browser.get(address).text
    nine_o_clock.advance(timedelta(days=1))
    assert "Day 4: 0 of 400" in browser.get(address).text
    browser.post(address + "change/", PLAN | {"factor": "3"})
    assert "Day 4: 0 of 1,350" in browser.get(address).text
    browser.post(address + "end/")
    assert browser.get(address).status_code == 404
    verbs = AuditEntry.objects.filter(noun="warm_up").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["created", "kept", "let_grow", "changed", "ended"]
    assert "ended the warm-up of firm.example" in browser.get("/w/firm/settings/history/").text


def test_without_a_server_there_is_nothing_to_warm_up(browser: Client):
    assert "add one first" in browser.get(BASE + "warm-ups/new/").text


def test_a_paused_server_is_said_where_mail_waits_for_it(browser: Client, relay: Route):
    campaign = Campaign.objects.create(
        name="Spring", state=CampaignState.SENDING, route_id=relay.pk, created_at=NOW, updated_at=NOW, started_at=NOW
    )
    Message.objects.create(
        source_kind="campaign", source_id=campaign.pk, contact_id=1, state="queued", due_at=NOW, enqueued_at=NOW
    )
    pages = (f"/w/firm/mailings/{campaign.pk}/", BASE)
    assert not any("“Relay” is paused" in browser.get(page).text for page in pages)
    pause_route(route_id=relay.pk, reason="The password is wrong.")
    words = "“Relay” is paused: The password is wrong. See “Servers and senders” in the settings."
    assert all(browser.get(page).text.count(words) == 1 for page in pages)
    resume_route(route_id=relay.pk)
    pause_route(route_id=relay.pk, reason="No answer.", until=clock.now() + timedelta(minutes=1))
    words = "“Relay” can&#x27;t be used for the moment: No answer. It is tried again by itself."
    assert all(browser.get(page).text.count(words) == 1 for page in pages)
    # Where another one takes over, nobody waits for this one.
    other = routes.create_route(name="Other", host="smtp.example.net")
    Route.objects.filter(pk=relay.pk).update(fallback_id=other.pk)
    assert words not in browser.get(pages[0]).text


def test_a_mailing_on_its_way_says_what_it_waits_for(browser: Client, relay: Route):
    other = routes.create_route(name="Other", host="smtp.example.net")
    campaign = Campaign.objects.create(
        name="Spring", state=CampaignState.SENDING, route_id=relay.pk, created_at=NOW, updated_at=NOW, started_at=NOW
    )
    Message.objects.create(
        source_kind="campaign", source_id=campaign.pk, contact_id=1, state="queued", due_at=NOW, enqueued_at=NOW
    )
    later = NOW + timedelta(hours=5)
    holds.hold(until=later, reason="hour")
    holds.hold(until=later, reason="day", route_id=relay.pk)
    holds.hold(until=later, reason="warm_up", route_id=relay.pk, source=("campaign", campaign.pk))
    holds.hold(until=later, reason="warm_up", route_id=relay.pk, source=("campaign", campaign.pk + 1))
    holds.hold(until=later, reason="day", route_id=other.pk)
    for route, group in ((relay, "google"), (other, "yahoo")):
        slowing.report_burst(route_id=route.pk, mx_group=group, full=10, rate=600, reply="4.7.0 slow down")
    page = browser.get(f"/w/firm/mailings/{campaign.pk}/").text
    assert "“Relay” has sent all it may in 24 hours." in page
    assert page.count("“Spring” goes on at the next step of the warm-up") == 1
    assert "All servers together have sent what you allow in an hour." in page
    assert "Gmail is slowing us down" in page
    assert "Yahoo" not in page
    assert "“Other”" not in page
    routes.update_route(route_id=other.pk)
    Route.objects.filter(pk=relay.pk).update(fallback_id=other.pk)
    assert "“Relay” has sent all it may" not in browser.get(f"/w/firm/mailings/{campaign.pk}/").text


def test_a_plan_is_the_workspaces_own(browser: Client, relay: Route, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = WarmUp.objects.create(
            route_id=1, domain="rival.example", starts_on=NOW, first_day=5, factor=2, end_volume=50, created_at=NOW
        )
    for path in ("", "change/"):
        assert browser.get(f"{BASE}warm-ups/{theirs.pk}/{path}").status_code == 404
    for path in ("do/", "end/"):
        assert browser.post(f"{BASE}warm-ups/{theirs.pk}/{path}", {"do": "keep"}).status_code == 404


def test_a_provider_s_limit_is_set_shown_changed_and_taken_away(browser: Client, relay: Route):
    rig.people(3, domain="gmail.com")
    rig.people(2, domain="abv.bg", start=10)
    page = browser.get(BASE + "providers/new/").text
    assert '<option value="Gmail">3 people</option>' in page
    assert page.index("Gmail") < page.index("ABV.bg")
    assert 'value="ABV.bg"' in browser.get(BASE + "providers/new/?provider=ABV.bg").text
    given = {"provider": "abv.bg", "route_id": str(relay.pk), "per_minute": "", "per_hour": "100", "per_day": ""}
    assert browser.post(BASE + "providers/new/", given).status_code == 302
    limit = ProviderLimit.objects.get()
    assert (limit.mx_group, limit.route_id, limit.per_hour, limit.per_day) == ("abv", relay.pk, 100, None)
    budgets.reserve([Limit(f"provider:{relay.pk}:hour:abv", HOUR, 100)], 12, move=Move(uuid.uuid4(), 1), now=NOW)
    page = browser.get(BASE).text
    assert "ABV.bg" in page
    assert "12 of 100" in page
    address = f"{BASE}providers/{limit.pk}/"
    assert "ABV.bg by “Relay”" in browser.get(address).text
    assert browser.post(address, {"per_minute": "5", "per_hour": "", "per_day": "900"}).status_code == 302
    limit.refresh_from_db()
    assert (limit.per_minute, limit.per_hour, limit.per_day) == (5, None, 900)
    browser.post(address + "remove/")
    assert not ProviderLimit.objects.exists()
    history = browser.get("/w/firm/settings/history/").text
    assert "limited how much goes to ABV.bg" in history
    assert "took the limit for ABV.bg away" in history


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": "not a domain"}, "Enter a provider from the list"),
        ({"provider": ""}, "required"),
        ({"per_day": ""}, "Enter at least one number."),
        ({"per_day": "0"}, "greater than or equal to 1"),
        ({"route_id": "0"}, "not one of the available choices"),
    ],
)
def test_what_is_no_limit_for_a_provider(browser: Client, relay: Route, changes: dict[str, str], words: str):
    given = {"provider": "abv.bg", "route_id": str(relay.pk), "per_day": "5"}
    answer = browser.post(BASE + "providers/new/", given | changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert not ProviderLimit.objects.exists()


def test_what_waits_for_a_provider_says_so_there_and_at_the_mailing(browser: Client, relay: Route):
    allowances.set_provider_limit(route_id=relay.pk, provider="abv.bg", per_minute=None, per_hour=5, per_day=None)
    for hours, count in ((1, 5), (2, 3), (-1, 9)):
        PutBehind.objects.create(
            route_id=relay.pk, mx_group="abv", until=NOW + timedelta(hours=hours), message_ids=list(range(count))
        )
    sentence = "8 messages to ABV.bg wait: “Relay” has sent as many there as you allow. It goes on: 4 Mar 2026, 10:00."
    assert sentence in browser.get(BASE).text
    campaign = Campaign.objects.create(
        name="Spring", state=CampaignState.SENDING, route_id=relay.pk, created_at=NOW, updated_at=NOW, started_at=NOW
    )
    Message.objects.create(
        source_kind="campaign", source_id=campaign.pk, contact_id=1, state="queued", due_at=NOW, enqueued_at=NOW
    )
    assert sentence in browser.get(f"/w/firm/mailings/{campaign.pk}/").text
    other = routes.create_route(name="Other", host="smtp.example.net")
    Campaign.objects.update(route_id=other.pk)
    assert "ABV.bg" not in browser.get(f"/w/firm/mailings/{campaign.pk}/").text


def test_without_a_server_there_is_no_provider_to_limit(browser: Client):
    assert "add one first" in browser.get(BASE + "providers/new/").text


def test_a_provider_s_limit_is_the_workspaces_own(browser: Client, relay: Route, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = ProviderLimit.objects.create(route_id=1, mx_group="abv", per_day=5, changed_at=NOW)
    assert browser.get(f"{BASE}providers/{theirs.pk}/").status_code == 404
    assert browser.post(f"{BASE}providers/{theirs.pk}/remove/").status_code == 404
    with tenancy.workspace(rival.pk):
        assert ProviderLimit.objects.count() == 1
