"""Writing to the ledger and what belongs to it."""

from northpost.delivery.actions.control import cancel_source, pause_source, resume_source
from northpost.delivery.actions.gate import Enqueued, enqueue
from northpost.delivery.actions.hits import NewHit, classify_hits, record_hits
from northpost.delivery.actions.leaving import NoSuchMessage, complain, record_bounce, stay, unsubscribe
from northpost.delivery.actions.ledger import (
    claim,
    extend_leases,
    mark_sending,
    recover,
    recover_stranded,
    release,
    settle,
)
from northpost.delivery.actions.routing import pause_route, resume_route
from northpost.delivery.actions.suppression import lift_suppression, suppress

__all__ = [
    "Enqueued",
    "NewHit",
    "NoSuchMessage",
    "cancel_source",
    "claim",
    "classify_hits",
    "complain",
    "enqueue",
    "extend_leases",
    "lift_suppression",
    "mark_sending",
    "pause_route",
    "pause_source",
    "record_bounce",
    "record_hits",
    "recover",
    "recover_stranded",
    "release",
    "resume_route",
    "resume_source",
    "settle",
    "stay",
    "suppress",
    "unsubscribe",
]
