"""What a server's refusal says about the address (RFC 3463, and the providers' own codes)."""

from __future__ import annotations

import re
from enum import StrEnum


class Blame(StrEnum):
    """Whose fault a refusal is, and so what follows.

    HARD: the address does not exist: suppress it. SOFT: it may work later: counted. POLICY: this mail was not
    wanted there: nobody is suppressed. SENDER: our own set-up is at fault: the route is paused, nobody suppressed.
    UNSENDABLE: this route can't carry the message (size, SMTPUTF8): nobody is suppressed.
    """

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    SENDER = "sender"
    UNSENDABLE = "unsendable"


# The address or its domain does not exist, is written wrongly, or has moved without a trace.
_HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
# Gmail 4.7.23-32 and 5.7.25-30, Microsoft 5.7.515: authentication and DNS of the sending domain.
_SENDER = frozenset(
    {"5.7.515"} | {f"4.7.{detail}" for detail in range(23, 33)} | {f"5.7.{detail}" for detail in range(25, 31)}
)
_NOBODY_THERE = re.compile(
    r"user unknown|unknown user|unknown recipient|no such (?:user|recipient|mailbox|address)|invalid recipient"
    r"|recipient (?:not found|unknown)|mailbox (?:not found|unavailable: no such)|does not exist|doesn't exist"
    r"|no mailbox here by that name|doesn't have an? \S+ account|non-?existent (?:user|address|recipient)"
    r"|unrouteable address|address (?:unknown|not found)|user not found|recipient address rejected: undeliverable",
    re.IGNORECASE,
)
# Where no code says it: the mail was not wanted, which is nothing against the address.
_UNWANTED = re.compile(
    r"\bspam|blocked|black-?list|block-?list|deny-?list|reputation|policy|spamhaus|not allowed to send|access denied"
    r"|content rejected|virus|unsolicited|junk",
    re.IGNORECASE,
)
# Where in what was told of a refusal the server's own words begin.
_CODE = re.compile(r"(?:^|said: |\s|:)([245]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?")


def classify_reply(
    *, code: int | None, enhanced: str | None, text: str, phase: str, route_fault: bool = False
) -> Blame:
    """Whose fault a refusal (4xx, 5xx, or our own check before sending) is. An unknown one is soft."""
    if phase == "check":
        return Blame.HARD if enhanced in _HARD else Blame.UNSENDABLE
    if route_fault or enhanced in _SENDER:
        return Blame.SENDER
    if enhanced in _HARD:
        return Blame.HARD
    if enhanced is not None and enhanced.split(".")[1] == "7":
        return Blame.POLICY
    if enhanced in (None, "5.0.0", "5.1.0") and code in (550, 551, 553) and _NOBODY_THERE.search(text):
        return Blame.HARD
    if enhanced in (None, "5.0.0") and code is not None and code >= 500 and _UNWANTED.search(text):
        return Blame.POLICY
    return Blame.SOFT


def reply_in(text: str) -> tuple[int | None, str | None]:
    """The server's code and enhanced code (RFC 3463), as far as ``text`` quotes them."""
    found = _CODE.search(text)
    return (int(found[1]), found[2]) if found else (None, None)
