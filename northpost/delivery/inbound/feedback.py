"""Spam reports: the Abuse Reporting Format (RFC 5965), and Microsoft's older way of forwarding the whole mail."""

from __future__ import annotations

from dataclasses import dataclass

from northpost.delivery.inbound.dsn import fields_of
from northpost.delivery.inbound.parts import Part

# not-spam takes a report back, auth-failure (RFC 6591) is about set-up: neither is a complaint.
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "opt-out", "opt-out-list", "complaint"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """``feedback``: the kind as reported (abuse ...). ``reporter``: the program or company that says so."""

    feedback: str
    reporter: str


@dataclass(frozen=True, slots=True)
class OtherFeedback:
    """A report that is no complaint."""

    feedback: str


def read_feedback(mail: Part) -> Complaint | OtherFeedback | None:
    """None where the mail is no such report."""
    for part in mail.walk():
        if part.kind == "message/feedback-report":
            said = dict(reversed(fields_of(part.content().decode("utf-8", "replace")[:20_000])))
            kind = said.get("feedback-type", "").lower()[:40]
            if kind in COMPLAINTS:
                return Complaint(kind, said.get("user-agent", "")[:200])
            return OtherFeedback(kind)
    return _forwarded_by_microsoft(mail)


def _forwarded_by_microsoft(mail: Part) -> Complaint | None:
    if not mail.header("subject").lower().startswith("complaint about message from"):
        return None
    for part in mail.walk():
        if part is not mail and (part.raw_header("x-hmxmroriginalrecipient") or part.raw_header("x-msfblmailbox")):
            return Complaint("abuse", "Microsoft JMRP")
    return None
