"""What came of a soak: the ledger held against what the mail server kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from northpost.core.signing import BadToken
from northpost.delivery import addresses
from northpost.delivery.models import Message
from northpost.delivery.tests import rig


@dataclass
class Reckoning:
    """``lost``: the ledger says accepted, and the server has nothing. ``doubled``: the server has it more than once.
    ``unaccounted``: the server has it, and the ledger says that it was never taken, or knows no such message.
    ``unexplained``: not sent or in doubt, and no reason given.
    """

    messages: int = 0
    states: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    doubts_arrived: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    lost: int = 0
    doubled: int = 0
    unaccounted: int = 0
    unexplained: int = 0

    @property
    def good(self) -> bool:
        return self.messages > 0 and not (self.lost or self.doubled or self.unaccounted or self.unexplained)

    @property
    def left(self) -> int:
        return sum(self.states[state] for state in ("queued", "sending", "deferred"))


def reckon(log: Path, workspace_id: int) -> Reckoning:
    """Message by message, by the return path's token that the server was given."""
    found = Reckoning()
    arrived, found.unaccounted = _arrived(log, workspace_id)
    columns = ("pk", "state", "reason", "reply_code", "reply_text", "attempts")
    for pk, state, reason, code, text, attempts in Message.objects.filter(source_kind=rig.KIND).values_list(*columns):
        times = arrived.pop(pk, 0)
        found.messages += 1
        found.states[state] += 1
        found.retried += attempts > 1
        found.doubled += times > 1
        if state == "accepted":
            found.lost += times == 0
        elif state == "in_doubt":
            found.doubts[text] += 1
            found.doubts_arrived += times
            found.unexplained += not text
        else:
            found.unaccounted += times
            found.reasons[reason or f"{code} {text}" if state in ("skipped", "rejected") else "waits"] += 1
            found.unexplained += state in ("skipped", "rejected") and not (reason or code)
    found.unaccounted += sum(arrived.values())
    return found


def _arrived(log: Path, workspace_id: int) -> tuple[Counter[int], int]:
    arrived: Counter[int] = Counter()
    strangers = 0
    for line in log.read_bytes().splitlines():
        local = json.loads(line)["sender"].partition("@")[0]
        try:
            workspace, message_id = addresses.read_message(addresses.BOUNCE, local.removeprefix("bounce+"))
        except BadToken:
            strangers += 1
            continue
        strangers += workspace != workspace_id
        arrived[message_id] += workspace == workspace_id
    return arrived, strangers
