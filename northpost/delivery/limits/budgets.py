"""What may leave now of a limit that all workers share: reserved before a message is marked as being sent.

A reservation is locked, decided and written in one transaction, budgets in the order of their keys. What turned out
not to be sent is given back; what a worker that died had reserved lapses with the window. What is asked once more,
because the answer to its commit was lost, is done once: each run of the sender numbers what it asks.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from northpost.core import sql, tenancy
from northpost.delivery.models import BudgetMove, HoldReason, WarmUpDay
from northpost.delivery.rules.throttling import Usage, Window, granted, opens_at, spent, usage_at

# A run that still asks is younger.
MOVES_ARE_KEPT = timedelta(hours=1)


class Move(NamedTuple):
    """What a run of the sender asks, by a number of its own that grows: the same when it is asked once more."""

    run: uuid.UUID
    number: int


@dataclass(frozen=True)
class Limit:
    """A budget by its key, the window it holds for, and how many fit into it."""

    key: str
    window: Window
    messages: int


@dataclass(frozen=True)
class Today:
    """A day of a warm-up: how many it allows, and when the next one begins."""

    warm_up_id: int
    day: date
    ceiling: int
    ends_at: datetime


@dataclass(frozen=True)
class Reservation:
    """``granted`` may go now. If that is nothing: not before ``opens_at``, because of the budget ``key``."""

    granted: int
    opens_at: datetime | None = None
    key: str = ""
    reason: HoldReason | None = None


def reserve(
    limits: Sequence[Limit], wanted: int, *, move: Move, now: datetime, today: Today | None = None
) -> Reservation:
    """Take up to ``wanted`` messages out of every one of the budgets, or what the tightest of them has left."""
    ordered = sorted(limits, key=lambda limit: limit.key)
    with transaction.atomic():
        _commit_lazily()
        usages = _locked(ordered, now)
        day = _locked_day(today) if today is not None else None
        before = _messages_of(move)
        if before is not None:
            return Reservation(before)
        offers = [granted(limit.window, usages[limit.key], limit.messages, wanted) for limit in ordered]
        if today is not None and day is not None:
            offers.append(max(0, min(wanted, today.ceiling - day.used)))
        count = min(offers, default=wanted)
        if count > 0:
            _write(ordered, {key: spent(usage, count) for key, usage in usages.items()})
            if day is not None:
                WarmUpDay.objects.filter(pk=day.pk).update(used=day.used + count)
            _note(move, count, now)
            return Reservation(count)
    if today is not None and offers[-1] == 0:
        return Reservation(0, today.ends_at, f"warm-up:{today.warm_up_id}", HoldReason.WARM_UP)
    return _refused(ordered, usages, offers)


def give_back(limits: Sequence[Limit], count: int, *, move: Move, now: datetime, today: Today | None = None) -> None:
    """What was reserved and not sent."""
    ordered = sorted(limits, key=lambda limit: limit.key)
    with transaction.atomic():
        _commit_lazily()
        usages = _locked(ordered, now)
        day = _locked_day(today) if today is not None else None
        if _messages_of(move) is not None:
            return
        _write(ordered, {key: spent(usage, -count) for key, usage in usages.items()})
        if day is not None:
            WarmUpDay.objects.filter(pk=day.pk).update(used=max(0, day.used - count))
        _note(move, count, now)


def forget_moves(now: datetime) -> None:
    """Those of runs that have ended long ago."""
    BudgetMove.objects.filter(moved_at__lt=now - MOVES_ARE_KEPT).delete()


def used(limits: Sequence[Limit], *, now: datetime) -> dict[str, int]:
    """Key -> how many were used within the window that ends now. Locks nothing."""
    return {key: usage.total for key, usage in usages(limits, now=now).items()}


def usages(limits: Sequence[Limit], *, now: datetime) -> dict[str, Usage]:
    """Key -> what was used within the window that ends now, slot by slot. Locks nothing."""
    windows = {limit.key: limit.window for limit in limits}
    rows = sql.fetch_all(
        sql.load("northpost.delivery", "read_budgets"),
        {"workspace_id": tenancy.require_workspace(), "keys": sorted(windows)},
    )
    noted = {row["key"]: (row["at"], tuple(row["slots"])) for row in rows}
    return {key: usage_at(window, *noted.get(key, (0, ())), now) for key, window in windows.items()}


def _refused(limits: Sequence[Limit], usages: dict[str, Usage], offers: Sequence[int]) -> Reservation:
    """By the one of the budgets that stays closed the longest."""
    closed = [
        (opens_at(limit.window, usages[limit.key], limit.messages), limit)
        for limit, offer in zip(limits, offers, strict=False)
        if offer == 0
    ]
    moment, limit = max(closed, key=lambda one: (one[0], one[1].key))
    return Reservation(0, moment, limit.key, HoldReason(limit.window.name))


def _locked(limits: Sequence[Limit], now: datetime) -> dict[str, Usage]:
    keys = [limit.key for limit in limits]
    if not keys:
        return {}
    params = {"workspace_id": tenancy.require_workspace(), "keys": keys}
    statement = sql.load("northpost.delivery", "lock_budgets")
    rows = sql.fetch_all(statement, params)
    if len(rows) < len(keys):
        sql.run(sql.load("northpost.delivery", "ensure_budgets"), params)
        rows = sql.fetch_all(statement, params)
    windows = {limit.key: limit.window for limit in limits}
    return {row["key"]: usage_at(windows[row["key"]], row["at"], tuple(row["slots"]), now) for row in rows}


def _write(limits: Sequence[Limit], usages: dict[str, Usage]) -> None:
    if not limits:
        return
    keys = [limit.key for limit in limits]
    sql.run(
        sql.load("northpost.delivery", "write_budgets"),
        {
            "workspace_id": tenancy.require_workspace(),
            "keys": keys,
            "ats": [usages[key].at for key in keys],
            "slots": ["{" + ",".join(map(str, usages[key].slots)) + "}" for key in keys],
        },
    )


def _locked_day(today: Today) -> WarmUpDay:
    WarmUpDay.objects.bulk_create(
        [WarmUpDay(warm_up_id=today.warm_up_id, day=today.day, ceiling=today.ceiling)], ignore_conflicts=True
    )
    day = WarmUpDay.objects.select_for_update().get(warm_up_id=today.warm_up_id, day=today.day)
    if day.ceiling != today.ceiling:
        WarmUpDay.objects.filter(pk=day.pk).update(ceiling=today.ceiling)
    return day


def _messages_of(move: Move) -> int | None:
    """How many messages it moved, if it is done. To be asked with the budgets locked: only then can no earlier try be
    under way any more."""
    return BudgetMove.objects.filter(run=move.run, number=move.number).values_list("messages", flat=True).first()


def _note(move: Move, count: int, now: datetime) -> None:
    BudgetMove.objects.bulk_create(
        [BudgetMove(run=move.run, number=move.number, messages=count, moved_at=now)],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=["number", "messages", "moved_at"],
    )


def _commit_lazily() -> None:
    """Without waiting for the disk: the commit of ``sending`` that follows flushes this one before it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")
