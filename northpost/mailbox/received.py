"""What the mailbox received, and where it puts it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class ReceivedMail(NamedTuple):
    """One mail to one recipient. `account` is the user name it was handed in under, empty without sign-in.

    `raw` as it came, without dot-stuffing; `received_at` aware, UTC.
    """

    account: str
    sender: str
    recipient: str
    raw: bytes
    received_at: datetime


class Store(Protocol):
    """Keeps mail. 250 is answered only after keep() has returned; an exception becomes 451, and the sender
    retries.
    """

    async def keep(self, mails: Sequence[ReceivedMail]) -> None: ...


class MemoryStore:
    """Keeps mail in a list, in the order of arrival; `calls` holds the size of each batch."""

    def __init__(self) -> None:
        self.mails: list[ReceivedMail] = []
        self.calls: list[int] = []

    async def keep(self, mails: Sequence[ReceivedMail]) -> None:
        self.mails.extend(mails)
        self.calls.append(len(mails))
