"""Home tells what is so: what to do next changes with what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.delivery.models import Route
from northpost.goals import actions as goals
from northpost.goals.models import Goal, Reading
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 11, 12, tzinfo=UTC)


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


def mailing(name: str, state: str, scheduled_at: datetime | None = None) -> Campaign:
    return Campaign.objects.create(
        name=name, state=state, scheduled_at=scheduled_at, created_at=NOW, updated_at=NOW, started_at=None
    )


def test_a_new_workspace_is_led_by_the_hand(browser: Client):
    page = browser.get("/w/firm/")
    assert page.status_code == 200
    assert "There is nobody to write to yet." in page.text
    assert "No goal has been stated." in page.text
    assert "/w/firm/goals/new/" in page.text
    assert "Nothing goes out today." in page.text
    assert "No mail in doubt" in page.text
    assert page.text.count('class="btn btn-sm"') == 3


def test_a_goal_behind_leads_to_its_people(browser: Client, standing_clock: clock.VirtualClock):
    Contact.objects.create(created_at=NOW, updated_at=NOW)
    goals.state_goal(
        group="prospects", kpi="first_purchases", deadline=date(2026, 7, 10), target=Decimal(30), by=None
    )  # fmt: skip
    standing_clock.move_to(NOW + timedelta(days=10))
    goals.refresh_readings(clock.now())
    page = browser.get("/w/firm/")
    assert "First purchases by prospects: 0 of 30 by 10 July; at this pace 0" in page.text
    assert "“First purchases by prospects” is behind. Write to the group “Prospects”." in page.text
    assert "/w/firm/segments/new/?start=prospects" in page.text
    builder = browser.get("/w/firm/segments/new/?start=prospects")
    assert "People who are at the stage “Prospect” of the life cycle." in builder.text
    assert "There is nobody to write to yet." not in page.text


def test_a_rate_that_mail_makes_worse_leads_to_the_mailings(
    browser: Client, owner: User, standing_clock: clock.VirtualClock
):
    goals.state_goal(
        group="everyone", kpi="unsubscribe_rate", deadline=date(2026, 7, 10), target=Decimal("0.002"), by=owner
    )  # fmt: skip
    goal = Goal.objects.get()
    Reading.objects.create(goal=goal, day=date(2026, 6, 12), value=Decimal("0.004"))
    standing_clock.move_to(NOW + timedelta(days=1))
    page = browser.get("/w/firm/")
    assert "“Unsubscribe rate of everyone” is above its target. See after which mailings people leave." in page.text
    assert "Write to the group" not in page.text


def test_what_goes_out_today_and_within_a_week(browser: Client):
    mailing("Tonight", "scheduled", NOW + timedelta(hours=5))
    mailing("Tomorrow", "scheduled", NOW + timedelta(hours=13))
    mailing("Next month", "scheduled", NOW + timedelta(days=30))
    mailing("Halted", "paused")
    page = browser.get("/w/firm/").text
    assert page.index("Tonight") < page.index("Within a week") < page.index("Tomorrow")
    assert "Next month" not in page
    assert "The mailing “Halted” stands still." in page
    assert "1 mailing stands still" in page


def test_a_paused_server_is_seen(browser: Client, workspace: Workspace):
    Route.objects.all().delete()
    assert "There is no server to send through yet" in browser.get("/w/firm/").text
    route = Route.objects.create(name="Ours", created_at=NOW)
    assert "Every server is on" in browser.get("/w/firm/").text
    Route.objects.filter(pk=route.pk).update(paused_at=NOW)
    assert "1 server is paused" in browser.get("/w/firm/").text


def test_who_may_only_look_is_told_nothing_to_do(workspace: Workspace):
    analyst = User.objects.create_user("anna@firm.example", "a long enough password")
    Membership.objects.create(user=analyst, role=Role.ANALYST, since=NOW)
    client = Client()
    client.force_login(analyst)
    page = client.get("/w/firm/")
    assert page.status_code == 200
    assert "What to do next" not in page.text


def test_a_rivals_home_is_not_ours(browser: Client, rival: Workspace):
    with tenancy.workspace(rival.pk):
        mailing("Theirs", "scheduled", NOW)
    assert "Theirs" not in browser.get("/w/firm/").text
    assert browser.get("/w/rival/").status_code == 404
