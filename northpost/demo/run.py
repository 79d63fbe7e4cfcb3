"""The main job on the demo company: from goals to figures in money, on a virtual clock, through the real engine.

`run_main_job` wants Django set up and the database running and migrated; it needs nothing else, and leaves a
workspace as it would be after some weeks of a shop's work with Northpost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from northpost.campaigns import actions as campaigns
from northpost.core import clock, signing, statistics, tenancy
from northpost.delivery.actions.routes import create_sender
from northpost.delivery.deliverability import counting as deliverability
from northpost.delivery.inbound.following import follow_up
from northpost.demo.agency import SLUG as AGENCY_SLUG
from northpost.demo.agency import found_agency_client
from northpost.demo.clearing import forget_workspace
from northpost.demo.company import NAME, Company, make_company
from northpost.demo.company.shop import SEED
from northpost.demo.desk import Desk
from northpost.demo.figures import DemoResult, measure
from northpost.demo.goals import state_goals
from northpost.demo.loading import Register, define_fields, import_people, make_lists
from northpost.demo.orders import import_catalogue, import_history
from northpost.demo.postbox import Postbox, Received
from northpost.demo.readers import Expected, Readers
from northpost.demo.reports import bring_reports
from northpost.demo.scenario import MAILINGS, SENDING_HOUR, STORY_DAYS
from northpost.demo.story import Story
from northpost.demo.warming import begin_warm_up, lead_to_mailbox
from northpost.events import consumers
from northpost.goals.actions import refresh_readings
from northpost.mailbox.actions import keep_mails
from northpost.segments import lifecycle
from northpost.team.actions import found_workspace, record
from northpost.team.models import AuditEntry, User, Workspace
from northpost.team.queries import workspace_by_slug

SLUG = "voltline"
OWNER_EMAIL = "owner@demo.example"
PEOPLE = 20_000

Say = Callable[[str], None]


def in_silence(_words: str) -> None:
    """Says nothing."""


class DemoState(StrEnum):
    ABSENT = "absent"
    UNFINISHED = "unfinished"
    WHOLE = "whole"


@dataclass(frozen=True)
class Owner:
    """Whom one signs in as. `password` is None once the owner has chosen another."""

    email: str
    password: str | None


@dataclass(frozen=True)
class MainJob:
    """What was done, and how to look at it.

    received, expected: what came in at the mailbox, and what its readers did, by their own count; the product's
    figures must agree. None where the job had been done before.
    """

    result: DemoResult
    owner: Owner
    received: Received | None = None
    expected: Expected | None = None


def demo_state() -> DemoState:
    """Whether the demo company is in this database, and whole."""
    workspace = workspace_by_slug(SLUG)
    if workspace is None:
        return DemoState.ABSENT
    with tenancy.workspace(workspace.pk):
        finished = AuditEntry.objects.filter(verb="finished", noun="demo").exists()
    return DemoState.WHOLE if finished else DemoState.UNFINISHED


def run_main_job(
    *,
    people: int = PEOPLE,
    seed: int = SEED,
    today: datetime | None = None,
    fresh: bool = False,
    say: Say = in_silence,
) -> MainJob:
    """Make the demo company and run the main job on it; where that has been done, only read the figures.

    today: the moment that the story ends at (aware; default: now). fresh: make it anew even so. say: hears, in a few
    words, what is being done. What an earlier run left when it was broken off is cleared away first.
    """
    began = time.monotonic()
    state = demo_state()
    if state is DemoState.WHOLE and not fresh:
        return _look_again()
    if state is not DemoState.ABSENT:
        say("Clearing away what an earlier run left")
        forget_demo()
    end = today or clock.now()
    say(f"Making the demo company {NAME}: {people:,} people, two years of orders")
    company = make_company(now=end, people=people, seed=seed)
    with clock.use(clock.VirtualClock(end - timedelta(days=STORY_DAYS))) as virtual:
        assert isinstance(virtual, clock.VirtualClock)
        owner, user = _owner()
        workspace = _found(user)
        with tenancy.workspace(workspace.pk):
            received, expected = _work(company, workspace, user, virtual, end, say)
        found_agency_client(user)
        with tenancy.workspace(workspace.pk):
            record(user=user, verb="finished", noun="demo")
            result = measure(workspace, seconds=time.monotonic() - began)
    return MainJob(result, owner, received, expected)


def forget_demo() -> None:
    """Delete the demo's workspaces, whole or not; everything else stays."""
    for slug in (SLUG, AGENCY_SLUG):
        workspace = workspace_by_slug(slug)
        if workspace is not None:
            forget_workspace(workspace.pk)


def _work(
    company: Company, workspace: Workspace, user: User, virtual: clock.VirtualClock, end: datetime, say: Say
) -> tuple[Received, Expected]:
    desk, register = Desk(user), Register()
    say("Bringing in people, consent, products and orders")
    with transaction.atomic():
        create_sender(name=NAME, email="hello@voltline.example", reply_to="care@voltline.example")
        define_fields()
        make_lists()
    import_catalogue()
    import_people(
        company, company.people.signed_up_between(datetime(1970, 1, 1, tzinfo=end.tzinfo), virtual.now()), register
    )
    import_history(company, register, virtual.now())
    statistics.keep_fresh(at_once=True)
    say("Working out life cycles, groups and goals")
    consumers.consume_all()
    lifecycle.refresh(virtual.now())
    statistics.keep_fresh(at_once=True)
    desk.write_letters()
    desk.save_segments()
    state_goals(user, virtual.now())
    people = company.people
    with (
        Postbox(
            now=virtual.now(),
            dead=[people.email[number] for number in range(len(people)) if company.audience.is_dead(number)],
            full=[people.email[number] for number in range(len(people)) if company.audience.is_full(number)],
            cut=_cut_off(company),
        ) as box,
        _mail_goes_to(box),
    ):
        story = Story(company, workspace, desk, register, box, virtual, Readers(company.audience))
        for planned in MAILINGS:
            if planned.days_ago is not None and planned.days_ago > 0:
                story.live_until(_sending_moment(end, planned.days_ago))
                if planned.warming and desk.second_server is None:
                    desk.second_server = begin_warm_up(by=user, port=box.port, people=len(people), now=virtual.now())
                campaign = story.send(planned)
                statistics.keep_fresh(at_once=True)
                say(f"Sent: {planned.name}" if campaign else f"Nobody to send it to: {planned.name}")
        story.live_until(end)
        statistics.keep_fresh(at_once=True)
        refresh_readings(end)
        deliverability.refresh(at_once=True)
        bring_reports(end=end, people=len(people), seed=company.seed)
        follow_up()
        received = box.received()
        keep_mails(mails=received.newest)
    lead_to_mailbox(settings.NORTHPOST_MAILBOX_PORT)
    for planned in MAILINGS:
        if planned.days_ago is None:
            desk.plan(planned)
        elif planned.days_ago < 0:
            campaign = desk.plan(planned)
            with suppress(campaigns.NotReady):
                campaigns.schedule_campaign(campaign_id=campaign.pk, at=_sending_moment(end, planned.days_ago))
    return received, story.readers.done


def _cut_off(company: Company) -> list[str]:
    """Every twelfth of the partners: the second mail server loses the connection just when it should say that it took
    the letter to them."""
    people, audience = company.people, company.audience
    reached = [
        number
        for number in range(len(people))
        if people.is_partner(number) and not audience.is_dead(number) and not audience.is_full(number)
    ]
    return [people.email[number] for number in reached[::12]]


def _sending_moment(end: datetime, days_ago: int) -> datetime:
    day = end - timedelta(days=days_ago)
    return day.replace(hour=SENDING_HOUR, minute=0, second=0, microsecond=0)


@contextmanager
def _mail_goes_to(box: Postbox) -> Iterator[None]:
    """Routes to the local mailbox lead to this one for as long as the block."""
    before = settings.NORTHPOST_MAILBOX_PORT
    settings.NORTHPOST_MAILBOX_PORT = box.port
    try:
        yield
    finally:
        settings.NORTHPOST_MAILBOX_PORT = before


def _found(user: User) -> Workspace:
    return found_workspace(
        name=NAME,
        slug=SLUG,
        owner=user,
        language="en",
        time_zone="Europe/Sofia",
        currency="EUR",
        company_name="Voltline Ltd",
        postal_address="12 Example Street, 1000 Sofia, Bulgaria",
        site="https://voltline.example",
    )


def first_password() -> str:
    """The owner's first password: this installation's own, and the same at every run."""
    return signing.sign("demo-owner", OWNER_EMAIL.encode())[-16:]


def _owner() -> tuple[Owner, User]:
    user = User.objects.filter(email=OWNER_EMAIL).first()
    if user is None:
        user = User.objects.create_user(OWNER_EMAIL, first_password(), name="Demo Owner")
    return _sign_in(user), user


def _sign_in(user: User) -> Owner:
    return Owner(user.email, first_password() if user.check_password(first_password()) else None)


def _look_again() -> MainJob:
    workspace = workspace_by_slug(SLUG)
    user = User.objects.get(email=OWNER_EMAIL)
    assert workspace is not None
    with tenancy.workspace(workspace.pk):
        lead_to_mailbox(settings.NORTHPOST_MAILBOX_PORT)
        return MainJob(measure(workspace, seconds=0.0, already_there=True), _sign_in(user))
