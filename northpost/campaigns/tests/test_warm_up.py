"""The check before sending says how many days a warm-up spreads a mailing over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from northpost.campaigns import actions, preflight
from northpost.campaigns.models import Campaign
from northpost.contacts import actions as contacts
from northpost.content.actions import create_template
from northpost.core import clock
from northpost.delivery.limits import warming
from northpost.delivery.models import Route, Sender
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nine_o_clock() -> Iterator[clock.VirtualClock]:
    virtual = clock.VirtualClock(NOW)
    with clock.use(virtual):
        yield virtual


@pytest.fixture
def draft(workspace: Workspace) -> Campaign:
    Sender.objects.create(name="Firm", email="news@фирма.example", is_default=True, created_at=NOW)
    Route.objects.update(is_default=False)
    Route.objects.create(name="Ours", host="relay.firm.example", is_default=True, created_at=NOW)
    news = contacts.create_list(name="News")
    for number in range(10):
        person = contacts.add_contact(email=f"p{number}@people.example")
        contacts.add_to_list(list_id=news.pk, people=[person.pk])
    template = create_template(languages=["en"], kind="newsletter")
    return actions.create_campaign(
        name="Spring",
        template_id=template.pk,
        default_language="en",
        audience={"include": [{"list": news.pk}], "exclude": []},
    )


def said(campaign: Campaign) -> list[str]:
    return [one.sentence for one in preflight.check(campaign) if one.key == "warm_up"]


def test_how_long_a_mailing_takes_while_its_domain_is_warmed_up(draft: Campaign, nine_o_clock: clock.VirtualClock):
    assert said(draft) == []
    plan = warming.start_warm_up(
        route_id=draft.route_id or 0,
        domain="фирма.example",
        starts_on=date(2026, 3, 5),
        first_day=2,
        factor=Decimal(2),
        end_volume=100,
    )
    words = "{} is being warmed up: it takes {} days, and whoever reads your mail gets it first."
    # A day of waiting, then 2, 4 and the last 4.
    assert said(draft) == [words.format("фирма.example", 4)]
    nine_o_clock.advance(timedelta(days=2))
    assert said(draft) == [words.format("фирма.example", 2)]
    warming.keep_warm_up(warm_up_id=plan.pk)
    nine_o_clock.advance(timedelta(days=9))
    assert said(draft) == [words.format("фирма.example", 3)]
    warming.let_warm_up_grow(warm_up_id=plan.pk)
    nine_o_clock.advance(timedelta(days=5))
    assert said(draft) == []
