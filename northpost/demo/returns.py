"""The mail that comes back to Voltline: full mailboxes found later, out-of-office notes, replies, spam reports.

Written as mail servers and programs write it, and taken in by the product's own way in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

from northpost.core import addresses as email_addresses
from northpost.core import tenancy
from northpost.delivery import addresses
from northpost.delivery.inbound.taking import take_in
from northpost.delivery.models import Way
from northpost.demo.company.people import People
from northpost.demo.readers import Deed, Happening

SHOP = "hello@voltline.example"
DOMAIN = email_addresses.normalise(SHOP).domain
AWAY = {
    "en": ("Out of office", "I am out of the office until Monday and will read your mail then."),
    "bg": ("Извън офиса", "Отсъствам до понеделник и ще прочета писмото Ви тогава."),
    "ru": ("Меня нет на месте", "Меня нет на месте до понедельника, прочту Ваше письмо, когда вернусь."),
}
REPLIES = {
    "en": (
        "Thank you. Could you call me about this next week?",
        "Do you have this in black as well?",
        "Please send me the price list for partners.",
    ),
    "bg": ("Благодаря! Може ли да се чуем другата седмица?", "Имате ли го и в черно?"),
    "ru": ("Спасибо! Можно созвониться на следующей неделе?", "А есть такой в чёрном цвете?"),
}
BY_MAIL = frozenset({Deed.LATE_BOUNCE, Deed.AWAY, Deed.REPLY, Deed.COMPLAIN})


@dataclass(frozen=True)
class Case:
    """Who writes, when, about which message; `back`: its return path."""

    at: datetime
    person: int
    address: str
    language: str
    back: str
    message_id: str


def bring_back(happening: Happening, people: People) -> None:
    """Hand in the mail that a happening is; what follows from it, follows with `follow_up`."""
    workspace_id = tenancy.require_workspace()
    back = addresses.return_path(workspace_id, happening.message_id, DOMAIN)
    mail = write(
        happening.deed,
        Case(
            at=happening.at,
            person=happening.person,
            address=people.email[happening.person],
            language=people.language[happening.person],
            back=back,
            message_id=addresses.message_id_header(workspace_id, happening.message_id, DOMAIN),
        ),
    )
    take_in(raw=mail, way=Way.LMTP, envelope_recipient=back)


def write(deed: Deed, case: Case) -> bytes:
    """The mail that a deed of BY_MAIL is."""
    return _WRITERS[deed](case).as_bytes()


def _late_bounce(case: Case) -> Message:
    """RFC 3464: taken first, and returned once the mailbox turned out to be full."""
    report = MIMEMultipart("report", report_type="delivery-status")
    _head(report, case, sender=f"MAILER-DAEMON@{_domain(case.address)}", subject="Undelivered Mail Returned to Sender")
    report.attach(MIMEText(f"<{case.address}>: mailbox is full\n", "plain", "utf-8"))
    status = MIMENonMultipart("message", "delivery-status")
    status.set_payload(
        [
            _fields(("Reporting-MTA", f"dns; mx.{_domain(case.address)}")),
            _fields(
                ("Final-Recipient", f"rfc822; {case.address}"),
                ("Action", "failed"),
                ("Status", "5.2.2"),
                ("Diagnostic-Code", "smtp; 552 5.2.2 mailbox is full"),
            ),
        ]
    )
    report.attach(status)
    report.attach(_the_letter(case))
    return report


def _complaint(case: Case) -> Message:
    """RFC 5965: the mailbox provider passes on that the person said "spam"."""
    report = MIMEMultipart("report", report_type="feedback-report")
    _head(report, case, sender=f"abuse@{_domain(case.address)}", subject="Spam report")
    report.attach(MIMEText("This is a spam report of one of our users.\n", "plain", "utf-8"))
    feedback = MIMENonMultipart("message", "feedback-report")
    feedback.set_payload(
        [
            _fields(
                ("Feedback-Type", "abuse"),
                ("User-Agent", "Feedback/1.0"),
                ("Version", "1"),
                ("Original-Mail-From", case.back),
                ("Original-Rcpt-To", case.address),
            )
        ]
    )
    report.attach(feedback)
    report.attach(_the_letter(case))
    return report


def _away(case: Case) -> Message:
    """RFC 3834: written by a program, and no answer."""
    subject, text = AWAY[case.language]
    note = EmailMessage()
    _head(note, case, sender=case.address, subject=subject)
    note["Auto-Submitted"] = "auto-replied"
    note.set_content(text)
    return note


def _reply(case: Case) -> Message:
    said = REPLIES[case.language]
    reply = EmailMessage()
    _head(reply, case, sender=case.address, subject="Re: Voltline")
    reply["In-Reply-To"] = case.message_id
    reply.set_content(said[case.person % len(said)])
    return reply


def _fields(*fields: tuple[str, str]) -> Message:
    """A block of header fields, as the parts of a report are."""
    block = Message()
    for name, value in fields:
        block[name] = value
    return block


def _head(mail: Message, case: Case, *, sender: str, subject: str) -> None:
    mail["From"] = sender
    mail["To"] = case.back
    mail["Subject"] = subject
    mail["Date"] = format_datetime(case.at)


def _the_letter(case: Case) -> MIMEMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = SHOP, case.address, case.message_id
    return MIMEMessage(letter)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


_WRITERS: dict[Deed, Callable[[Case], Message]] = {
    Deed.LATE_BOUNCE: _late_bounce,
    Deed.COMPLAIN: _complaint,
    Deed.AWAY: _away,
    Deed.REPLY: _reply,
}
