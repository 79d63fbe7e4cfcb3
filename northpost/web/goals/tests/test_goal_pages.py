"""Stating, following and changing goals through their pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.goals import actions
from northpost.goals.models import Change, EndGoal, Goal
from northpost.sales.models import Order
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db

BASE = "/w/firm/goals/"
NOW = datetime(2026, 6, 11, 12, tzinfo=UTC)
FORM = {
    "group": "prospects",
    "kpi": "first_purchases",
    "starts_on": "2026-06-11",
    "deadline": "2026-07-10",
    "how": "percent",
    "target": "40",
    "kind": "commercial",
    "owner": "",
    "name": "",
}


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[clock.VirtualClock]:
    now = clock.VirtualClock(NOW)
    with clock.use(now):
        yield now


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def ten_bought(workspace: Workspace) -> None:
    for number in range(10):
        contact = Contact.objects.create(created_at=NOW, updated_at=NOW)
        Order.objects.create(
            number=str(number), contact_id=contact.pk, placed_at=NOW - timedelta(days=3), total=5, currency="EUR",
            created_at=NOW,
        )  # fmt: skip


def state(**other: Any) -> Goal:
    wishes: dict[str, Any] = {"group": "prospects", "kpi": "first_purchases", "deadline": date(2026, 7, 10), "by": None}
    return actions.state_goal(**(wishes | {"target": Decimal(14)} | other))


def test_with_nothing_the_page_asks_what_one_wants(browser: Client):
    page = browser.get(BASE)
    assert "Begin with what you want" in page.text
    assert "For example: A first purchase." in page.text
    assert page.text.count("Say what you want from them") == 7


def test_an_end_goal_is_a_sentence(browser: Client):
    assert 'name="text"' in browser.get(BASE + "?edit=prospects").text
    answer = browser.post(BASE + "end-goal/prospects/", {"text": "A first order"})
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}#prospects")
    assert "A first order" in browser.get(BASE).text
    assert browser.post(BASE + "end-goal/friends/", {"text": "x"}).status_code == 404
    assert [each.text for each in EndGoal.objects.all()] == ["A first order"]


def test_the_baseline_is_measured_while_one_chooses(browser: Client, ten_bought: None):
    page = browser.get(BASE + "new/?group=prospects")
    assert "First purchases by prospects: <strong>10</strong> before" in page.text
    part = browser.get(BASE + "baseline/", FORM | {"deadline": "2026-06-12"})
    assert "<strong>0</strong> before, from 9 June 2026 to 10 June 2026" in part.text
    assert "<html" not in part.text
    other = browser.get(BASE + "baseline/", FORM | {"group": "partners"})
    assert 'value="first_purchases"' not in other.text
    assert "New subscribers among partners" in other.text
    without_scripts = browser.post(BASE + "new/", FORM | {"do": "look", "kpi": "orders"})
    assert "Orders by prospects: <strong>10</strong> before" in without_scripts.text
    assert Goal.objects.count() == 0


def test_a_goal_is_stated_and_followed(
    browser: Client, ten_bought: None, owner: User, standing_clock: clock.VirtualClock
):
    answer = browser.post(BASE + "new/", FORM | {"owner": str(owner.pk)})
    goal = Goal.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}{goal.pk}/")
    assert (goal.baseline, goal.target, goal.owner_id) == (10, 14, owner.pk)
    standing_clock.move_to(NOW + timedelta(days=8))
    actions.refresh_readings(clock.now())
    page = browser.get(answer["Location"])
    assert "First purchases by prospects: 0 of 14 by 10 July; at this pace 0." in page.text
    assert "behind" in page.text
    assert "measured from" in page.text
    assert "Vera" in page.text
    listed = browser.get(BASE).text
    assert "First purchases by prospects: 0 of 14 by 10 July; at this pace 0" in listed
    assert "<polyline" in listed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deadline": "2026-06-01"}, "The deadline should come after the start, 11 June 2026."),
        ({"target": "-10"}, "The target should be above what there was before, 10."),
        ({"target": ""}, "This field is required."),
        ({"group": "partners"}, "Select a valid choice."),
        ({"starts_on": "yesterday"}, "Enter a valid date."),
    ],
)
def test_a_goal_that_cannot_be_says_why(browser: Client, ten_bought: None, change: dict[str, str], said: str):
    answer = browser.post(BASE + "new/", FORM | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert Goal.objects.count() == 0


def test_a_rate_is_written_in_percent(browser: Client):
    form = FORM | {"group": "partners", "kpi": "contact_rate", "how": "number", "target": "12.5"}
    browser.post(BASE + "new/", form)
    goal = Goal.objects.get()
    assert goal.target == Decimal("0.125")
    page = browser.get(f"{BASE}{goal.pk}/edit/")
    assert 'value="12.5"' in page.text
    changed = {"name": "Reactions", "target": "15", "deadline": "2026-07-10", "kind": "reputational", "owner": ""}
    browser.post(f"{BASE}{goal.pk}/edit/", changed)
    goal.refresh_from_db()
    assert (goal.target, goal.name) == (Decimal("0.15"), "Reactions")
    page = browser.get(f"{BASE}{goal.pk}/")
    assert "Target: 12.5% became 15%" in page.text
    assert Change.objects.count() == 3


def test_a_goal_is_put_away_and_taken_up_again(browser: Client):
    goal = state()
    browser.post(f"{BASE}{goal.pk}/close/")
    assert goal.name not in browser.get(BASE).text
    assert goal.name in browser.get(BASE + "?show=closed").text
    assert "Take it up again" in browser.get(f"{BASE}{goal.pk}/").text
    assert browser.get(f"{BASE}{goal.pk}/edit/").status_code == 404
    browser.post(f"{BASE}{goal.pk}/reopen/")
    assert goal.name in browser.get(BASE).text


def test_nothing_is_written_by_those_who_may_not(workspace: Workspace):
    goal = state()
    analyst = User.objects.create_user("anna@firm.example", "a long enough password")
    Membership.objects.create(user=analyst, role=Role.ANALYST, since=clock.now())
    client = Client()
    client.force_login(analyst)
    assert client.get(f"{BASE}{goal.pk}/").status_code == 200
    for page in ("new/", f"{goal.pk}/edit/", f"{goal.pk}/close/", "end-goal/prospects/"):
        assert client.post(BASE + page, FORM | {"text": "x"}).status_code == 403
    assert (Goal.objects.count(), EndGoal.objects.count()) == (1, 0)


def test_of_another_workspace_there_is_nothing(browser: Client, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = state()
    for page in ("", "edit/"):
        assert browser.get(f"{BASE}{theirs.pk}/{page}").status_code == 404
    assert browser.post(f"{BASE}{theirs.pk}/close/").status_code == 404


def test_who_may_not_see_money_sees_no_goal_in_money(workspace: Workspace, owner: User, browser: Client):
    goal = actions.state_goal(
        by=owner, kind="commercial",
        group="everyone", kpi="revenue", starts_on=date(2026, 6, 11), deadline=date(2026, 7, 10), target=Decimal(54321),
        name="Turnover",
    )  # fmt: skip
    consultant = User.objects.create_user("karl@firm.example", "a long enough password")
    Membership.objects.create(user=consultant, role=Role.CONSULTANT, since=clock.now())
    client = Client()
    client.force_login(consultant)
    for page in ("/w/firm/", BASE, f"{BASE}?show=closed", f"{BASE}new/", f"{BASE}baseline/?kpi=revenue&group=everyone"):
        assert "Turnover" not in client.get(page).text
        assert "54,321" not in client.get(page).text
    assert "Turnover" in browser.get(BASE).text
    for page in ("", "edit/"):
        assert browser.get(f"{BASE}{goal.pk}/{page}").status_code == 200
        assert client.get(f"{BASE}{goal.pk}/{page}").status_code == 404
    for page in ("close/", "reopen/", "edit/"):
        assert client.post(f"{BASE}{goal.pk}/{page}", FORM).status_code == 404
    assert 'value="revenue"' in browser.get(f"{BASE}new/?group=everyone").text
    assert 'value="revenue"' not in client.get(f"{BASE}new/?group=everyone").text
    assert client.post(f"{BASE}new/", FORM | {"kpi": "revenue", "group": "everyone"}).status_code == 422
    goal.refresh_from_db()
    assert (Goal.objects.count(), goal.closed_at, goal.target) == (1, None, 54321)


def test_what_contributes(browser: Client, workspace: Workspace):
    goal = state()
    page = browser.get(f"{BASE}{goal.pk}/").text
    assert "No mailing serves this goal yet." in page
    now = clock.now()
    given = {"goal_id": goal.pk, "created_at": now, "updated_at": now}
    Campaign.objects.create(name="Sent one", state="sent", started_at=now, **given)
    Campaign.objects.create(name="Planned one", state="draft", **given)
    Campaign.objects.create(name="Another matter", state="sent", created_at=now, updated_at=now)
    page = browser.get(f"{BASE}{goal.pk}/").text
    assert "Sent one" in page
    assert "Planned one" in page
    assert "Another matter" not in page
    assert "Touched revenue" in page
    assert "No mailing serves this goal yet." not in page
