"""What was made of a mail that came in, in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from northpost.delivery.models import InboundKind, InboundMail, InboundState
from northpost.delivery.rules.replies import Blame

ICONS: dict[str, str] = {
    InboundKind.BOUNCE: "bounce",
    InboundKind.DELAY: "queued",
    InboundKind.COMPLAINT: "complaint",
    InboundKind.REPLY: "mailing",
    InboundKind.AUTO_REPLY: "clock",
    InboundKind.DMARC: "report",
    InboundKind.UNKNOWN: "file",
}

_BLAME: dict[str, Promise] = {
    Blame.HARD: _("The address does not exist: it gets nothing any more."),
    Blame.SOFT: _("It may work another time. After five such bounces in 30 days the address gets nothing any more."),
    Blame.POLICY: _("This mail was not wanted there. Nothing is held against the address."),
    Blame.SENDER: _(
        "Their server says that the set-up of your domain is at fault. Nothing is held against the address."
    ),
    Blame.UNSENDABLE: _("The mail could not be carried there. Nothing is held against the address."),
}
_KIND: dict[str, Promise] = {
    InboundKind.DELAY: _("Their server keeps trying. Nothing follows from this."),
    InboundKind.COMPLAINT: _("The person called the mail spam: they get nothing any more."),
    InboundKind.REPLY: _("A person answered."),
    InboundKind.AUTO_REPLY: _("A machine answered, as for somebody who is away. Nothing follows from this."),
    InboundKind.DMARC: _("A mailbox provider's account of the mail that came in your domain's name."),
}
_STRANGE = _("It is put together in a way that no honest mail is, and was not read.")
_ARCHIVE = _("The report in it can't be read.")
_DETAIL: dict[str, Promise] = {
    "no_token": _("Nothing in it proves that it is about a mail of yours. Nothing follows from it."),
    "other_workspace": _("It is about a mail of another workspace. Nothing follows from it here."),
    "no_failure": _("It says that a mail arrived. Nothing follows from it."),
    "other_feedback": _("A provider's report that is no complaint. Nothing follows from it."),
    "empty": _("There are no words in it."),
    "foreign_domain": _("The report is about a domain that you don't send from, and was left out."),
    "held_route": _(
        "Together with others like it, it has paused the server: see “Servers and senders” in the settings."
    ),
    "failed": _("It could not be worked on. That is a mistake of this program, not yours."),
    "too_many_parts": _STRANGE,
    "too_deep": _STRANGE,
    "too_many_headers": _STRANGE,
    "headers_too_long": _STRANGE,
    "no_headers": _STRANGE,
    "too_large": _("The report in it is larger than any honest one, and was not read."),
    "too_many_records": _("The report in it is larger than any honest one, and was not read."),
    "archive_broken": _ARCHIVE,
    "archive_locked": _ARCHIVE,
    "xml_broken": _ARCHIVE,
    "xml_forbidden": _ARCHIVE,
    "xml_values": _ARCHIVE,
    "no_report": _ARCHIVE,
}


def consequence(mail: InboundMail) -> str:
    """What follows from it, in a sentence or two."""
    if mail.state == InboundState.WAITING:
        return str(_("It has just come in, and is about to be looked at."))
    said = [_BLAME.get(mail.blame), _KIND.get(mail.kind), _DETAIL.get(mail.detail)]
    return " ".join(str(each) for each in said if each) or str(_("It could not be told what this is."))
