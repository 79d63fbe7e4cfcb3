"""How a mailbox is reached, and what both kinds of client can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from northpost.delivery.inbound.inboxes.problems import Trouble

SECONDS = 30.0  # to connect, and for each answer


@dataclass(frozen=True)
class Account:
    """``security``: none, starttls or tls. ``done_folder``: empty to delete what was taken; IMAP only. With a ``token``
    it signs in by XOAUTH2, and not with the password."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done_folder: str = ""
    seconds: float = SECONDS
    token: str = field(default="", repr=False)

    @property
    def refused(self) -> Trouble:
        """What is wrong if the server does not let it in."""
        return Trouble.NOT_ALLOWED if self.token else Trouble.SIGN_IN


class Client(Protocol):
    """Connected and signed in. All raise InboxProblem."""

    def count(self) -> int:
        """How many mails lie there."""

    def first(self, most: int) -> list[str]:
        """Keys of the first so many."""

    def fetch(self, key: str) -> bytes:
        """A mail as it came, cut off after what is kept of one."""

    def put_away(self, keys: Iterable[str]) -> None:
        """Move or delete what was taken."""

    def close(self) -> None:
        """Sign out; what was put away is so for good."""
