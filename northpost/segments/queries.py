"""Reading segments: who is in, how many, how that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from northpost.core import sql, tenancy
from northpost.core.sql import Fragment
from northpost.segments import catalogue as catalogues
from northpost.segments.catalogue import Catalogue
from northpost.segments.compile import compile_rule
from northpost.segments.models import Move, Segment, SegmentSize
from northpost.segments.rules import Node

Rule = Node | Mapping[str, Any]


def count(rule: Rule, *, now: datetime, catalogue: Catalogue | None = None) -> int:
    """How many people the rule fits."""
    ids = compile_rule(rule, now=now, catalogue=catalogue)
    return int(sql.fetch_value(f"SELECT count(*) FROM ({ids.text}) AS chosen", ids.params))


@dataclass(frozen=True)
class Sampled:
    id: int
    email: str | None
    first_name: str
    last_name: str
    language: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or f"#{self.id}"


def sample(rule: Rule, most: int, *, now: datetime, catalogue: Catalogue | None = None) -> list[Sampled]:
    """Up to ``most`` of the people whom the rule fits, the newest first."""
    ids = compile_rule(rule, now=now, catalogue=catalogue)
    rows = sql.fetch_all(
        f"WITH newest AS MATERIALIZED (SELECT id FROM ({ids.text}) AS chosen ORDER BY id DESC LIMIT %(most)s)"
        " SELECT c.id, c.email, c.first_name, c.last_name, c.language"
        " FROM newest JOIN contacts_contact AS c ON c.id = newest.id AND c.workspace_id = %(workspace_id)s"
        " ORDER BY c.id DESC",
        {**ids.params, "workspace_id": tenancy.require_workspace(), "most": most},
    )
    return [Sampled(**row) for row in rows]


def size(segment: Segment, *, now: datetime) -> int:
    return count(segment.rule, now=now)


def sizes(segment: Segment) -> list[tuple[date, int]]:
    """Day by day, oldest first."""
    return list(SegmentSize.objects.filter(segment=segment).order_by("day").values_list("day", "size"))


def latest_sizes() -> dict[int, list[int]]:
    """Segment id -> its last size and, where there is one, the size of some 30 days before."""
    rows = sql.fetch_all(
        "SELECT DISTINCT ON (s.segment_id) s.segment_id, s.size, earlier.size AS earlier"
        " FROM segments_size AS s LEFT JOIN LATERAL (SELECT e.size FROM segments_size AS e"
        "   WHERE e.workspace_id = s.workspace_id AND e.segment_id = s.segment_id AND e.day <= s.day - 30"
        "   ORDER BY e.day DESC LIMIT 1) AS earlier ON true"
        " WHERE s.workspace_id = %(workspace_id)s ORDER BY s.segment_id, s.day DESC",
        {"workspace_id": tenancy.require_workspace()},
    )
    return {row["segment_id"]: [row["size"], *([row["earlier"]] if row["earlier"] is not None else [])] for row in rows}


@dataclass(frozen=True)
class Overlap:
    """How many are in both, and in each."""

    both: int
    first: int
    second: int


def overlap(first: Rule, second: Rule, *, now: datetime) -> Overlap:
    known = catalogues.load()
    one = compile_rule(first, now=now, catalogue=known, prefix="first_")
    two = compile_rule(second, now=now, catalogue=known, prefix="second_")
    row = sql.fetch_one(
        "SELECT count(*) FILTER (WHERE a.id IS NOT NULL AND b.id IS NOT NULL) AS both, count(a.id) AS first,"
        f" count(b.id) AS second FROM ({one.text}) AS a FULL JOIN ({two.text}) AS b ON a.id = b.id",
        {**one.params, **two.params},
    )
    assert row is not None
    return Overlap(**row)


@dataclass(frozen=True)
class Figures:
    """What a group of people does. ``average_order`` in the workspace's currency, net; None without any order.

    ``click_rate``: of the mails sent to them, the share in which a person clicked; None without any mail.
    """

    people: int
    orders: int
    revenue: Decimal
    mails: int
    clicked: int

    @property
    def orders_per_person(self) -> float | None:
        return self.orders / self.people if self.people else None

    @property
    def average_order(self) -> Decimal | None:
        return self.revenue / self.orders if self.orders else None

    @property
    def click_rate(self) -> float | None:
        return self.clicked / self.mails if self.mails else None


def figures(rule: Rule | None, *, now: datetime) -> Figures:
    """The figures of the people whom the rule fits, or of everyone."""
    known = catalogues.load()
    ids = compile_rule(rule if rule is not None else {"all": []}, now=now, catalogue=known)
    row = sql.fetch_one(
        f"WITH chosen AS MATERIALIZED ({ids.text}),"
        " bought AS (SELECT count(*) AS orders, coalesce(sum(o.total - o.refunded), 0) AS revenue"
        "   FROM sales_order AS o JOIN chosen ON chosen.id = o.contact_id"
        "   WHERE o.workspace_id = %(workspace_id)s AND o.currency = %(currency)s),"
        " mailed AS (SELECT count(*) AS mails, count(m.clicked_at) AS clicked"
        "   FROM delivery_message AS m JOIN chosen ON chosen.id = m.contact_id"
        "   WHERE m.workspace_id = %(workspace_id)s AND m.state = 'accepted')"
        " SELECT (SELECT count(*) FROM chosen) AS people, bought.*, mailed.* FROM bought, mailed",
        {**ids.params, "workspace_id": tenancy.require_workspace(), "currency": known.currency},
    )
    assert row is not None
    return Figures(**row)


def ids(segment_id: int, *, now: datetime, prefix: str = "rule_") -> Fragment:
    """A query for the ids of the people in a segment. Raises Segment.DoesNotExist."""
    return compile_rule(Segment.objects.get(pk=segment_id).rule, now=now, prefix=prefix)


def export_person(contact_id: int) -> list[dict[str, str]]:
    """A person's moves through the life cycle, oldest first, as JSON holds them."""
    moves = Move.objects.filter(contact_id=contact_id).order_by("at", "pk")
    return [{"at": move.at.isoformat(), "from": move.from_stage, "to": move.to_stage} for move in moves]
