"""Signing composed messages with DKIM, in a few threads beside the one that composes and sends.

OpenSSL lets go of the interpreter while it signs, which is nearly all of the work: some 0.3 ms a message with RSA.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from northpost.delivery.dkim import Signer
from northpost.delivery.transport import Envelope

MOST_THREADS = 4
PIECE = 25  # messages that a thread takes at once


@dataclass(frozen=True)
class Unsigned:
    """A composed message, the route that it goes by, and what signs it."""

    route_id: int
    envelope: Envelope
    signer: Signer
    at: datetime


Signed = list[tuple[int, Envelope]]


def sign_envelope(envelope: Envelope, signer: Signer, at: datetime) -> Envelope:
    return envelope._replace(data=signer.sign(envelope.data, at=at, stuffed=envelope.ready))


class SigningThreads:
    """``done`` is told of signed messages by the route's id, ``failed`` what went wrong; both from these threads."""

    def __init__(self, done: Callable[[Signed], None], failed: Callable[[BaseException], None]) -> None:
        self._done, self._failed = done, failed
        self._threads: ThreadPoolExecutor | None = None

    def sign(self, messages: Sequence[Unsigned]) -> None:
        if self._threads is None:
            count = min(MOST_THREADS, len(os.sched_getaffinity(0)))
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="northpost-dkim")
        for at in range(0, len(messages), PIECE):
            self._threads.submit(self._sign, messages[at : at + PIECE])

    def stop(self) -> None:
        """What has not begun is dropped: who holds the messages gives them back."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _sign(self, messages: Sequence[Unsigned]) -> None:
        try:
            self._done([(one.route_id, sign_envelope(one.envelope, one.signer, one.at)) for one in messages])
        except Exception as error:
            self._failed(error)
