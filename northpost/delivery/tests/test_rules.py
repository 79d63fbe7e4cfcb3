"""The room's decisions, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from northpost.delivery.rules.breakers import breaker
from northpost.delivery.rules.machines import Seen, machine_agent, machine_hits
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.delivery.rules.retrying import retry_at

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def test_tries_come_later_and_later_for_three_days():
    tries = []
    now, attempts = NOON, 1
    while (
        again := retry_at(message_id=7, attempts=attempts, first_tried_at=NOON, now=now, expires_at=None)
    ) is not None:
        tries.append((again - now).total_seconds() / 60)
        now, attempts = again, attempts + 1
    steps = [5, 15, 30, 60, 120] + [240] * (len(tries) - 5)
    assert all(step <= minutes <= step * 1.2 for step, minutes in zip(steps, tries, strict=True))
    assert timedelta(hours=67) < now - NOON <= timedelta(hours=72)
    assert len({minutes / step for step, minutes in zip(steps, tries, strict=True)}) > 10


def test_jitter_is_the_messages_own_and_repeatable():
    def first(message_id: int) -> datetime | None:
        return retry_at(message_id=message_id, attempts=1, first_tried_at=NOON, now=NOON, expires_at=None)

    assert first(1) == first(1)
    assert len({first(message_id) for message_id in range(50)}) == 50


def test_no_try_after_the_messages_time():
    soon = NOON + timedelta(minutes=4)
    assert retry_at(message_id=1, attempts=1, first_tried_at=NOON, now=NOON, expires_at=soon) is None


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "reached", "expected"),
    [
        (199, 199, 199, "", None),
        (200, 3, 0, "", None),
        (200, 4, 0, "", ("warn", "bounces")),
        (200, 9, 0, "warn", None),
        (200, 10, 0, "", ("pause", "bounces")),
        (200, 10, 0, "pause", None),
        (10_000, 0, 7, "", None),
        (10_000, 0, 8, "", ("warn", "complaints")),
        (10_000, 0, 10, "warn", ("pause", "complaints")),
        (10_000, 0, 30, "pause", ("stop", "complaints")),
        (10_000, 600, 8, "", ("pause", "bounces")),
    ],
)
def test_breakers(sent: int, bounced: int, complained: int, reached: str, expected: tuple[str, str] | None):
    found = breaker(sent=sent, bounced=bounced, complained=complained, reached=reached)
    assert (found and (found.level.value, found.what)) == expected


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "phase", "fault", "blame"),
    [
        (550, "5.1.1", "no such user", "rcpt", False, Blame.HARD),
        (550, "5.1.10", "recipient not found", "rcpt", False, Blame.HARD),
        (550, None, "Requested action not taken: user unknown", "rcpt", False, Blame.HARD),
        (550, None, "we don't like you", "rcpt", False, Blame.SOFT),
        (450, "4.2.2", "mailbox full", "rcpt", False, Blame.SOFT),
        (552, "5.2.2", "mailbox full", "final", False, Blame.SOFT),
        (550, "5.7.1", "looks like spam; user unknown to our whitelist", "final", False, Blame.POLICY),
        (550, "5.7.515", "authentication level", "final", False, Blame.SENDER),
        (421, "4.7.28", "unusual rate", "data", False, Blame.SENDER),
        (421, "4.7.32", "From: not aligned", "data", False, Blame.SENDER),
        (421, "4.7.22", "something else", "data", False, Blame.POLICY),
        (550, "5.7.26", "unauthenticated", "final", False, Blame.SENDER),
        (550, "5.7.31", "something else", "final", False, Blame.POLICY),
        (530, None, "authentication required", "mail", True, Blame.SENDER),
        (None, "5.6.7", "needs SMTPUTF8", "check", True, Blame.UNSENDABLE),
        (None, "5.3.4", "too large", "check", True, Blame.UNSENDABLE),
        (None, "5.1.3", "bad characters", "check", False, Blame.HARD),
        (554, "5.0.0", "who knows", "final", False, Blame.SOFT),
    ],
)
def test_whose_fault_a_refusal_is(
    code: int | None, enhanced: str | None, text: str, phase: str, fault: bool, blame: Blame
):
    assert classify_reply(code=code, enhanced=enhanced, text=text, phase=phase, route_fault=fault) is blame


@pytest.mark.parametrize(
    ("agent", "opening", "machine"),
    [
        (FIREFOX, True, False),
        (FIREFOX, False, False),
        (IPHONE, True, False),
        ("Mozilla/5.0", True, True),
        ("Mozilla/5.0", False, False),
        (GMAIL, True, True),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", True, True),
        ("", True, True),
        ("Barracuda Sentinel (EE)", False, True),
        ("python-requests/2.32", False, True),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", False, True),
        ("Slackbot-LinkExpanding 1.0", False, True),
    ],
)
def test_agents(agent: str, opening: bool, machine: bool):
    assert machine_agent(agent, opening=opening) is machine


def hit(key: str, second: float, link_id: int | None = 1, method: str = "GET", agent: str = FIREFOX) -> Seen:
    return Seen(key, NOON + timedelta(seconds=second), method, agent, link_id)


@pytest.mark.parametrize(
    ("hits", "marked"),
    [
        ([hit("a", 60), hit("b", 60, None)], ""),
        ([hit("a", 60, method="HEAD"), hit("b", 70)], "a"),
        # Within seconds of delivery: a click is a scanner's, an opening may be a person's.
        ([hit("a", 3), hit("b", 3, None), hit("c", 6)], "a"),
        # Every link within seconds; and the one who came back an hour later is a person.
        ([hit("a", 60, 1), hit("b", 61, 2), hit("c", 64, 3), hit("d", 3600, 2)], "abc"),
        ([hit("a", 60, 1), hit("b", 61, 2), hit("c", 64, 2)], ""),
        ([hit("a", 60, 1), hit("b", 61, 2), hit("c", 90, 3)], ""),
        # The hidden link, and what was clicked beside it.
        ([hit("a", 60, 1), hit("b", 62, 0), hit("c", 300, 1), hit("d", 60, None)], "ab"),
    ],
)
def test_what_machines_do(hits: list[Seen], marked: str):
    assert machine_hits(hits, links=3, sent_at=NOON) == frozenset(marked)


def test_a_mail_of_two_links_has_no_burst():
    assert machine_hits([hit("a", 60, 1), hit("b", 61, 2)], links=2, sent_at=NOON) == frozenset()
