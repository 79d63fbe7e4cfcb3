"""What people do with a letter. The same seed and message id always bring the same reaction.

A letter causes some orders here, and many more come without one: touched is not caused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from math import log
from typing import Literal

from northpost.demo.company.catalogue import CATEGORIES, PRODUCTS
from northpost.demo.company.moments import Floats, Ints, Times, to_aware
from northpost.demo.company.people import People

Kind = Literal["newsletter", "offer", "winback", "welcome", "post_purchase", "review", "questionnaire", "partner"]
Bounce = Literal["", "hard", "soft"]

# kind -> (opened by people, clicked of the opened, ordered of the clicked, unsubscribed of the opened)
TEMPER: dict[str, tuple[float, float, float, float]] = {
    "newsletter": (0.31, 0.160, 0.21, 0.010),
    "offer": (0.34, 0.175, 0.23, 0.009),
    "winback": (0.34, 0.160, 0.24, 0.014),
    "welcome": (0.48, 0.240, 0.22, 0.006),
    "post_purchase": (0.45, 0.220, 0.24, 0.004),
    "review": (0.34, 0.160, 0.05, 0.006),
    "questionnaire": (0.32, 0.180, 0.04, 0.007),
    "partner": (0.52, 0.300, 0.0, 0.004),
}
OUT_OF_OFFICE = 0.012
# Taken by the server, and returned some minutes later: its owner has not looked in for long.
BOUNCED_LATER = 0.0012
REPLIED_OF_OPENED = {"partner": 0.10, "review": 0.02}
REPLIED_AT_ALL = 0.003
COMPLAINED_OF_OPENED = 0.0006
LONGEST_WAIT = timedelta(days=6)


@dataclass(frozen=True)
class SentMail:
    """One letter as it reached a mailbox. `links`: how many it has; `categories`: slugs of what it shows."""

    message_id: str
    person: int
    kind: Kind
    language: str
    links: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reaction:
    """What came of one letter; times are aware. `clicks`, `machine_clicks`: time and the link's place.

    A bounced letter has no other reaction (`bounced_at`: it was taken, and returned later). `basket`: places in
    PRODUCTS, each bought once at `ordered_at`.
    """

    bounce: Bounce = ""
    out_of_office_at: datetime | None = None
    machine_open_at: datetime | None = None
    machine_clicks: tuple[tuple[datetime, int], ...] = ()
    opens: tuple[datetime, ...] = ()
    clicks: tuple[tuple[datetime, int], ...] = ()
    ordered_at: datetime | None = None
    basket: tuple[int, ...] = ()
    unsubscribed_at: datetime | None = None
    complained_at: datetime | None = None
    replied_at: datetime | None = None
    bounced_at: datetime | None = None


_SLUG_BIT = {category.slug: 1 << place for place, category in enumerate(CATEGORIES)}
_SHELF = {
    category.slug: [place for place, product in enumerate(PRODUCTS) if product.category is category]
    for category in CATEGORIES
}
_GOES_WITH = {
    category.slug: [other.slug for other in CATEGORIES if category.slug in other.accessory_of] or [category.slug]
    for category in CATEGORIES
}
_EVERYDAY = tuple(category.slug for category in CATEGORIES if not category.big)


class Audience:
    """The people as readers of mail: `react` says what each does with a letter."""

    def __init__(self, seed: int, people: People, left: Times, owns: Ints) -> None:
        self._key = seed.to_bytes(16, "big", signed=True)
        self._people = people
        self._left = to_aware(left)
        self._owns: list[int] = owns.tolist()
        self._keen: list[float] = _as_list(people.keenness)
        self._dead: list[bool] = people.dead.tolist()
        self._full: list[bool] = people.full.tolist()
        self._prefetches: list[bool] = people.prefetches.tolist()
        self._scanned: list[bool] = people.scanned.tolist()

    def is_dead(self, person: int) -> bool:
        """True where nobody has this mailbox any more: every letter to it bounces for good."""
        return self._dead[person]

    def is_full(self, person: int) -> bool:
        return self._full[person]

    def react(self, mail: SentMail, now: datetime) -> Reaction:
        """What comes of a letter that reaches its mailbox at `now` (aware); all times are after it."""
        person = mail.person
        if self._dead[person]:
            return Reaction(bounce="hard")
        if self._full[person]:
            return Reaction(bounce="soft")
        chance = self._chances(mail.message_id)
        if next(chance) < BOUNCED_LATER:
            return Reaction(bounced_at=now + timedelta(minutes=1 + 30 * next(chance)))
        away = next(chance) < OUT_OF_OFFICE
        prefetched = now + timedelta(seconds=3 + 50 * next(chance))
        machine_clicks = (
            tuple((now + timedelta(seconds=2 + link), link) for link in range(mail.links))
            if self._scanned[person]
            else ()
        )
        opens, clicks = self._reads(mail, now, chance)
        ordered_at, basket = self._buys(mail, clicks, chance)
        unsubscribed_at, complained_at = self._leaves(mail, opens, chance)
        return Reaction(
            out_of_office_at=now + timedelta(seconds=20 + 200 * next(chance)) if away else None,
            machine_open_at=prefetched if self._prefetches[person] else None,
            machine_clicks=machine_clicks,
            opens=opens,
            clicks=clicks,
            ordered_at=ordered_at,
            basket=basket,
            unsubscribed_at=unsubscribed_at,
            complained_at=complained_at,
            replied_at=self._replies(mail, opens, chance),
        )

    def _chances(self, message_id: str) -> Iterator[float]:
        """Even chances in (0, 1), as many as are asked for, all from the seed and the message's id."""
        page = 0
        while True:
            drawn = blake2b(f"{message_id}/{page}".encode(), key=self._key).digest()
            for at in range(0, 64, 8):
                yield (int.from_bytes(drawn[at : at + 8], "big") + 1) / (2**64 + 2)
            page += 1

    def _reads(
        self, mail: SentMail, now: datetime, chance: Iterator[float]
    ) -> tuple[tuple[datetime, ...], tuple[tuple[datetime, int], ...]]:
        person = mail.person
        opened, clicked, _, _ = TEMPER[mail.kind]
        left = self._left[person]
        if left is not None and left < now and mail.kind != "winback":
            opened, clicked = opened * 0.75, clicked * 0.75
        if mail.language != self._people.language[person]:
            opened, clicked = opened * 0.55, clicked * 0.6
        if any(self._owns[person] & _SLUG_BIT[slug] for slug in mail.categories):
            clicked *= 1.35
        # Readiness saturates: a keen reader opens nearly all, nobody opens more than all.
        drive = opened / (1 - opened) * self._keen[person]
        if next(chance) >= drive / (1 + drive) * 1.08:
            return (), ()
        first = now + _wait(next(chance), hours=3.0, shape=1.25)
        opens = [first]
        if next(chance) < 0.18:
            opens.append(first + _wait(next(chance), hours=9.0, shape=1.4))
        clicks: list[tuple[datetime, int]] = []
        if mail.links and next(chance) < clicked:
            at = first + timedelta(seconds=8 - 40 * log(next(chance)))
            link = _early(next(chance), mail.links)
            clicks.append((at, link))
            if mail.links > 1 and next(chance) < 0.25:
                other = (link + 1 + int(next(chance) * (mail.links - 1))) % mail.links
                clicks.append((at + timedelta(seconds=30 + 200 * next(chance)), other))
        return tuple(sorted(opens)), tuple(clicks)

    def _buys(
        self, mail: SentMail, clicks: tuple[tuple[datetime, int], ...], chance: Iterator[float]
    ) -> tuple[datetime | None, tuple[int, ...]]:
        if not clicks or next(chance) >= TEMPER[mail.kind][2]:
            return None, ()
        ordered_at = clicks[0][0] + timedelta(minutes=4) + _wait(next(chance), hours=4.0, shape=1.1)
        slugs = mail.categories or _EVERYDAY
        slug = slugs[int(next(chance) * len(slugs))]
        basket = [_from_shelf(slug, next(chance))]
        if next(chance) < 0.35:
            along = _GOES_WITH[slug]
            basket.append(_from_shelf(along[int(next(chance) * len(along))], next(chance)))
        return ordered_at, tuple(dict.fromkeys(basket))

    def _replies(self, mail: SentMail, opens: tuple[datetime, ...], chance: Iterator[float]) -> datetime | None:
        if not opens or next(chance) >= REPLIED_OF_OPENED.get(mail.kind, REPLIED_AT_ALL):
            return None
        return opens[0] + timedelta(minutes=2) + _wait(next(chance), hours=2.0, shape=1.2)

    def _leaves(
        self, mail: SentMail, opens: tuple[datetime, ...], chance: Iterator[float]
    ) -> tuple[datetime | None, datetime | None]:
        if not opens:
            return None, None
        soon = opens[0] + timedelta(seconds=15 - 90 * log(next(chance)))
        draw = next(chance)
        if draw < COMPLAINED_OF_OPENED:
            return None, soon
        return (soon, None) if draw < COMPLAINED_OF_OPENED + TEMPER[mail.kind][3] else (None, None)


def _as_list(column: Floats) -> list[float]:
    return [float(value) for value in column]


def _wait(draw: float, *, hours: float, shape: float) -> timedelta:
    """A log-logistic wait with median `hours`: most come soon, some days later; cut at LONGEST_WAIT."""
    return min(timedelta(hours=hours * (draw / (1 - draw)) ** (1 / shape)), LONGEST_WAIT)


def _early(draw: float, links: int) -> int:
    """A link's place: those at the top are followed more."""
    return int(draw * draw * links)


def _from_shelf(slug: str, draw: float) -> int:
    shelf = _SHELF[slug]
    return shelf[int(draw**1.6 * len(shelf))]
