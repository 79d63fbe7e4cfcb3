"""A service that does as a test tells it, without any network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

from northpost.delivery.esp.http import accepted
from northpost.delivery.esp.pool import EspPool
from northpost.delivery.esp.provider import Account
from northpost.delivery.transport import Envelope, Outcome

Answer = Callable[[Sequence[Envelope]], list[Outcome]]


class Scripted:
    """A service: ``answer`` is asked in the request's own thread. ``asked``: the keys of each request."""

    def __init__(self, answer: Answer, *, batch: int = 1, idempotent: bool = False) -> None:
        self.asked: list[list[int]] = []
        self.idempotent = idempotent
        self._answer = answer
        provider = SimpleNamespace(batch=batch, make_sender=lambda credentials: self)
        given = SimpleNamespace(provider=provider, credentials={}, make_pool=self.make_pool)
        self.account = cast(Account, given)

    def make_pool(self, requests: int) -> EspPool:
        return EspPool(self.account, requests)

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        self.asked.append([one.key for one in envelopes])
        return self._answer(envelopes)

    def close(self) -> None:
        pass


def taken(envelopes: Sequence[Envelope]) -> list[Outcome]:
    return [accepted(one) for one in envelopes]


class Held:
    """Answers that are held back until ``go``; ``begun`` is set when the first request waits."""

    def __init__(self, then: Answer = taken) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self._then = then

    def __call__(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        self.begun.set()
        assert self.go.wait(10)
        return self._then(envelopes)
