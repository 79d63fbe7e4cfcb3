"""Taking a mail in, whichever way it came: stored first, looked at later."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from django.db import transaction

from northpost.core import clock, sql, tenancy
from northpost.delivery.inbound.parts import MAX_BYTES, Unreadable, read_headers
from northpost.delivery.inbound.tasks import defer_following
from northpost.delivery.inbound.whose import workspace_of_address, workspace_of_mail
from northpost.delivery.models import Way
from northpost.team.models import Workspace

_LEVEL = 6
_LONGEST_ADDRESS = 320


class NotOurs(LookupError):
    """No workspace of ours is meant. Permanent: the same mail to the same address never will be."""

    retryable = False


@dataclass(frozen=True)
class Taken:
    """``mail_id``: None where this very mail was here already."""

    workspace_id: int
    mail_id: int | None

    @property
    def new(self) -> bool:
        return self.mail_id is not None


def take_in(*, raw: bytes, way: Way, envelope_recipient: str = "", workspace_id: int | None = None) -> Taken:
    """Store a mail as it came, and have a job look at it. What is beyond ten megabytes is cut off.

    workspace_id: whose mailbox it lay in. A return path or inbox address of ours in the envelope, or where the mail was
    delivered, says it better: several workspaces may share a mailbox. Safe to repeat: the same mail is stored once.
    Raises NotOurs.
    """
    kept = raw[:MAX_BYTES]
    # A token may be of a workspace that is gone; in whose mailbox the mail lay, its owner may still look at it.
    for candidate in (workspace_of(raw, envelope_recipient), workspace_id):
        if candidate is None:
            continue
        with tenancy.workspace(candidate), transaction.atomic():
            if Workspace.objects.filter(pk=candidate).exists():
                return Taken(candidate, _insert(candidate, kept, len(raw), way, envelope_recipient))
    raise NotOurs(envelope_recipient)


def _insert(workspace_id: int, kept: bytes, size: int, way: Way, envelope_recipient: str) -> int | None:
    mail_id: int | None = sql.fetch_value(
        sql.load("northpost.delivery", "insert_inbound_mail"),
        {
            "workspace_id": workspace_id,
            "digest": hashlib.sha256(envelope_recipient.lower().encode() + b"\x00" + kept).digest(),
            "raw": zlib.compress(kept, _LEVEL),
            "size": size,
            "way": str(way),
            "envelope_recipient": envelope_recipient.replace("\x00", "")[:_LONGEST_ADDRESS],
            "received_at": clock.now(),
        },
    )
    if mail_id is not None:
        defer_following(workspace_id)
    return mail_id


def workspace_of(raw: bytes, envelope_recipient: str) -> int | None:
    """Whose an address of ours says that it is; None where there is none."""
    if envelope_recipient:
        return workspace_of_address(envelope_recipient)
    try:
        return workspace_of_mail(read_headers(raw))
    except Unreadable:
        return None
