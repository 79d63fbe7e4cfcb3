"""What a person lets go to one mailbox provider: held by all workers together, and no other mail waits for it."""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from northpost.core import clock, tenancy
from northpost.delivery.actions import routes
from northpost.delivery.engine import send_due, throttle
from northpost.delivery.engine.outbox import Draft
from northpost.delivery.engine.throttle import Limiter
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import allowances, slowing
from northpost.delivery.limits.tasks import look_after_limits
from northpost.delivery.models import Hold, MailHost, ProviderLimit, PutBehind, Route, WaitingBatch
from northpost.delivery.routes import Way, way_of
from northpost.delivery.rules.throttling import DAY, HOUR, Usage, as_room_comes
from northpost.delivery.tests import rig
from northpost.team.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def mailing() -> None:
    rig.register()


def limit(route: Route, provider: str, **numbers: int) -> ProviderLimit:
    given: dict[str, int | None] = {"per_minute": None, "per_hour": None, "per_day": None}
    return allowances.set_provider_limit(route_id=route.pk, provider=provider, **(given | numbers))


def by_domain(sink: rig.Sink) -> dict[str, int]:
    """How many arrived at each domain; nobody twice."""
    found = Counter(sink.recipients)
    assert max(found.values(), default=0) <= 1
    return dict(Counter(recipient.partition("@")[2] for recipient in found))


def test_two_workers_together_never_exceed_it_and_other_mail_goes_on(workspace: Workspace, tmp_path: Path):
    rig.people(60, domain="gmail.com")
    rig.people(20, start=100, domain="googlemail.com")
    rig.people(300, start=1000)
    with rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        limit(route, "Gmail", per_hour=30)
        rig.enqueue()
        with rig.Sender(workspace.pk) as one, rig.Sender(workspace.pk) as other:
            one.report()
            other.report()
        found = by_domain(sink)
        assert found.get("gmail.com", 0) + found.get("googlemail.com", 0) == 30
        assert found["mail.example"] == 300
        # Nothing is held: mail to anybody else is claimed at once.
        assert not Hold.objects.exists()
        waiting = allowances.waiting(clock.now())
        assert {key: one.messages for key, one in waiting.items()} == {(route.pk, "google"): 50}
        rig.people(5, start=2000)
        rig.enqueue()
        assert send_due(workspace.pk).accepted == 5
        for hours, total in ((2, 60), (4, 80)):
            with clock.use(clock.VirtualClock(clock.now() + timedelta(hours=hours))):
                send_due(workspace.pk)
                found = by_domain(sink)
                assert found["gmail.com"] + found.get("googlemail.com", 0) == total
        assert rig.reconcile(sink) == {"accepted": 385}


def test_by_the_minute_no_minute_has_more(workspace: Workspace, tmp_path: Path):
    rig.people(100, domain="abv.bg")
    rig.people(50, start=1000)
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        limit(route, "abv.bg", per_minute=30)
        rig.enqueue()
        arrived = [0]
        for _step in range(20):
            send_due(workspace.pk)
            arrived.append(by_domain(sink).get("abv.bg", 0))
            virtual.advance(timedelta(seconds=10))
        assert by_domain(sink)["mail.example"] == 50
        # In steps of ten seconds: six of them are a minute.
        assert max(later - earlier for earlier, later in zip(arrived, arrived[6:], strict=False)) <= 30
        assert arrived[-1] >= 20
        assert rig.states() == {"accepted": 50 + arrived[-1], "queued": 100 - arrived[-1]}


def test_by_the_minute_one_worker_goes_on_at_that_pace(workspace: Workspace, tmp_path: Path):
    rig.people(12, domain="abv.bg")
    with rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        limit(route, "ABV.bg", per_minute=240)
        rig.enqueue()
        report = send_due(workspace.pk, seconds=30)
        # Four a second: what waits for its turn waits in the worker's hands.
        assert report.states == {"accepted": 12}
        assert report.seconds >= 1.0
        assert by_domain(sink) == {"abv.bg": 12}


def test_a_day_s_limit_goes_on_as_what_was_sent_a_day_ago_makes_room(workspace: Workspace, tmp_path: Path):
    rig.people(50, domain="mail.ru")
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        limit(route, "mail.ru", per_day=20)
        rig.enqueue()
        assert send_due(workspace.pk).accepted == 20
        # Due when there is room again, a day and the quarter of an hour that is counted together later.
        days = [NOW + timedelta(days=day, minutes=15 * day) for day in (1, 2)]
        waiting = PutBehind.objects.order_by("until").values_list("until", "message_ids")
        assert [(until, len(ids)) for until, ids in waiting] == [(days[0], 20), (days[1], 10)]
        assert set(WaitingBatch.objects.values_list("due_at", flat=True)) == set(days)
        virtual.move_to(days[0] - timedelta(minutes=1))
        assert send_due(workspace.pk).states == {}
        virtual.move_to(days[0])
        assert send_due(workspace.pk).accepted == 20
        virtual.move_to(days[1])
        assert send_due(workspace.pk).accepted == 10
        assert rig.reconcile(sink) == {"accepted": 50}
        virtual.advance(timedelta(days=1))
        look_after_limits()
        assert not PutBehind.objects.exists()


def test_a_limit_changed_or_taken_away_lets_what_waits_be_tried_at_once(workspace: Workspace, tmp_path: Path):
    rig.people(50, domain="gmail.com")
    rig.people(4, start=500)
    with clock.use(clock.VirtualClock(NOW)), rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        rig.enqueue(
            2, audience=rig.only(*[one.pk for one in rig.people(3, start=900)]), due_at=NOW + timedelta(hours=9)
        )
        made = limit(route, "gmail.com", per_day=10)
        rig.enqueue()
        assert send_due(workspace.pk).accepted == 17
        limit(route, "Gmail", per_day=25)
        assert ProviderLimit.objects.get().pk == made.pk
        assert send_due(workspace.pk).accepted == 15
        allowances.take_away_provider_limit(limit_id=made.pk)
        assert not PutBehind.objects.exists()
        assert send_due(workspace.pk).accepted == 25
        # What waits for another reason goes on waiting.
        assert rig.states(2) == {"queued": 3}
        assert set(WaitingBatch.objects.values_list("due_at", flat=True)) == {NOW + timedelta(hours=9)}
    verbs = AuditEntry.objects.filter(noun="provider_limit").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["changed", "changed", "removed"]
    with pytest.raises(NotHere):
        allowances.take_away_provider_limit(limit_id=made.pk)


def test_a_route_put_away_keeps_nobody_waiting(workspace: Workspace, tmp_path: Path):
    rig.people(8, domain="gmail.com")
    with rig.sink(tmp_path, name="one") as first, rig.sink(tmp_path, name="two") as second:
        limited = rig.route(first.port)
        limit(limited, "gmail.com", per_day=3)
        rig.enqueue()
        assert send_due(workspace.pk).accepted == 3
        rig.route(second.port, name="other")
        routes.archive_route(route_id=limited.pk)
        assert not ProviderLimit.objects.exists()
        assert send_due(workspace.pk).accepted == 5
        assert (len(first.mails), len(second.mails)) == (3, 5)


def test_it_holds_beside_the_route_s_own_limit(workspace: Workspace, tmp_path: Path):
    rig.people(20, domain="gmail.com")
    rig.people(40, start=500)
    with rig.sink(tmp_path) as sink:
        route = rig.route(sink.port, per_hour=30)
        limit(route, "gmail.com", per_hour=5)
        rig.enqueue()
        send_due(workspace.pk)
        found = by_domain(sink)
        assert sum(found.values()) == 30
        assert found.get("gmail.com", 0) <= 5
        assert Hold.objects.get().route_id == route.pk


def drafts(count: int, domain: str, at: datetime) -> list[Draft]:
    """Claimed at that moment; numbered by the domain."""
    start = 10_000 * len(domain)
    # What they would say is not asked for.
    said: Any = None
    return [Draft(start + n, f"person{n}@{domain}", "en", 0, said, {}, at) for n in range(count)]


def admitted(limiter: Limiter, way: Way, claimed: list[Draft], waiting: deque[Draft]) -> tuple[int, int, int]:
    """How many go, wait in the worker's hands, and are given back once these were claimed."""
    waiting.extend(claimed)
    found = limiter.admit(way, waiting, 400)
    return len(found.going), len(waiting), len(found.later)


def beside_others_and_alone(limiter: Limiter, way: Way, waiting: deque[Draft], virtual: clock.VirtualClock) -> None:
    """Of 3,000 a minute: first with other mail, and a second later without."""
    mixed = drafts(600, "gmail.com", NOW) + drafts(100, "mail.example", NOW)
    # Fifty of a second's, and the others.
    assert admitted(limiter, way, mixed, waiting) == (150, 150, 400)
    virtual.advance(timedelta(seconds=1))
    assert admitted(limiter, way, drafts(800, "gmail.com", virtual.now()), waiting) == (50, 750, 150)


def test_in_hand_waits_a_little_beside_other_mail_and_more_than_a_step_s_where_there_is_none(workspace: Workspace):
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        route = rig.route(25)
        limit(route, "gmail.com", per_minute=3000)
        limiter = rig.limiter()
        way, waiting = way_of(route), deque[Draft]()
        beside_others_and_alone(limiter, way, waiting, virtual)
        virtual.advance(timedelta(seconds=1))
        mixed = drafts(10, "gmail.com", virtual.now()) + drafts(20, "mail.example", virtual.now())
        assert admitted(limiter, way, mixed, waiting) == (70, 150, 560)
        virtual.advance(timedelta(seconds=1))
        # The last of the others, and what falls due again behind them.
        mixed = drafts(20, "mail.example", virtual.now()) + drafts(700, "gmail.com", virtual.now())
        assert admitted(limiter, way, mixed, waiting) == (70, 750, 50)


def test_what_is_slowed_down_waits_in_hand_as_long(workspace: Workspace):
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        route = rig.route(25)
        slowing.report_burst(route_id=route.pk, mx_group="google", full=10, rate=6000, reply="4.7.0 slow down")
        limiter = rig.limiter()
        way, waiting = way_of(route), deque[Draft]()
        beside_others_and_alone(limiter, way, waiting, virtual)


def test_all_that_are_slowed_down_or_limited_wait_in_hand_together(workspace: Workspace):
    """So that a worker still takes up other mail, however many of them there are."""
    with clock.use(clock.VirtualClock(NOW)):
        first, second = rig.route(25), rig.route(26, name="other")
        for route, group in ((first, "google"), (first, "yahoo"), (second, "google")):
            slowing.report_burst(route_id=route.pk, mx_group=group, full=10, rate=6000, reply="4.7.0 slow down")
        limit(first, "abv.bg", per_minute=3000)
        limit(second, "gmail.com", per_minute=3000)
        limiter = rig.limiter()
        left = []
        for route, domains in ((first, ("gmail.com", "yahoo.com", "abv.bg")), (second, ("gmail.com",))):
            waiting = deque[Draft]()
            claimed = [draft for domain in domains for draft in drafts(500, domain, NOW)]
            admitted(limiter, way_of(route), [*claimed, *drafts(10, "mail.example", NOW)], waiting)
            left.append(len(waiting))
        assert left == [3 * (throttle.IN_HAND // 4), throttle.IN_HAND // 4]


def test_what_waits_by_the_minute_is_due_as_fast_as_it_may_go(workspace: Workspace):
    with clock.use(clock.VirtualClock(NOW + timedelta(seconds=4))) as virtual:
        route = rig.route(25)
        full = allowances.allowed_by(limit(route, "gmail.com", per_minute=1200)).limits[0]

        def behind(ids: range, *, made_way: bool = False) -> Counter[timedelta]:
            found = allowances.put_behind(
                route_id=route.pk, mx_group="google", message_ids=list(ids), full=full, made_way=made_way
            )
            return Counter(moment - NOW for moment in found)

        seconds = [timedelta(seconds=number) for number in range(31)]
        # In groups, as claims bring them: a run that comes to the end of what it has finds the step's share due.
        assert behind(range(150)) == {seconds[4]: 150}
        virtual.advance(timedelta(seconds=1))
        assert behind(range(150, 250)) == {seconds[5]: 50, seconds[10]: 50}
        assert behind(range(250, 300)) == {seconds[10]: 50}
        virtual.advance(timedelta(seconds=6))
        assert behind(range(300, 600)) == {seconds[11]: 100, seconds[20]: 200}
        waiting = allowances.waiting(virtual.now())
        assert [(one.messages, one.until) for one in waiting.values()] == [(200, NOW + seconds[20])]
        virtual.advance(timedelta(seconds=1))
        # Due now, and still the next ones, though they make way for other mail once more; else they go to the end.
        assert behind(range(300, 390), made_way=True) == {seconds[12]: 90}
        assert behind(range(300, 390)) == {seconds[30]: 90}
        # The minute's are used up for long: the first step after that.
        found = allowances.put_behind(
            route_id=route.pk, mx_group="google", message_ids=[601], full=full, opens_at=NOW + timedelta(seconds=55)
        )
        assert found == [NOW + timedelta(seconds=60)]


def test_what_is_slowed_down_is_due_by_the_beginning_of_its_step(workspace: Workspace):
    with clock.use(clock.VirtualClock(NOW + timedelta(seconds=4))):
        route = rig.route(25)
        slowing.report_burst(route_id=route.pk, mx_group="google", full=10, rate=6000, reply="4.7.0 slow down")
        found = [
            moment - NOW
            for _group in range(10)
            for moment in slowing.put_behind(route_id=route.pk, mx_group="google", count=90)
        ]
        assert Counter(found) == {timedelta(seconds=4): 299, timedelta(seconds=10): 500, timedelta(seconds=20): 101}


@pytest.mark.parametrize(
    ("provider", "numbers", "where"),
    [
        ("not a domain", {"per_day": 5}, "provider"),
        ("", {"per_day": 5}, "provider"),
        ("gmail.com", {}, "per_hour"),
        ("gmail.com", {"per_day": 0}, "per_day"),
        (f"{'a' * 60}.{'b' * 40}.example", {"per_day": 5}, "provider"),
    ],
)
def test_what_is_no_limit(workspace: Workspace, provider: str, numbers: dict[str, int], where: str):
    with pytest.raises(DeliveryProblem) as problem:
        limit(rig.route(25), provider, **numbers)
    assert problem.value.field == where
    assert not ProviderLimit.objects.exists()


def test_it_is_for_a_server_that_sends(workspace: Workspace, rival: Workspace):
    mailbox = Route.objects.get(kind="mailbox")
    with pytest.raises(DeliveryProblem):
        limit(mailbox, "gmail.com", per_day=5)
    with tenancy.workspace(rival.pk):
        theirs = Route.objects.get(kind="mailbox")
    with pytest.raises(NotHere):
        limit(theirs, "gmail.com", per_day=5)
    assert not ProviderLimit.objects.exists()


def test_providers_are_called_by_name_or_by_a_domain_of_theirs(workspace: Workspace):
    MailHost.objects.create(domain="firm-a.example", mx_group="google", looked_up_at=NOW)
    called = (
        "GMAIL",
        "google",
        "gmail.com",
        "x@hotmail.co.uk",
        "firm-a.example",
        "Firm-B.example",
        "abv.bg",
    )
    assert [allowances.group_called(text) for text in called] == [
        "google",
        "google",
        "google",
        "microsoft",
        "google",
        "firm-b.example",
        "abv",
    ]


def test_the_groups_that_people_have_are_counted(workspace: Workspace):
    MailHost.objects.create(domain="firm-a.example", mx_group="google", looked_up_at=NOW)
    for count, domain, start in (
        (5, "abv.bg", 0),
        (3, "gmail.com", 10),
        (4, "firm-a.example", 20),
        (2, "x.example", 30),
    ):
        rig.people(count, domain=domain, start=start)
    assert allowances.common_groups() == {"google": 7, "abv": 5, "x.example": 2}


def test_room_comes_as_what_went_before_leaves_the_window():
    slots = [0] * (HOUR.slots + 1)
    slots[10], slots[30] = 4, 6
    usage = Usage(HOUR.slot(NOW), tuple(slots))
    first, second = (HOUR.begins(usage.at + age + 1) for age in (10, 30))
    later = timedelta(seconds=HOUR.seconds + HOUR.slot_seconds)
    assert as_room_comes(HOUR, usage, 10, count=12, taken={first: 3}) == [
        *[first] * 1,
        *[second] * 6,
        *[first + later] * 4,
        *[second + later] * 1,
    ]
    # More than is allowed by now went: the first four make room for nobody.
    assert as_room_comes(HOUR, usage, 6, count=2, taken={}) == [second] * 2
    nothing = Usage(DAY.slot(NOW), (0,) * (DAY.slots + 1))
    assert as_room_comes(DAY, nothing, 2, count=3, taken={}) == [
        DAY.begins(nothing.at + 1),
        DAY.begins(nothing.at + 1),
        DAY.begins(nothing.at + DAY.slots + 2),
    ]
