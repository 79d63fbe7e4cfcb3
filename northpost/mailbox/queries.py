"""Looking into the mailbox of the current workspace."""

import zlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from northpost.mailbox.models import Mail
from northpost.mailbox.reading import Parsed, parse

PAGE = 50
# No mail larger than the server takes can have been kept; this stops a damaged row from growing without end.
_LARGEST = 64 * 1024 * 1024


class MailNotFound(LookupError):
    """There is no such mail in this workspace (any more). Permanent."""

    retryable = False


@dataclass(frozen=True, slots=True)
class MailLine:
    """A mail as the list shows it. `size` in bytes."""

    id: int
    sender: str
    recipient: str
    subject: str
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """One mail: its line, what is in it, and the message as it came."""

    line: MailLine
    parsed: Parsed
    raw: bytes


_LINE = ("id", "sender", "recipient", "subject", "size", "received_at")


def newest_mails(*, search: str = "", before: int | None = None, limit: int = PAGE) -> list[MailLine]:
    """The newest first; `search` in recipient or subject, `before` the id that the page before ended with."""
    mails = _matching(search)
    if before is not None:
        mails = mails.filter(id__lt=before)
    return [MailLine(**row) for row in mails.order_by("-id").values(*_LINE)[:limit]]


def count_mails(*, search: str = "") -> int:
    """How many mails match."""
    return _matching(search).count()


def open_mail(*, mail_id: int) -> OpenedMail:
    """One mail, taken apart. Raises MailNotFound."""
    row = Mail.objects.filter(pk=mail_id).values(*_LINE, "raw").first()
    if row is None:
        raise MailNotFound(mail_id)
    raw = zlib.decompressobj().decompress(bytes(row.pop("raw")), _LARGEST)
    return OpenedMail(MailLine(**row), parse(raw), raw)


def _matching(search: str) -> QuerySet[Mail]:
    words = search.replace("\x00", "").split()[:10]
    mails = Mail.objects.all()
    for word in words:
        mails = mails.filter(Q(recipient__icontains=word) | Q(subject__icontains=word))
    return mails
