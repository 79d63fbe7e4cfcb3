"""Faults on order: what the mailbox does wrong, when and to whom. Deterministic, and loadable from JSON.

Example: `{"seed": 7, "delay_ms": 20, "rules": [{"at": "rcpt", "do": "reply", "code": 550, "domain":
"gone.example"}, {"at": "final", "do": "drop", "nth": 3}]}`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

At = Literal["connect", "ehlo", "auth", "mail", "rcpt", "data", "content", "final", "kept"]
Do = Literal["reply", "drop", "hang"]

# Before RCPT nobody has been named, so these can't be for a recipient.
_NAMELESS = frozenset({"connect", "ehlo", "auth", "mail"})


class BadFaults(ValueError):
    """The description of faults makes no sense; the text says which rule and why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: at a phase, do something, to those it matches.

    `at`: content = while the content arrives; final = instead of the answer to the final dot; kept = after
    that answer. `do`: reply with `code` and `text`, drop the connection, or hang (never answer again on it).
    Matching, all that are given: `recipient` (whole address), `domain`, `nth` (the nth connection for
    connect, ehlo and auth, else the nth message the server sees at this phase, from 1), `every` (each nth),
    `share` (0-1, by seed and recipient or number). `times`: how often it strikes at most. `keep`: at final,
    whether the mail is kept all the same before a drop or hang, as when a server accepts and its answer is
    lost.
    """

    at: At
    do: Do = "reply"
    code: int = 451
    text: str = ""
    recipient: str | None = None
    domain: str | None = None
    nth: int | None = None
    every: int | None = None
    share: float | None = None
    times: int | None = None
    keep: bool = True

    def __post_init__(self) -> None:
        if self.at not in get_args(At) or self.do not in get_args(Do):
            raise BadFaults(f"no such fault: {self.at}, {self.do}")
        if self.at in _NAMELESS and (self.recipient or self.domain):
            raise BadFaults(f"at {self.at} no recipient is known yet")
        if self.do == "reply" and (self.at in ("content", "kept") or not 200 <= self.code <= 599):
            raise BadFaults(f"no reply {self.code} can be given at {self.at}")
        if any(number is not None and number < 1 for number in (self.nth, self.every, self.times)):
            raise BadFaults("nth, every and times count from 1")

    @property
    def answer(self) -> bytes:
        text = self.text or f"{self.code // 100}.0.0 as ordered"
        return f"{self.code} {text}\r\n".encode()


@dataclass(slots=True)
class Faults:
    """A script of faults; the first rule that matches strikes. Counts as it goes, so one object serves one
    server.

    `delay_ms`: each group of replies is sent that much later (as a distant server's would be). `greylist`:
    the first try for each recipient gets 451. `messages_per_connection`: MAIL after that many gets 421 and
    the connection ends.
    """

    rules: Sequence[Fault] = ()
    delay_ms: int = 0
    greylist: bool = False
    messages_per_connection: int | None = None
    seed: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _struck: dict[int, int] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def strike(self, at: At, recipient: str = "") -> Fault | None:
        """The fault to commit now, if any. Each call counts as one more of its phase."""
        number = self._seen[at] = self._seen.get(at, 0) + 1
        for place, rule in enumerate(self.rules):
            if rule.at == at and self._matches(rule, recipient, number):
                struck = self._struck.get(place, 0)
                if rule.times is None or struck < rule.times:
                    self._struck[place] = struck + 1
                    return rule
        if at == "rcpt" and self.greylist and recipient not in self._known:
            self._known.add(recipient)
            return Fault("rcpt", code=451, text="4.7.1 greylisted, try again later")
        return None

    def _matches(self, rule: Fault, recipient: str, number: int) -> bool:
        if rule.recipient is not None and rule.recipient.lower() != recipient.lower():
            return False
        if rule.domain is not None and rule.domain.lower() != recipient.rpartition("@")[2].lower():
            return False
        if rule.nth is not None and rule.nth != number:
            return False
        if rule.every is not None and number % rule.every:
            return False
        return rule.share is None or self._draw(rule.at, recipient or str(number)) < rule.share

    def _draw(self, at: str, what: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}:{at}:{what}".encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big") / 2**48

    @classmethod
    def from_json(cls, text: str) -> "Faults":
        """From the form to_json() writes. Raises BadFaults."""
        try:
            given: dict[str, Any] = json.loads(text)
            rules = [Fault(**rule) for rule in given.pop("rules", [])]
            if any(name.startswith("_") for name in given):
                raise BadFaults("unknown field")
            return cls(rules=rules, **given)
        except (TypeError, AttributeError, json.JSONDecodeError) as error:
            raise BadFaults(str(error)) from error

    def to_json(self) -> str:
        return json.dumps(
            {
                "seed": self.seed,
                "delay_ms": self.delay_ms,
                "greylist": self.greylist,
                "messages_per_connection": self.messages_per_connection,
                "rules": [asdict(rule) for rule in self.rules],
            }
        )
