"""Who gets nothing any more, whatever they agreed to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from northpost.core import addresses, clock, sql, tenancy
from northpost.delivery.actions.gate import suppression_key
from northpost.delivery.models import InstallationSuppression, Suppression, SuppressionReason
from northpost.team.actions import record
from northpost.team.models import User


def email_hash(email_key: str) -> bytes:
    """sha256(key || lower-case address): all that is kept of an address after its person was erased."""
    return hashlib.sha256(suppression_key() + email_key.encode()).digest()


def address_key(email: str) -> str:
    """The form in which an address is compared: lower case, ASCII domain. Text that is none: in lower case."""
    try:
        return addresses.normalise(email).key
    except addresses.AddressError:
        return email.strip().lower()


def suppress_addresses(
    found: Sequence[tuple[str, int | None]], *, reason: str, now: datetime | None = None, keep_address: bool = True
) -> int:
    """Suppress (address, message id or None) pairs; those that are suppressed already stay as they are.

    keep_address False stores the hash alone, for a person who was erased. Returns how many were new.
    """
    keys = {address_key(email): message_id for email, message_id in found if email}
    if not keys:
        return 0
    return sql.run(
        sql.load("northpost.delivery", "suppress_addresses"),
        {
            "workspace_id": tenancy.require_workspace(),
            "keys": [key if keep_address else None for key in sorted(keys)],
            "hashes": [email_hash(key) for key in sorted(keys)],
            "message_ids": [keys[key] for key in sorted(keys)],
            "reason": reason,
            "now": now or clock.now(),
        },
    )


def suppress(*, email: str, user: User | None = None, reason: str = SuppressionReason.MANUAL) -> bool:
    """Suppress one address by hand. Returns whether it was new. Raises AddressError if it is none."""
    key = addresses.normalise(email).key
    with transaction.atomic():
        new = suppress_addresses([(key, None)], reason=reason) == 1
        if new:
            record(user=user, verb="suppressed", noun="address", detail={"email": key, "reason": str(reason)})
    return new


def lift_suppression(*, email: str, user: User | None = None, why: str = "") -> bool:
    """Let an address get mail again. Only a person decides this: a delivered mail lifts nothing. ``why`` goes into
    the trail.

    Returns whether it was suppressed. Raises AddressError if it is no address.
    """
    key = addresses.normalise(email).key
    with transaction.atomic():
        gone, _each = Suppression.objects.filter(email_hash=email_hash(key)).delete()
        if gone:
            record(user=user, verb="lifted", noun="suppression", detail={"email": key, "why": why})
    return gone > 0


def forget_address(email: str) -> None:
    """The person is erased: a hash stays, so that the address is never mailed again, and the address goes."""
    key = address_key(email)
    suppress_addresses([(key, None)], reason=SuppressionReason.ERASED, keep_address=False)
    Suppression.objects.filter(email_hash=email_hash(key)).update(email_key=None, reason=SuppressionReason.ERASED)


def suppress_everywhere(emails: Iterable[str], *, why: str = "") -> int:
    """Let nobody on this installation write to these addresses; returns how many were new.

    For whoever runs the installation: no page leads here. Raises AddressError for one that is none; then nothing has
    changed.
    """
    keys = sorted({addresses.normalise(email).key for email in emails})
    now = clock.now()
    rows = [
        InstallationSuppression(email_key=key, email_hash=email_hash(key), why=why[:300], since=now) for key in keys
    ]
    with transaction.atomic():
        before = InstallationSuppression.objects.count()
        InstallationSuppression.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5000)
        return InstallationSuppression.objects.count() - before


def lift_everywhere(*, email: str) -> bool:
    """Take an address off the installation's list; workspaces' own stay. Raises AddressError if it is none."""
    key = addresses.normalise(email).key
    gone, _each = InstallationSuppression.objects.filter(email_hash=email_hash(key)).delete()
    return gone > 0
