"""Keys for other programs: made once, shown once, revoked for good."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from northpost.core import clock, sql, tenancy
from northpost.team.actions.trail import record
from northpost.team.errors import TeamProblem
from northpost.team.models import ApiKey, User

PREFIX = "np"
# How exactly "last used" is kept: a write for every request would say little more.
USED_EVERY = timedelta(minutes=1)


def make_key(*, name: str, sees_money: bool, by: User) -> tuple[ApiKey, str]:
    """A key of the current workspace, and the token to give to the program (256 random bits; kept nowhere).

    Raises TeamProblem for a name that is blank, too long, or in use.
    """
    name = " ".join(name.split())
    if not name or len(name) > 120 or "\x00" in name:
        raise TeamProblem("name", _("Name the program that will use the key."))
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        if ApiKey.objects.filter(name=name, revoked_at=None).exists():
            raise TeamProblem("name", _("There is a key of this name already."))
        key = ApiKey.objects.create(
            name=name, secret_hash=_hash(secret), sees_money=sees_money, created_by=by, created_at=clock.now()
        )
        record(user=by, verb="made", noun="API key", noun_id=key.pk, detail={"name": name})
    return key, f"{PREFIX}_{tenancy.require_workspace()}_{secret}"


def revoke_key(*, key_id: int, by: User) -> ApiKey:
    """From now on the key opens nothing. Raises ApiKey.DoesNotExist."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().get(pk=key_id, revoked_at=None)
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        record(user=by, verb="revoked", noun="API key", noun_id=key.pk, detail={"name": key.name})
    return key


def read_token(token: str) -> tuple[int, str] | None:
    """(workspace, secret) that a token names; None for any other text. Nothing is proven by that yet."""
    parts = token.split("_", 2)
    if len(parts) != 3 or parts[0] != PREFIX or len(token) > 120:
        return None
    number, secret = parts[1], parts[2]
    return (int(number), secret) if number.isascii() and number.isdigit() and len(number) <= 18 else None


def use_key(*, secret: str) -> ApiKey | None:
    """The current workspace's key with this secret, noted as used; None if there is none, or it was revoked."""
    key = ApiKey.objects.filter(secret_hash=_hash(secret), revoked_at=None).first()
    if key is not None:
        now = clock.now()
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    return key


def count_request(*, key_id: int, most: int) -> timedelta | None:
    """One more request of a key of the current workspace: None if it is among the ``most`` that it has in a minute,
    which begins with its first one; else how long it has to wait. All processes and machines count together."""
    now = clock.now()
    row = sql.fetch_one(
        sql.load("northpost.team", "count_request"),
        {"workspace_id": tenancy.require_workspace(), "key_id": key_id, "now": now, "most": most},
    )
    if row is None or row["asked"] <= most:
        return None
    return max(timedelta(0), row["asked_since"] + timedelta(minutes=1) - now)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
