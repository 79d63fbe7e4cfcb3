"""Two years of orders: season, customers who come, buy at their own pace and leave, and what goes with it.

Buying is the process behind BG/NBD (Fader, Hardie, Lee 2005): while a customer lives, orders come as a
Poisson process with a rate that is gamma distributed over people; after each order the customer leaves with a
probability that is beta distributed. Season is a change of clock: time passes faster in a busy month.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np

from northpost.demo.company.catalogue import CATEGORIES, PRODUCTS
from northpost.demo.company.moments import DAY, Bools, Floats, Ints, Times, from_aware, to_aware

HISTORY_DAYS = 730
# How busy a month is against the mean; November and December peak, August and September are back to school.
SEASON = np.array([0.85, 0.75, 0.82, 0.80, 0.82, 0.80, 0.78, 1.05, 1.20, 0.95, 1.55, 1.75])
SHARE_BUYERS = 0.60
RATE_SHAPE, RATE_PER_DAY = 1.1, 0.0066
LEAVE_A, LEAVE_B = 0.8, 2.4
SHARE_FOLLOWED = 0.45
SHARE_REFUNDED = 0.03
FIRST_NUMBER = 100_001

_HOURS = np.array([1, 1, 0.5, 0.3, 0.3, 0.5, 1, 2, 4, 6, 7, 7, 7, 6, 6, 6, 6, 6, 7, 8, 9, 8, 5, 2.5])


@dataclass(frozen=True)
class OrderLine:
    """One line: `product` is its place in PRODUCTS, `unit_price` in EUR."""

    product: int
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True)
class Order:
    """One order of a person (number). `refunded` of `total` went back at `refunded_at`; all in EUR."""

    number: str
    person: int
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    total: Decimal
    refunded: Decimal
    refunded_at: datetime | None


@dataclass(frozen=True)
class Orders:
    """Columns by time; order i has lines `line_start[i]:line_start[i + 1]`. Money in cents of EUR."""

    number: list[str]
    person: Ints = field(repr=False)
    placed: Times = field(repr=False)
    total: Ints = field(repr=False)
    refunded: Ints = field(repr=False)
    refunded_when: Times = field(repr=False)
    line_start: Ints = field(repr=False)
    line_product: Ints = field(repr=False)
    line_quantity: Ints = field(repr=False)
    line_price: Ints = field(repr=False)
    left: Times = field(repr=False)
    """Per person, hidden: when they stopped being a customer; NaT for those who did not or never were one."""
    owns: Ints = field(repr=False)
    """Per person, hidden: one bit per category bought."""

    def __len__(self) -> int:
        return len(self.number)

    def between(self, start: datetime, end: datetime) -> Iterator[Order]:
        """Orders placed in [start, end), in order of time, with a refund only if it came before `end`."""
        first, last = np.searchsorted(self.placed, [from_aware(start), from_aware(end)])
        yield from self._rows(int(first), int(last), from_aware(end))

    def refunded_between(self, start: datetime, end: datetime) -> list[Order]:
        """Orders placed before `start` whose refund came in [start, end)."""
        begin, stop = from_aware(start), from_aware(end)
        chosen = (self.refunded_when >= begin) & (self.refunded_when < stop) & (self.placed < begin)
        return [order for row in np.flatnonzero(chosen) for order in self._rows(int(row), int(row) + 1, stop)]

    def _rows(self, first: int, last: int, end: np.datetime64) -> Iterator[Order]:
        placed = to_aware(self.placed[first:last])
        settled = to_aware(self.refunded_when[first:last])
        known = (self.refunded_when[first:last] < end).tolist()
        starts = self.line_start[first : last + 1].tolist()
        columns = [
            column[starts[0] : starts[-1]].tolist()
            for column in (self.line_product, self.line_quantity, self.line_price)
        ]
        lines = [OrderLine(p, q, _money(cents)) for p, q, cents in zip(*columns, strict=True)]
        people, totals = self.person[first:last].tolist(), self.total[first:last].tolist()
        refunds = self.refunded[first:last].tolist()
        for row in range(last - first):
            moment = placed[row]
            assert moment is not None
            yield Order(
                number=self.number[first + row],
                person=people[row],
                placed_at=moment,
                lines=tuple(lines[starts[row] - starts[0] : starts[row + 1] - starts[0]]),
                total=_money(totals[row]),
                refunded=_money(refunds[row] if known[row] else 0),
                refunded_at=settled[row] if known[row] else None,
            )


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


_CATEGORY_OF = np.array([CATEGORIES.index(product.category) for product in PRODUCTS])
_CENTS = np.array([product.cents for product in PRODUCTS])
_BIG = np.array([category.big for category in CATEGORIES])
_SLUGS = [category.slug for category in CATEGORIES]
_WEIGHT = np.array([category.weight for category in CATEGORIES])
_FIRST_OF = np.searchsorted(_CATEGORY_OF, np.arange(len(CATEGORIES)))
_SIZE_OF = np.bincount(_CATEGORY_OF)


def _companions() -> Floats:
    """Row per category: chance of each category as what goes with it."""
    table = np.zeros((len(CATEGORIES), len(CATEGORIES)))
    for row, main in enumerate(CATEGORIES):
        for column, other in enumerate(CATEGORIES):
            if main.slug in other.accessory_of:
                table[row, column] = other.weight
            elif not main.big and not other.big:
                table[row, column] = other.weight * 0.5
    return np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)


_COMPANIONS = _companions()


def make_orders(rng: np.random.Generator, signed_up: Times, partner: Bools, now: np.datetime64) -> Orders:
    """The orders of everyone who signed up, over the HISTORY_DAYS before `now`."""
    start = now - np.timedelta64(HISTORY_DAYS * DAY, "s")
    person, placed, left = _purchases(rng, signed_up, partner, start, now)
    main = _main_category(rng, placed)
    follow_person, follow_placed, follow_main = _follow_ups(rng, person, placed, main, now)
    person, placed = np.concatenate([person, follow_person]), np.concatenate([placed, follow_placed])
    main = np.concatenate([main, follow_main])
    order = np.lexsort((person, placed))
    person, placed, main = person[order], placed[order], main[order]

    lines_of, product, quantity = _baskets(rng, main)
    price = _CENTS[product]
    line_start = np.concatenate([[0], np.cumsum(lines_of)])
    total = np.add.reduceat(price * quantity, line_start[:-1]) if len(person) else np.zeros(0, int)
    refunded, refunded_when = _refunds(rng, placed, total, price[line_start[:-1]], now)
    owns = np.zeros(len(signed_up), np.int64)
    np.bitwise_or.at(owns, np.repeat(person, lines_of), 1 << _CATEGORY_OF[product])
    return Orders(
        number=[f"V{FIRST_NUMBER + row}" for row in range(len(person))],
        person=person,
        placed=placed,
        total=total,
        refunded=refunded,
        refunded_when=refunded_when,
        line_start=line_start,
        line_product=product,
        line_quantity=quantity,
        line_price=price,
        left=left,
        owns=owns,
    )


def _season_clock(start: np.datetime64, now: np.datetime64) -> tuple[Floats, Floats]:
    """Days since `start` against seasonal days: two rising columns to interpolate between."""
    days = np.arange(0, HISTORY_DAYS + 2, dtype=float)
    dates = start.astype("datetime64[D]") + days.astype("timedelta64[D]")
    month = dates.astype("datetime64[M]").astype(int) % 12
    weekday = (dates.astype("datetime64[D]").astype(int) + 3) % 7
    pace = SEASON[month] * np.where(weekday >= 5, 1.12, 0.95)
    return days, np.concatenate([[0.0], np.cumsum(pace)[:-1]])


def _purchases(
    rng: np.random.Generator, signed_up: Times, partner: Bools, start: np.datetime64, now: np.datetime64
) -> tuple[Ints, Times, Times]:
    count = len(signed_up)
    days, warped = _season_clock(start, now)
    joined = np.maximum((signed_up - start).astype(float) / DAY, 0.0)
    end = np.interp((now - start).astype(float) / DAY, days, warped)
    old = signed_up < start
    # Many sign up while ordering; others think about it, and some of them for long.
    at_once = (rng.random(count) < 0.45) & ~old
    lag = np.where(at_once, rng.exponential(0.3, count), rng.exponential(np.where(old, 90.0, 95.0)))
    rate = rng.gamma(RATE_SHAPE, RATE_PER_DAY / RATE_SHAPE, count)
    leave = rng.beta(LEAVE_A, LEAVE_B, count)
    buyer = (rng.random(count) < SHARE_BUYERS) & ~partner

    clock = np.interp(joined, days, warped) + lag
    alive = np.flatnonzero(buyer & (clock < end))
    left = np.full(count, np.nan)
    people: list[Ints] = []
    moments: list[Floats] = []
    while len(alive):
        people.append(alive)
        moments.append(clock[alive])
        gone = rng.random(len(alive)) < leave[alive]
        left[alive[gone]] = clock[alive[gone]]
        alive = alive[~gone]
        clock[alive] += rng.exponential(1.0, len(alive)) / rate[alive]
        alive = alive[clock[alive] < end]
    person = np.concatenate(people) if people else np.zeros(0, np.int64)
    at = np.interp(np.concatenate(moments) if moments else np.zeros(0), warped, days)
    placed = _at_a_shopping_hour(rng, start + (at * DAY).astype("timedelta64[s]"))
    earliest = signed_up[person] + np.timedelta64(900, "s")
    placed = np.maximum(placed, earliest)
    left_at = start + (np.interp(left, warped, days) * DAY).astype("timedelta64[s]")
    left_at[np.isnan(left)] = np.datetime64("NaT")
    keep = placed < now
    return person[keep], placed[keep], left_at


def _at_a_shopping_hour(rng: np.random.Generator, moments: Times) -> Times:
    """The same days, at an hour when people shop."""
    hour = rng.choice(24, size=len(moments), p=_HOURS / _HOURS.sum())
    second = hour * 3600 + rng.integers(0, 3600, len(moments))
    return moments.astype("datetime64[D]").astype("datetime64[s]") + second.astype("timedelta64[s]")


def _main_category(rng: np.random.Generator, placed: Times) -> Ints:
    """What each order is mainly for: TV sets go in late autumn, laptops when school starts."""
    month = placed.astype("datetime64[M]").astype(int) % 12 + 1
    weight = np.tile(_WEIGHT, (13, 1))
    weight[[8, 9], _SLUGS.index("laptops")] *= 1.8
    weight[[11, 12], _SLUGS.index("tv")] *= 1.7
    weight[[12], _SLUGS.index("audio")] *= 1.6
    weight[[6, 7], _SLUGS.index("cameras")] *= 1.7
    chance = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    return (rng.random((len(placed), 1)) > chance[month]).sum(axis=1)


def _follow_ups(
    rng: np.random.Generator, person: Ints, placed: Times, main: Ints, now: np.datetime64
) -> tuple[Ints, Times, Ints]:
    """One to six weeks after a big purchase many come back for what goes with it."""
    back = np.flatnonzero(_BIG[main] & (rng.random(len(main)) < SHARE_FOLLOWED))
    wait = 2 + np.minimum(rng.gamma(2.0, 7.5, len(back)), 45.0)
    when = _at_a_shopping_hour(rng, placed[back] + (wait * DAY).astype("timedelta64[s]"))
    what = _companion(rng, main[back])
    keep = when < now
    return person[back][keep], when[keep], what[keep]


def _companion(rng: np.random.Generator, main: Ints) -> Ints:
    return (rng.random((len(main), 1)) > _COMPANIONS[main]).sum(axis=1)


def _baskets(rng: np.random.Generator, main: Ints) -> tuple[Ints, Ints, Ints]:
    """Lines per order, and product and quantity per line; the first line is the main thing."""
    more = np.array([0.60, 0.24, 0.10, 0.04, 0.02])
    lines_of = 1 + rng.choice(5, size=len(main), p=more)
    first = np.concatenate([[0], np.cumsum(lines_of)[:-1]]).astype(np.int64) if len(main) else np.zeros(0, np.int64)
    of_order = np.repeat(main, lines_of)
    category = _companion(rng, of_order)
    category[first] = main
    # The first products of a shelf are the popular ones.
    place = (rng.random(len(category)) ** 1.6 * _SIZE_OF[category]).astype(np.int64)
    quantity = np.where(~_BIG[category] & (rng.random(len(category)) < 0.12), 2, 1)
    return lines_of, _FIRST_OF[category] + place, quantity


def _refunds(
    rng: np.random.Generator, placed: Times, total: Ints, first_price: Ints, now: np.datetime64
) -> tuple[Ints, Times]:
    """Some send all back, some only the first thing; within three weeks."""
    back = rng.random(len(placed)) < SHARE_REFUNDED
    when = placed + (rng.uniform(2, 21, len(placed)) * DAY).astype("timedelta64[s]")
    back &= when < now
    amount = np.where(rng.random(len(placed)) < 0.65, total, first_price)
    return np.where(back, amount, 0), np.where(back, when, np.datetime64("NaT"))
