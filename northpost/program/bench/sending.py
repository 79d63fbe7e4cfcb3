"""A mailing, end to end: frozen, claimed, composed, sent over SMTP to a sink in a process of its own, settled."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from northpost.campaigns import actions
from northpost.campaigns.models import Campaign
from northpost.config import environment
from northpost.content.models import Template
from northpost.core import clock, tenancy
from northpost.core.signing import BadToken
from northpost.delivery import addresses
from northpost.delivery.actions import suppress
from northpost.delivery.dkim import Algorithm
from northpost.delivery.domains.actions import make_dkim_key
from northpost.delivery.models import DkimKey, DkimKeyState, Message, MessageState, Policy, Route, RouteKind, Security
from northpost.program.bench import newsletter, peers, shop, sink
from northpost.program.bench.outcome import Outcome, memory_mb, timed

CONNECTIONS = 10
ROUNDS = 3  # of which the one with the middle ratio counts
DELAY_MS = 20
SLOW_MESSAGES = 6_000  # with answers that take their time
SLOW_PEER_MESSAGES = 600
SIGNED_MESSAGES = 20_000
PEER_MESSAGES = 10_000
SMTPLIB_MESSAGES = 300
SUPPRESSED = 100
TARGET_RATE, TARGET_DKIM, TARGET_PEER, TARGET_SLOW_PEER = 20_000, 5_000, 5.0, 4.0
TARGET_MEMORY_MB, TARGET_FREEZE_SECONDS = 150, 15.0
MILLION = 1_000_000


@dataclass(frozen=True)
class Options:
    """people: whom an audience is frozen of; dkim: whether that row is measured too; processes: senders."""

    people: int = 200_000
    dkim: bool = True
    delay_ms: int = DELAY_MS
    processes: int = 2


@dataclass(frozen=True)
class Sent:
    """seconds: from the word to the last commit. letter: one of the mails. size: bytes on the wire, on average."""

    seconds: float
    memory_mb: float
    cpu: float
    database_cpu: float
    sink_cpu: float
    size: float
    letter: peers.Letter
    signed: bool


class Bench:
    """One workspace with a route to each sink."""

    def __init__(self, workspace_id: int, template: Template) -> None:
        self.workspace_id = workspace_id
        self._template = template
        self._mailings = 0

    def send(self, count: int, *, delay_ms: int = 0, processes: int = 1) -> Sent:
        """A mailing to everyone of which ``count`` are sent; every mail of it is looked at. Raises RuntimeError."""
        with sink.running(delay_ms=delay_ms) as target:
            route = _route(target.port)
            campaign = self.start(route)
            everyone = actions.freeze(campaign_id=campaign.pk) == count
            # To the last one as it comes, or a share for each: the last of them would have the machine for itself.
            share = None if everyone else -(-count // processes)
            senders = [self._sender(share) for _ in range(processes)]
            for sender in senders:
                _read(sender)
            database = database_cpu()
            with timed() as watch:
                for sender in senders:
                    _write(sender)
                reports = [json.loads(_read(sender)) for sender in senders]
            database = database_cpu() - database
            counted = target.counted()
            for sender in senders:
                sender.wait()
            check(self.workspace_id, campaign.pk, count, target, counted, reports)
            samples = list(target.samples())
        actions.cancel_campaign(campaign_id=campaign.pk)
        return Sent(
            watch.seconds,
            max(report["peak_mb"] for report in reports),
            sum(report["cpu"] for report in reports),
            database,
            counted.cpu,
            counted.bytes / counted.mails,
            peers.Letter.of(samples[0]),
            all(mail["DKIM-Signature"] for mail in samples),
        )

    def start(self, route: Route) -> Campaign:
        self._mailings += 1
        campaign = actions.create_campaign(
            name=f"Bench {self._mailings}",
            template_id=self._template.pk,
            default_language="en",
            route_id=route.pk,
            audience={"include": [{"everyone": True}], "exclude": []},
            canary=False,
        )
        actions.start_campaign(campaign_id=campaign.pk)
        return campaign

    def _sender(self, limit: int | None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "northpost.program.bench.sender", str(self.workspace_id)]
        command += [] if limit is None else [str(limit)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measure(scale: int, options: Options | None = None) -> Outcome:
    """Messages a second, with other senders beside it; and in ``rows`` slow answers, signing, freezing, memory."""
    options = options or Options()
    workspace, _owner = shop.found()
    with tenancy.workspace(workspace.pk):
        # A cap that is counted and that nobody reaches.
        Policy.objects.update_or_create(defaults={"cap_messages": 50, "cap_days": 7})
        bench = Bench(workspace.pk, newsletter.template())
        bring_in(0, scale)
        before = os.getloadavg()
        rounds = [Round.run(bench, scale, options.processes) for _ in range(ROUNDS)]
        middle = sorted(rounds, key=Round.ratio)[ROUNDS // 2]
        sent = middle.sent
        outcome = Outcome("send", scale / sent.seconds, "messages/s", scale, memory_mb=sent.memory_mb)
        outcome.targets["figure"] = TARGET_RATE
        outcome.details = {
            "processes": options.processes,
            "connections": CONNECTIONS,
            "bytes a mail": round(sent.size),
            "sender CPU seconds": round(sent.cpu, 2),
            "PostgreSQL CPU seconds": round(sent.database_cpu, 2),
            "sink CPU seconds": round(sent.sink_cpu, 2),
            "sink alone, messages/s": round(sink.capacity(size=round(sent.size), mails=min(60_000, 20 * scale))),
            "sink compiled": sink.is_compiled(),
            "processors": os.cpu_count(),
            "load before": [round(load, 1) for load in before],
            "rounds: ours, lock-step, the same without RSET": [one.rates(scale) for one in rounds],
        }
        add_peers(outcome, middle)
        outcome.rows.append(
            Outcome("send: memory of a sender", sent.memory_mb, "MB", scale, targets={"figure": TARGET_MEMORY_MB},
                    lower_is_better=True)
        )  # fmt: skip
        outcome.rows.append(slow(bench, min(scale, SLOW_MESSAGES), options.delay_ms))
        if options.dkim:
            outcome.rows.append(signed(bench, min(scale, SIGNED_MESSAGES), options))
        outcome.rows.append(freeze(bench, scale, max(scale, options.people)))
    return outcome


@dataclass(frozen=True)
class Round:
    """Ours and the lock-step sender, one right after the other: a machine shared with others is not the same for long.
    lockstep, without_reset: None where it can't be run."""

    sent: Sent
    lockstep: peers.Ran | None
    without_reset: peers.Ran | None

    @classmethod
    def run(cls, bench: Bench, scale: int, processes: int) -> Round:
        sent = bench.send(scale, processes=processes)
        try:
            ran, lean = (
                peers.lockstep(sent.letter, messages=min(scale, PEER_MESSAGES), connections=CONNECTIONS, reset=reset)
                for reset in (True, False)
            )
        except peers.Absent:
            return cls(sent, None, None)
        return cls(sent, ran, lean)

    def rates(self, scale: int) -> list[int | None]:
        """Messages a second: ours, the lock-step sender's, and without RSET."""
        ours = round(scale / self.sent.seconds)
        return [ours, *(round(ran.rate) if ran else None for ran in (self.lockstep, self.without_reset))]

    def ratio(self) -> float:
        """Up to a factor that is the same in all rounds."""
        return 1 / self.sent.seconds / (self.lockstep.rate if self.lockstep is not None else 1.0)


def add_peers(outcome: Outcome, middle: Round) -> None:
    count, sent = min(outcome.scale, PEER_MESSAGES), middle.sent

    def lockstep(ran: peers.Ran | None) -> peers.Ran:
        if ran is None:
            raise peers.Absent("no Go toolchain, so no lock-step sender")
        return ran

    runs: dict[str, Callable[[], peers.Ran]] = {
        peers.LOCKSTEP: lambda: lockstep(middle.lockstep),
        peers.LOCKSTEP_WITHOUT_RESET: lambda: lockstep(middle.without_reset),
        peers.SMTP_SOURCE: lambda: peers.smtp_source(size=round(sent.size), messages=count, connections=CONNECTIONS),
        peers.SMTPLIB: lambda: peers.python_smtplib(sent.letter, messages=min(count, SMTPLIB_MESSAGES)),
    }
    sizes = {}
    frugal = {"ours, PostgreSQL included": round(outcome.scale / (sent.cpu + sent.database_cpu))}
    for name, run in runs.items():
        try:
            ran = run()
        except peers.Absent as why:
            if str(why) not in outcome.notes:
                outcome.notes.append(str(why))
            continue
        outcome.peers[name] = ran.rate
        sizes[name] = round(ran.size)
        frugal[name] = round(ran.per_cpu_second)
    outcome.details["bytes a mail of peers"] = sizes
    outcome.details["messages for a second of processor time"] = frugal
    if peers.LOCKSTEP in outcome.peers:
        outcome.targets[peers.LOCKSTEP] = TARGET_PEER


def slow(bench: Bench, count: int, delay_ms: int) -> Outcome:
    """The same with a server that takes its time for each answer; by one sender, so that it is surely as many
    connections as the peer has."""
    sent = bench.send(count, delay_ms=delay_ms)
    outcome = Outcome(f"send at {delay_ms} ms", count / sent.seconds, "messages/s", count, memory_mb=sent.memory_mb)
    try:
        for name, reset in ((peers.LOCKSTEP, True), (peers.LOCKSTEP_WITHOUT_RESET, False)):
            ran = peers.lockstep(
                sent.letter,
                messages=min(count, SLOW_PEER_MESSAGES),
                connections=CONNECTIONS,
                delay_ms=delay_ms,
                reset=reset,
            )
            outcome.peers[name] = ran.rate
        outcome.targets[peers.LOCKSTEP] = TARGET_SLOW_PEER
    except peers.Absent as why:
        outcome.notes.append(str(why))
    return outcome


def signed(bench: Bench, count: int, options: Options) -> Outcome:
    """Each with a DKIM signature (RSA-2048); those in the sample are looked at, not verified. Beside it: how many
    signatures the machine makes if it does nothing else."""
    key = make_dkim_key(domain="bench.example", algorithm=Algorithm.RSA)
    signing = DkimKey.objects.filter(pk=key.pk)
    signing.update(state=DkimKeyState.SIGNING, signing_at=clock.now())
    try:
        sent = bench.send(count, processes=options.processes)
    finally:
        signing.update(state=DkimKeyState.REPLACED, replaced_at=clock.now())
    if not sent.signed:
        raise RuntimeError("the mail was to be signed, and is not")
    targets = {"figure": float(TARGET_DKIM)}
    outcome = Outcome(
        "send: DKIM", count / sent.seconds, "messages/s", count, targets=targets, memory_mb=sent.memory_mb
    )
    outcome.peers[peers.SIGNATURES] = peers.signatures(seconds=1.0)
    return outcome


def freeze(bench: Bench, have: int, people: int) -> Outcome:
    """An audience into the ledger, consent, suppression and cap decided: seconds for a million people."""
    bring_in(have, people - have)
    for number in range(0, people, max(1, people // SUPPRESSED)):
        suppress(email=newsletter_address(number))
    campaign = bench.start(Route.objects.get(is_default=True))
    with timed() as watch:
        queued = actions.freeze(campaign_id=campaign.pk)
    rows = Message.objects.filter(source_kind="campaign", source_id=campaign.pk).count()
    if rows != people or not 0 < people - queued <= SUPPRESSED + 1:
        raise RuntimeError(f"of {people} people {rows} were frozen and {queued} queued")
    return Outcome(
        "freeze",
        watch.seconds * MILLION / people,
        "s for a million",
        people,
        targets={"figure": TARGET_FREEZE_SECONDS},
        lower_is_better=True,
        memory_mb=memory_mb(),
        details={"rows/s": round(people / watch.seconds)},
    )


def bring_in(start: int, count: int) -> None:
    """People by the product's own import."""
    if count <= 0:
        return
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "people.csv"
        newsletter.write_people(path, count, start=start)
        shop.bring_in("contacts", path, newsletter.COLUMNS)


def database_cpu() -> float:
    """Processor seconds that PostgreSQL has used so far, with its processes that have ended."""
    server = environment.embedded_server()
    pid = server.pid() if server is not None else None
    if pid is None:
        return 0.0
    postmaster = psutil.Process(pid)
    ended = postmaster.cpu_times()
    used = ended.user + ended.system + ended.children_user + ended.children_system
    for process in postmaster.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def newsletter_address(number: int) -> str:
    return f"person{number}@mail{number % 40}.example"


def check(
    workspace_id: int, campaign_id: int, count: int, target: sink.Sink, counted: sink.Counted, reports: list[dict]
) -> None:
    """Hold what the sink got against the ledger: each once, each with its own person's return path, well-formed."""
    accepted = dict(
        Message.objects.filter(source_kind="campaign", source_id=campaign_id, state=MessageState.ACCEPTED).values_list(
            "pk", "email"
        )
    )
    told = sum(report["states"].get("accepted", 0) for report in reports)
    seen: Counter[int] = Counter()
    for record in target.records():
        token = record.sender.partition("@")[0].removeprefix("bounce+")
        with contextlib.suppress(BadToken):
            workspace, message_id = addresses.read_message(addresses.BOUNCE, token)
            seen[message_id] += workspace == workspace_id and accepted.get(message_id) == record.recipient
    wrong = counted.mails - sum(seen.values())
    twice = sum(times > 1 for times in seen.values())
    if wrong or twice or counted.broken or not count == counted.mails == len(accepted) == told:
        raise RuntimeError(
            f"of {count} sent {told}, in the ledger {len(accepted)}, in the sink {counted.mails}; "
            f"wrong person {wrong}, twice {twice}, broken {counted.broken}; {[report['alerts'] for report in reports]}"
        )
    for mail in target.samples():
        if mail.defects or not mail["Message-ID"] or mail.get_body(("html",)) is None or mail["To"] is None:
            raise RuntimeError(f"a mail that Python's own library does not like: {mail.defects}")


def _route(port: int) -> Route:
    Route.objects.update(is_default=False)
    return Route.objects.create(
        name=f"Sink {port}",
        kind=RouteKind.SMTP,
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        connections=CONNECTIONS,
        is_default=True,
        created_at=clock.now(),
    )


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a sender ended with status {process.wait()}")
    return line


def _write(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
