"""Writing to the ledger and what belongs to it."""

from northpost.delivery.actions.control import cancel_source, pause_source, resume_source
from northpost.delivery.actions.gate import Enqueued, enqueue
from northpost.delivery.actions.ledger import claim, extend_leases, mark_sending, recover, settle

__all__ = [
    "Enqueued",
    "cancel_source",
    "claim",
    "enqueue",
    "extend_leases",
    "mark_sending",
    "pause_source",
    "recover",
    "resume_source",
    "settle",
]
