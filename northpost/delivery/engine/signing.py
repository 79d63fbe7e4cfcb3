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
PIECE = 10  # messages that a thread takes at once


@dataclass(frozen=True)
class Unsigned:
    """A composed message, and what signs it."""

    envelope: Envelope
    signer: Signer
    at: datetime


def sign_envelope(envelope: Envelope, signer: Signer, at: datetime) -> Envelope:
    return envelope._replace(data=signer.sign(envelope.data, at=at, ready=envelope.ready))


class SigningThreads:
    """``failed`` is told, from one of the threads, what went wrong."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._threads: ThreadPoolExecutor | None = None

    def sign(self, messages: Sequence[Unsigned], done: Callable[[list[Envelope]], None]) -> None:
        """``done`` is told of the signed messages, from one of the threads."""
        if self._threads is None:
            count = min(MOST_THREADS, len(os.sched_getaffinity(0)))
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="northpost-dkim")
        self._threads.submit(self._sign, messages, done)

    def stop(self) -> None:
        """What has not begun is dropped: who holds the messages gives them back."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _sign(self, messages: Sequence[Unsigned], done: Callable[[list[Envelope]], None]) -> None:
        try:
            done([sign_envelope(one.envelope, one.signer, one.at) for one in messages])
        except Exception as error:
            self._failed(error)
