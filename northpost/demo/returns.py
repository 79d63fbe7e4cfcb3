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
from northpost.delivery.engine import addresses
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
class _Case:
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
    mail = _WRITERS[happening.deed](
        _Case(
            at=happening.at,
            person=happening.person,
            address=people.email[happening.person],
            language=people.language[happening.person],
            back=back,
            message_id=addresses.message_id_header(workspace_id, happening.message_id, DOMAIN),
        )
    )
    take_in(raw=mail.as_bytes(), way=Way.LMTP, envelope_recipient=back)


def _late_bounce(case: _Case) -> Message:
    """RFC 3464: taken first, and returned once the mailbox turned out to be full."""
    report = MIMEMultipart("report", report_type="delivery-status")
    _head(report, case, sender=f"MAILER-DAEMON@{_domain(case.address)}", subject="Undelivered Mail Returned to Sender")
    report.attach(MIMEText(f"<{case.address}>: mailbox is full\n", "plain", "utf-8"))
    status = MIMENonMultipart("message", "delivery-status")
    status.set_payload(
        f"Reporting-MTA: dns; mx.{_domain(case.address)}\n\n"
        f"Final-Recipient: rfc822; {case.address}\nAction: failed\nStatus: 5.2.2\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox is full\n"
    )
    report.attach(status)
    report.attach(_the_letter(case))
    return report


def _complaint(case: _Case) -> Message:
    """RFC 5965: the mailbox provider passes on that the person said "spam"."""
    report = MIMEMultipart("report", report_type="feedback-report")
    _head(report, case, sender=f"abuse@{_domain(case.address)}", subject="Spam report")
    report.attach(MIMEText("This is a spam report of one of our users.\n", "plain", "utf-8"))
    feedback = MIMENonMultipart("message", "feedback-report")
    feedback.set_payload(
        f"Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\nOriginal-Mail-From: {case.back}\n"
        f"Original-Rcpt-To: {case.address}\n"
    )
    report.attach(feedback)
    report.attach(_the_letter(case))
    return report


def _away(case: _Case) -> Message:
    """RFC 3834: written by a program, and no answer."""
    subject, text = AWAY[case.language]
    note = EmailMessage()
    _head(note, case, sender=case.address, subject=subject)
    note["Auto-Submitted"] = "auto-replied"
    note.set_content(text)
    return note


def _reply(case: _Case) -> Message:
    said = REPLIES[case.language]
    reply = EmailMessage()
    _head(reply, case, sender=case.address, subject="Re: Voltline")
    reply["In-Reply-To"] = case.message_id
    reply.set_content(said[case.person % len(said)])
    return reply


def _head(mail: Message, case: _Case, *, sender: str, subject: str) -> None:
    mail["From"] = sender
    mail["To"] = case.back
    mail["Subject"] = subject
    mail["Date"] = format_datetime(case.at)


def _the_letter(case: _Case) -> MIMEMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = SHOP, case.address, case.message_id
    return MIMEMessage(letter)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


_WRITERS: dict[Deed, Callable[[_Case], Message]] = {
    Deed.LATE_BOUNCE: _late_bounce,
    Deed.COMPLAIN: _complaint,
    Deed.AWAY: _away,
    Deed.REPLY: _reply,
}
