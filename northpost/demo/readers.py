"""What Voltline's people do with the mail that reached them, as a queue of happenings in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush

from northpost.demo.company import Audience, SentMail
from northpost.demo.letters import Letter


class Deed(StrEnum):
    """What a person, or a machine in between, does."""

    OPEN = "open"
    MACHINE_OPEN = "machine_open"
    CLICK = "click"
    MACHINE_CLICK = "machine_click"
    ORDER = "order"
    UNSUBSCRIBE = "unsubscribe"
    COMPLAIN = "complain"
    AWAY = "away"
    REPLY = "reply"
    LATE_BOUNCE = "late_bounce"


@dataclass(frozen=True, order=True)
class Happening:
    """One deed at its time. `link`: the clicked one; `basket`: places in PRODUCTS."""

    at: datetime
    message_id: int
    deed: Deed
    person: int = field(compare=False)
    link: int = 0
    basket: tuple[int, ...] = ()


@dataclass(frozen=True)
class Delivered:
    """A message that a mailbox took."""

    message_id: int
    person: int
    language: str
    at: datetime


@dataclass
class Expected:
    """What has been handed out by `Readers.until`, by deed: what the product's figures must come to."""

    counts: dict[Deed, int] = field(default_factory=dict)

    def add(self, deed: Deed) -> None:
        self.counts[deed] = self.counts.get(deed, 0) + 1

    def __getitem__(self, deed: Deed) -> int:
        return self.counts.get(deed, 0)


class Readers:
    """The people at their mailboxes."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._queue: list[Happening] = []
        self.done = Expected()

    def deliver(self, letter: Letter, campaign: str, links: Sequence[int], mails: Iterable[Delivered]) -> None:
        """Put mail into mailboxes. `campaign` and the person make a letter's reaction the same in every run,
        whatever ids the database gives; `links` are the letter's own, from the top."""
        for mail in mails:
            self._receive(letter, f"{campaign}/{mail.person}", links, mail)

    def until(self, moment: datetime) -> list[Happening]:
        """Take out what happens up to and at `moment`, in order of time."""
        happened = []
        while self._queue and self._queue[0].at <= moment:
            happening = heappop(self._queue)
            self.done.add(happening.deed)
            happened.append(happening)
        return happened

    def _receive(self, letter: Letter, key: str, links: Sequence[int], mail: Delivered) -> None:
        sent = SentMail(key, mail.person, letter.kind, mail.language, len(links), letter.categories)
        reaction = self._audience.react(sent, mail.at)

        def put(at: datetime | None, deed: Deed, link: int = 0, basket: tuple[int, ...] = ()) -> None:
            if at is not None:
                heappush(self._queue, Happening(at, mail.message_id, deed, mail.person, link, basket))

        put(reaction.machine_open_at, Deed.MACHINE_OPEN)
        for at, link in reaction.machine_clicks:
            put(at, Deed.MACHINE_CLICK, links[link])
        for at in reaction.opens:
            put(at, Deed.OPEN)
        for at, link in reaction.clicks:
            put(at, Deed.CLICK, links[link])
        put(reaction.ordered_at, Deed.ORDER, basket=reaction.basket)
        put(reaction.unsubscribed_at, Deed.UNSUBSCRIBE)
        put(reaction.complained_at, Deed.COMPLAIN)
        put(reaction.out_of_office_at, Deed.AWAY)
        put(reaction.replied_at, Deed.REPLY)
        put(reaction.bounced_at, Deed.LATE_BOUNCE)


# Programs that people read mail with, and those that look at it before them.
HUMAN_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
)
PREFETCHER_AGENT = "Mozilla/5.0"
SCANNER_AGENT = "Mozilla/5.0 (compatible; MailGuardScanner/2.1)"


def agent_of(happening: Happening) -> str:
    """What the program that fetches the pixel or the link calls itself."""
    if happening.deed is Deed.MACHINE_OPEN:
        return PREFETCHER_AGENT
    if happening.deed is Deed.MACHINE_CLICK:
        return SCANNER_AGENT
    return HUMAN_AGENTS[happening.person % len(HUMAN_AGENTS)]
