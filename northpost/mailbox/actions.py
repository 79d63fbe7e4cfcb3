"""Keeping what arrived."""

import zlib
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from northpost.core import sql, tenancy
from northpost.mailbox.access import workspace_of
from northpost.mailbox.reading import subject_of
from northpost.mailbox.received import ReceivedMail

# The newest so many stay in each workspace: this is a place to look, not an archive.
KEPT = 2000
# Mail compresses well at any level, and the quickest leaves the processor to the sender beside it.
_LEVEL = 1
_LONGEST_ADDRESS = 320


def keep_mails(*, mails: Sequence[ReceivedMail]) -> dict[int, int]:
    """Write the mails into their accounts' workspaces; gives workspace -> number. Raises UnknownAccount."""
    per_workspace: dict[int, list[ReceivedMail]] = defaultdict(list)
    for mail in mails:
        per_workspace[workspace_of(mail.account)].append(mail)
    statement = sql.load("northpost.mailbox", "insert_mails")
    for workspace_id, own in sorted(per_workspace.items()):
        with tenancy.workspace(workspace_id), transaction.atomic():
            sql.run(
                statement,
                {
                    "workspace_id": workspace_id,
                    "senders": [mail.sender[:_LONGEST_ADDRESS] for mail in own],
                    "recipients": [mail.recipient[:_LONGEST_ADDRESS] for mail in own],
                    "subjects": [subject_of(mail.raw) for mail in own],
                    "raws": [zlib.compress(mail.raw, _LEVEL) for mail in own],
                    "sizes": [len(mail.raw) for mail in own],
                    "received_ats": [mail.received_at for mail in own],
                },
            )
    return {workspace_id: len(own) for workspace_id, own in per_workspace.items()}


def trim_mails(*, workspace_id: int, kept: int = KEPT) -> int:
    """Delete all but the newest of a workspace; gives how many were deleted."""
    with tenancy.workspace(workspace_id), transaction.atomic():
        statement = sql.load("northpost.mailbox", "trim_mails")
        return sql.run(statement, {"workspace_id": workspace_id, "kept": kept})


def empty_mailbox() -> int:
    """Delete all mail of the current workspace; gives how many were deleted."""
    tenancy.require_workspace()
    return sql.run(sql.load("northpost.mailbox", "empty_mailbox"), {})


def forget_address(email_key: str) -> int:
    """Delete what lies here for an address, or from it (in lower case); gives how many were deleted."""
    tenancy.require_workspace()
    return sql.run(sql.load("northpost.mailbox", "forget_address"), {"email_key": email_key})
