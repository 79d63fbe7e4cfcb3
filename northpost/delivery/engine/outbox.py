"""A route's messages, composed just before connections take them: a few ahead, and more of those that get a signature.

So hardly more than what is on the wire lies in memory, and each is still in the processor's cache when it is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from northpost.content.errors import ContentError, InvalidHeader
from northpost.delivery.engine.compose import BadAddress, Prepared, compose
from northpost.delivery.engine.signing import PIECE, SigningThreads, Unsigned
from northpost.delivery.models import SkipReason
from northpost.delivery.transport import Envelope, Supply

log = logging.getLogger(__name__)

STOCK = 20  # messages that are composed before a connection wants them: it writes at once, and several write together
SLICE = 10  # of these composed before the sockets get their turn
AHEAD = 60  # messages that are signed, or being signed, before a connection wants them


class Draft(NamedTuple):
    """A message to compose; ``key`` is its id."""

    key: int
    recipient: str
    language: str
    variant: int
    prepared: Prepared
    context: Mapping[str, object]
    now: datetime


class Unmade(NamedTuple):
    """A message that can't be composed: the skip reason, and words."""

    key: int
    reason: str
    words: str


class Outbox(Supply):
    """``failed`` is told of each message that could not be made, ``broken`` of a fault in the program. All of it runs
    in the wire's thread."""

    def __init__(
        self, signing: SigningThreads, failed: Callable[[Unmade], None], broken: Callable[[Exception], None]
    ) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._signing = signing
        self._failed = failed
        self._broken = broken
        self._drafts: deque[Draft] = deque()
        self._unsigned: deque[Draft] = deque()
        self._in_signing = 0
        self._composing = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._ready) + len(self._drafts)

    @property
    def is_over(self) -> bool:
        return super().is_over and not self._unsigned and not self._in_signing

    def add(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            (self._drafts if draft.prepared.signer is None else self._unsigned).append(draft)
        self._have_signed()
        self._on_change()

    def close(self) -> None:
        """What is here is given back by whoever put it here, and nothing more is heard of it."""
        self._closed = self._ended = True
        for messages in (self._ready, self._drafts, self._unsigned):
            messages.clear()

    def take(self) -> Envelope | None:
        while self._drafts and not self._ready:
            self._compose(1)
        if not self._ready:
            return None
        envelope = self._ready.popleft()
        if self._unsigned:
            self._have_signed()
        elif self._drafts:
            self._compose_soon()
        return envelope

    def _compose_soon(self) -> None:
        if not self._composing and len(self._ready) < STOCK:
            self._composing = True
            self._loop.call_soon(self._compose_ahead)

    def _compose_ahead(self) -> None:
        self._composing = False
        try:
            self._compose(SLICE)
        except Exception as error:
            self._broken(error)
        if self._drafts:
            self._compose_soon()

    def _compose(self, count: int) -> None:
        for _ in range(min(count, len(self._drafts))):
            made = composed(self._drafts.popleft())
            if isinstance(made, Envelope):
                self._ready.append(made)
            else:
                self._failed(made)

    def _have_signed(self) -> None:
        """Compose what the signing can work on meanwhile, a piece at a time so that the sockets get their turn."""
        while self._unsigned and len(self._ready) + self._in_signing <= AHEAD - PIECE:
            piece = []
            for _ in range(min(PIECE, len(self._unsigned))):
                draft = self._unsigned.popleft()
                made = composed(draft)
                if isinstance(made, Unmade):
                    self._failed(made)
                elif draft.prepared.signer is not None:
                    piece.append(Unsigned(made, draft.prepared.signer, draft.now))
            if piece:
                self._in_signing += len(piece)
                self._signing.sign(piece, self._signed)

    def _signed(self, envelopes: list[Envelope]) -> None:
        """Called from a signing thread."""

        def there() -> None:
            self._in_signing -= len(envelopes)
            if self._closed:
                return
            try:
                self.put(envelopes)
                self._have_signed()
            except Exception as error:
                self._broken(error)

        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody wants them any more
            self._loop.call_soon_threadsafe(there)


def composed(draft: Draft) -> Envelope | Unmade:
    try:
        return compose(
            draft.prepared,
            message_id=draft.key,
            email=draft.recipient,
            language=draft.language,
            variant=draft.variant,
            context=draft.context,
            now=draft.now,
        )
    except BadAddress as error:
        return Unmade(draft.key, SkipReason.BAD_ADDRESS.value, str(error))
    except (ContentError, InvalidHeader, TypeError, ValueError, ArithmeticError) as error:
        # One person's data that the template can't take stops nobody else's mail.
        return _unrendered(draft, error)
    except Exception as error:
        # Nor does a fault in the program that shows with one person's data.
        log.exception("message %s can't be composed", draft.key)
        return _unrendered(draft, error)


def _unrendered(draft: Draft, error: Exception) -> Unmade:
    return Unmade(draft.key, SkipReason.RENDER_FAILED.value, f"{type(error).__name__}: {error}")
