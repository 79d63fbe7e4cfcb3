"""Sending a source to a few first, and to the others later."""

from __future__ import annotations

from northpost.core import clock, sql, tenancy


def hold_back(*, kind: str, source_id: int, first: int) -> int:
    """Let only ``first`` messages of a source go, picked by chance; returns how many are held. To be called in the
    transaction that enqueues them."""
    params = {"workspace_id": tenancy.require_workspace(), "source_kind": kind, "source_id": source_id, "first": first}
    return int(sql.fetch_value(sql.load("northpost.delivery", "hold_back_batches"), params))


def release_held(*, kind: str, source_id: int) -> int:
    """Let the others go; returns how many messages that are. They keep a due moment that is yet to come."""
    params = {
        "workspace_id": tenancy.require_workspace(),
        "source_kind": kind,
        "source_id": source_id,
        "now": clock.now(),
    }
    return int(sql.fetch_value(sql.load("northpost.delivery", "release_held"), params))
