"""Delivery status notifications (RFC 3464, 6533), and the bounces of programs that write prose instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from northpost.delivery.inbound.parts import Part

MAX_RECIPIENTS = 50
MAX_TEXT = 500
_MAX_STATUS = 100_000
_MAX_PROSE = 64 * 1024

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SMTP = re.compile(r"\b([45]\d\d)(?:[ -]+#?([45]\.\d{1,3}\.\d{1,3})\b|[ -])")
_HASHED = re.compile(r"\(#([45]\.\d{1,3}\.\d{1,3})\)")
_SPACES = re.compile(r"\s+")
_ADDRESS = re.compile(r"[^\s<>\"(),:;@\[\]]{1,64}@[^\s<>\"(),:;@\[\]]{1,253}")
_DAEMON = re.compile(
    r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon|mail\.delivery|maildelivery|bounces?)", re.IGNORECASE
)
_FAILED = re.compile(
    r"undeliver|returned mail|return(?:ed)? to sender|failure notice|delivery (?:status notification|failure|failed"
    r"|problem|report|has failed|error)|mail delivery (?:failed|failure|system|subsystem)"
    r"|message (?:not delivered|undeliverable)|could ?n.?t be delivered|not delivered|non.?delivery|nondeliverable"
    r"|mail system error|rejected mail"
    r"|недоставен|не може да бъде доставено|неуспешно доставяне|недоставлен|не доставлено|ошибка доставки",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delay|warning: (?:could not send|message still)|still (?:being retried|trying)|забав|задерж", re.IGNORECASE
)
# Below such a line stands the mail that came back, whose words are not the server's.
_COPY = re.compile(
    r"^-{2,}\s*(?:below this line is a copy|this is a copy of|original message|the header page|returned message"
    r"|message header|begin message|transcript of session follows is|unsent message below|included message"
    r"|message follows)"
    r"|^(?:received|return-path|message-id):\s",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of the mail for one address.

    ``action``: failed, delayed, delivered, relayed or expanded. ``code``: SMTP's; ``enhanced``: RFC 3463's, as 5.1.1.
    """

    address: str
    action: str
    code: int | None
    enhanced: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Dsn:
    """``reporter``: the server that says so, where it gives its name."""

    recipients: tuple[Recipient, ...]
    reporter: str = ""

    @property
    def failed(self) -> Recipient | None:
        return next((one for one in self.recipients if one.action == "failed"), None)

    @property
    def delayed(self) -> Recipient | None:
        return next((one for one in self.recipients if one.action == "delayed"), None)


def read_dsn(mail: Part) -> Dsn | None:
    """None where the mail is no notification."""
    for part in mail.walk():
        if part.kind in ("message/delivery-status", "message/global-delivery-status"):
            return _read_status(part)
    return _read_prose(mail)


def fields_of(text: str) -> list[tuple[str, str]]:
    """Fields as in a header, (name in lower case, value), unfolded."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and found:
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}"[:4000])
            continue
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip().lower()[:100], value.strip()[:4000]))
    return found


def _read_status(part: Part) -> Dsn:
    text = part.content()[:_MAX_STATUS].decode("utf-8", "replace").replace("\r\n", "\n")
    reporter = ""
    recipients: list[Recipient] = []
    for block in re.split(r"\n[ \t]*\n", text):
        said = dict(reversed(fields_of(block)))
        reporter = reporter or _value(said.get("reporting-mta", ""))[:200]
        if "final-recipient" in said or "original-recipient" in said or ("action" in said and "status" in said):
            recipients.append(_recipient(said))
        if len(recipients) >= MAX_RECIPIENTS:
            break
    return Dsn(tuple(recipients), reporter)


def _recipient(said: dict[str, str]) -> Recipient:
    diagnostic = _value(said.get("diagnostic-code", ""))
    code, found = _codes(diagnostic)
    status = _STATUS.search(said.get("status", ""))
    enhanced = status[0] if status else None
    # "5.0.0" says no more than "failed"; what the other server said is nearer to the truth.
    if enhanced is None or enhanced.endswith(".0.0"):
        enhanced = found or enhanced
    action = said.get("action", "").partition(" ")[0].lower()
    if action not in ("failed", "delayed", "delivered", "relayed", "expanded"):
        action = "failed" if (enhanced or "").startswith("5") else "delayed" if enhanced else ""
    address = _value(said.get("final-recipient") or said.get("original-recipient") or "")
    return Recipient(_address(address), action, code, enhanced, _short(diagnostic or said.get("status", "")))


def _value(text: str) -> str:
    """Without the type before it: ``rfc822; ivan@example.com``."""
    before, semicolon, after = text.partition(";")
    return (after if semicolon and " " not in before.strip() else text).strip()


def _codes(text: str) -> tuple[int | None, str | None]:
    smtp = _SMTP.search(text)
    hashed = _HASHED.search(text)
    status = _STATUS.search(text)
    enhanced = (smtp[2] if smtp else None) or (hashed[1] if hashed else None) or (status[0] if status else None)
    return (int(smtp[1]) if smtp else None), enhanced


def _address(text: str) -> str:
    found = _ADDRESS.search(text[:1000])
    return found[0].lower()[:254] if found else ""


def _short(text: str) -> str:
    return _SPACES.sub(" ", text).strip()[:MAX_TEXT]


def _read_prose(mail: Part) -> Dsn | None:
    """qmail, Exim, Exchange, and whatever else tells a person instead of a program."""
    named = mail.raw_header("x-failed-recipients")
    sender = mail.raw_header("from")
    subject = mail.header("subject")
    from_daemon = bool(_DAEMON.search(sender)) or mail.raw_header("return-path").strip() == "<>"
    if not named and not (from_daemon and (_FAILED.search(subject) or _DELAYED.search(subject))):
        return None
    text = _prose(mail)
    told = text[: found.start()] if (found := _COPY.search(text)) else text
    code, enhanced = _codes(told)
    delayed = bool(_DELAYED.search(subject)) and not _FAILED.search(subject)
    action = "delayed" if delayed else "failed"
    about = _address(named) or _address(told)
    return Dsn((Recipient(about, action, code, enhanced, _telling(told)),))


def _prose(mail: Part) -> str:
    for part in mail.walk():
        if part.kind == "text/plain" and not part.parts and not part.is_attachment:
            return part.text(_MAX_PROSE)
    return ""


def _telling(text: str) -> str:
    """The lines with a code in them, or else the beginning without the politeness."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    telling = [line for line in lines if _SMTP.search(line) or _STATUS.search(line)]
    return _short(" ".join(telling[:3] or lines[:8]))
