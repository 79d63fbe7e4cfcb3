"""Who hands mail in: each workspace signs in under its own account, so that each sees only its own mail."""

from typing import NamedTuple

from northpost.core import signing

_PURPOSE = "mailbox"
_PREFIX = "workspace-"


class Credentials(NamedTuple):
    """What a route to the local mailbox signs in with."""

    username: str
    password: str


def credentials(workspace_id: int) -> Credentials:
    """The account of a workspace; the same each time, for as long as the installation's secret stays."""
    return Credentials(f"{_PREFIX}{workspace_id}", signing.sign_ids(_PURPOSE, workspace_id))


def authenticate(username: str, password: str) -> bool:
    """Whether the password belongs to the account; compared in constant time."""
    try:
        return signing.verify_ids(_PURPOSE, password, 1) == (workspace_of(username),)
    except (signing.BadToken, UnknownAccount):
        return False


class UnknownAccount(ValueError):
    """The account is no workspace's. Permanent."""

    retryable = False


def workspace_of(username: str) -> int:
    """The workspace's id; raises UnknownAccount."""
    number = username.removeprefix(_PREFIX)
    if not (username.startswith(_PREFIX) and number.isascii() and number.isdigit() and len(number) <= 18):
        raise UnknownAccount(username)
    return int(number)
