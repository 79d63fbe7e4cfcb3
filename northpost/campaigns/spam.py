"""What a spam filter thinks of a mail: rspamd's own protocol (/checkv2), where an installation has one."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from django.conf import settings

from northpost.core.fetch import FetchFailed, FetchRefused, fetch

SECONDS = 10.0


@dataclass(frozen=True)
class Symbol:
    """A rule that spoke: ``score`` above 0 makes it more like spam."""

    name: str
    score: float
    description: str


@dataclass(frozen=True)
class SpamReport:
    """``score`` against ``required``, at which it counts as spam; ``symbols`` the worst first."""

    score: float
    required: float
    action: str
    symbols: tuple[Symbol, ...]

    @property
    def is_spam(self) -> bool:
        return self.score >= self.required

    @property
    def is_doubtful(self) -> bool:
        return self.score >= self.required / 2


class NoAnswer(Exception):
    """The spam filter could not be asked, or said what can't be read. Retryable."""

    retryable = True


def spam_check_is_there() -> bool:
    return bool(settings.RSPAMD_URL)


def check_spam(data: bytes, *, sender: str, recipient: str) -> SpamReport:
    """Let rspamd look at a whole message (RFC 5322). Raises NoAnswer."""
    headers = {"From": sender, "Rcpt": recipient, "Pass": "all"}
    if settings.RSPAMD_PASSWORD:
        headers["Password"] = settings.RSPAMD_PASSWORD
    try:
        answer = fetch(
            f"{settings.RSPAMD_URL}/checkv2", method="POST", body=data, headers=headers, seconds=SECONDS, private=True
        )
    except (FetchFailed, FetchRefused) as error:
        raise NoAnswer(str(error)) from error
    if not answer.ok:
        raise NoAnswer(f"it answered with {answer.status}")
    return read_answer(answer.body)


def read_answer(body: bytes) -> SpamReport:
    """The JSON of /checkv2. Raises NoAnswer."""
    try:
        said = json.loads(body)
        symbols = [
            Symbol(str(name)[:80], _number(found.get("score", 0)), str(found.get("description") or "")[:200])
            for name, found in said.get("symbols", {}).items()
        ]
        return SpamReport(
            score=_number(said["score"]),
            required=_number(said["required_score"]),
            action=str(said.get("action", ""))[:40],
            symbols=tuple(sorted(symbols, key=lambda symbol: (-symbol.score, symbol.name))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoAnswer("it said something that can't be read") from error


def _number(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError(number)
    return number
