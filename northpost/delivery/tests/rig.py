"""What the delivery tests share: people, a mailing, a sink in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from northpost.contacts.models import Consent, ConsentState, Contact, Purpose
from northpost.content.compile import CompiledMail, compile_mail
from northpost.core import clock, sql, tenancy
from northpost.core.sql import Fragment
from northpost.delivery import actions, sources
from northpost.delivery.actions import ledger
from northpost.delivery.actions.ledger import LEASE, Settlement
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.throttle import Limiter, Origin
from northpost.delivery.models import Claim, Doubt, Message, Route, WaitingBatch
from northpost.delivery.sources import Mailing
from northpost.delivery.transport import Timeouts

KIND = "trial"
QUICK = Timeouts(connect=5, greeting=5, command=5, data=5, final=5)
HASTY = Timeouts(connect=5, greeting=0.4, command=0.4, data=0.4, final=0.4)
BODY = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name }}"
    ' <a href="https://shop.example/a">one</a> <a href="https://shop.example/b">two</a>'
    ' <a href="https://shop.example/c">three</a> <a href="https://shop.example/p/{{ contact.email }}">you</a>'
    ' <a href="{{ unsubscribe_url }}">leave</a> {{ boom | divided_by: contact.zero }}'
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)
ALL = Fragment("SELECT id FROM contacts_contact WHERE workspace_id = %(everyone)s")


def everyone() -> Fragment:
    return Fragment(ALL.text, {"everyone": tenancy.require_workspace()})


def only(*contact_ids: int) -> Fragment:
    return Fragment("SELECT unnest(%(chosen)s::bigint[])", {"chosen": list(contact_ids)})


def limiter() -> Limiter:
    """That of a run which sends one mailing."""
    return Limiter(uuid.uuid4(), lambda key: Origin((KIND, 1), "shop.example"), Persistence(SendReport()))


def marketing() -> Purpose:
    return Purpose.objects.get(key="marketing")


def people(count: int, *, start: int = 0, consent: bool = True, domain: str = "mail.example") -> list[Contact]:
    now = clock.now()
    made = Contact.objects.bulk_create(
        Contact(
            email=f"person{number}@{domain}",
            email_key=f"person{number}@{domain}",
            first_name=f"P{number}",
            language="en",
            created_at=now,
            updated_at=now,
        )
        for number in range(start, start + count)
    )
    if consent:
        purpose = marketing()
        Consent.objects.bulk_create(
            Consent(contact=contact, purpose=purpose, state=ConsentState.GRANTED, since=now) for contact in made
        )
    return made


def content(body: str = BODY, subject: str = "News for {{ contact.first_name }}") -> CompiledMail:
    return compile_mail(mjml=body, subject=subject, preheader="", text=None, language="en")


_CONTENT: list[CompiledMail] = []


def contexts(contact_ids: Sequence[int]) -> Mapping[int, Mapping[str, object]]:
    return {
        contact.pk: {
            "contact": {
                "email": contact.email,
                "first_name": contact.first_name,
                "zero": 0 if contact.first_name == "Zero" else 1,
            },
            "boom": 1,
        }
        for contact in Contact.objects.filter(pk__in=contact_ids)
    }


def mailing(**changes: Any) -> Mailing:
    if not _CONTENT:
        _CONTENT.append(content())
    plain = Mailing(
        sender_name="Магазин Example",
        sender_email="news@shop.example",
        reply_to="help@shop.example",
        contents={"en": _CONTENT[0]},
        language="en",
        contexts=contexts,
        list_name="Shop news",
    )
    return replace(plain, **changes)


def register(**changes: Any) -> None:
    sources.register(KIND, lambda source_id: mailing(**changes))


def enqueue(source_id: int = 1, **changes: Any) -> actions.Enqueued:
    given: dict[str, Any] = {
        "source_kind": KIND,
        "source_id": source_id,
        "audience": everyone(),
        "purpose_id": marketing().pk,
    }
    return actions.enqueue(**(given | changes))


def route(port: int, **changes: Any) -> Route:
    """The workspace's default route, to ``port``."""
    Route.objects.update(is_default=False)
    given = {"name": "sink", "host": "127.0.0.1", "port": port, "security": "none", "is_default": True}
    return Route.objects.create(**(given | {"created_at": clock.now()} | changes))


def give_back(claimed: Sequence[ledger.Claimed]) -> None:
    """What was claimed waits again."""
    assert len(actions.settle([Settlement(one.id, one.claim, "queued") for one in claimed])) == len(claimed)


def mark(claimed: Sequence[ledger.Claimed]) -> ledger.Marked:
    """As being sent, all by the first one's route."""
    return actions.mark_sending([(one.id, one.claim) for one in claimed], route_id=claimed[0].route_id)


def taken_up() -> int:
    """How many messages workers hold that are not begun."""
    return sum(len(set(claim.message_ids) - set(claim.begun_ids)) for claim in Claim.objects.all())


def note_doubts() -> None:
    """Messages that a test has put in doubt are found as if a sender had; nothing waits any more."""
    WaitingBatch.objects.all().delete()
    Doubt.objects.bulk_create(
        Doubt(message_id=message.pk, source_kind=message.source_kind, source_id=message.source_id)
        for message in Message.objects.filter(state="in_doubt")
    )


def states(source_id: int = 1) -> dict[str, int]:
    return dict(Counter(Message.objects.filter(source_kind=KIND, source_id=source_id).values_list("state", flat=True)))


def reasons(source_id: int = 1) -> dict[str, int]:
    rows = Message.objects.filter(source_kind=KIND, source_id=source_id, state="skipped")
    return dict(Counter(rows.values_list("reason", flat=True)))


@dataclass
class Sink:
    """A mailbox in a process of its own; what it answered 250 to is in ``mails``."""

    port: int
    log: Path
    process: subprocess.Popen[str]

    @property
    def mails(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    @property
    def recipients(self) -> list[str]:
        return sorted(mail["recipient"] for mail in self.mails)


@contextmanager
def sink(folder: Path, *, port: int = 0, name: str = "sink", **faults: Any) -> Iterator[Sink]:
    log = folder / f"{name}.jsonl"
    command = [sys.executable, "-m", "northpost.mailbox.tests.sink_process", "--log", str(log), "--port", str(port)]
    process = subprocess.Popen([*command, "--faults", json.dumps(faults)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Sink(json.loads(process.stdout.readline())["port"], log, process)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Sender:
    """A sender process. ``report()`` waits for it to end well; ``kill()`` ends it at once."""

    def __init__(self, workspace_id: int, *options: str) -> None:
        command = [sys.executable, "-m", "northpost.delivery.tests.sender_process", str(workspace_id), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *problem: object) -> None:
        self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait_for_now(self) -> None:
        """Until it stands still, or is dead, at the moment it was told to."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "now\n"
        # It says so a moment before: told to go on in between, it would stop afterwards, and for ever.
        deadline = time.monotonic() + 30
        while psutil.Process(self.process.pid).status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            assert time.monotonic() < deadline, "the sender does not stop"
            time.sleep(0.005)

    def report(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        lines = self.process.stdout.read().splitlines()
        assert self.process.wait(60) == 0
        return json.loads(lines[-1])

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        wait_for_its_last_statement()


def wait_for_its_last_statement() -> None:
    """PostgreSQL finishes, and may commit, the statement that a dead client left running: that is still its deed."""
    deadline = time.monotonic() + 30
    while sql.fetch_value(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    ):
        assert time.monotonic() < deadline, "a dead sender's statement does not end"
        time.sleep(0.01)


def send(workspace_id: int, *options: str) -> dict[str, Any]:
    """Send what is due with a sender process; its report."""
    with Sender(workspace_id, *options) as sender:
        return sender.report()


def after_leases() -> dict[str, int]:
    """What recovery does once the leases of dead workers have run out."""
    with clock.use(clock.VirtualClock(clock.now() + LEASE + timedelta(seconds=1))):
        return actions.recover()


def reconcile(sink: Sink, source_id: int = 1) -> Counter[str]:
    """Hold the ledger against the sink: each person 0 or 1 times, each 0 with its reason. Returns states -> count."""
    arrived = Counter(mail["recipient"] for mail in sink.mails)
    assert max(arrived.values(), default=0) <= 1
    rows = Message.objects.filter(source_kind=KIND, source_id=source_id)
    found: Counter[str] = Counter()
    for message in rows.iterator():
        found[message.state] += 1
        times = arrived.pop(message.email, 0)
        if message.state == "accepted":
            assert times == 1, message.pk
        elif message.state == "in_doubt":
            assert message.reply_text, message.pk
        else:
            assert times == 0, (message.pk, message.state)
            assert message.state in ("rejected", "skipped"), (message.pk, message.state)
            assert message.reason or message.reply_code, message.pk
    assert not arrived
    return found
