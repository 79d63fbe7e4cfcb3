"""Taking an import back: people it brought, and who have done nothing since, are removed with all that hangs on them.

People that were here before keep what the import wrote to them: what stood there earlier is not known any more.
Whoever has ordered, been written to, changed by hand or given or withdrawn a consent since is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from northpost.contacts.models import ImportRun, ImportState
from northpost.core import sql, tenancy

from . import kinds
from .kinds import ImportRefused

_BATCH = 5_000

# Given ids of contacts, which of them have something in a higher room: events, orders, messages.
Activity = Callable[[Collection[int]], set[int]]
_activities: dict[str, Activity] = {}


def register_activity(name: str, find: Activity) -> None:
    """Make known how a higher room tells which people it knows something of."""
    _activities[name] = find


def undo(*, run_id: int) -> int:
    """Take a finished import back; returns how many were removed. Raises ImportRefused."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        take_back = kinds.get(run.kind).undo
        if take_back is None:
            raise ImportRefused(_("An import of this kind cannot be undone."))
        if run.state not in (ImportState.DONE, ImportState.FAILED):
            raise ImportRefused(_("Only a finished import can be undone."))
        removed = take_back(run_id)
        run.state = ImportState.UNDONE
        run.save(update_fields=["state"])
    return removed


def remove_people(run_id: int) -> int:
    """Remove the people that the run brought and who have done nothing since."""
    removed, last = 0, 0
    while True:
        params = {"workspace_id": tenancy.require_workspace(), "run_id": run_id, "after": last, "batch": _BATCH}
        found = sql.fetch_all(sql.load("northpost.contacts", "find_undoable_contacts"), params)
        if not found:
            return removed
        last = found[-1]["id"]
        candidates = {row["id"] for row in found if row["untouched"]}
        for find in _activities.values():
            candidates -= find(candidates)
        removed += sql.run(
            sql.load("northpost.contacts", "delete_imported_contacts"),
            {"workspace_id": params["workspace_id"], "ids": sorted(candidates)},
        )
