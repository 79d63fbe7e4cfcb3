"""Mail that no person wrote: answers of machines (RFC 3834, and what is used beside it)."""

from __future__ import annotations

import re

from northpost.delivery.inbound.parts import Part

_MARKS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from", "x-mail-autoreply", "x-vacation")
_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
# Only where the subject begins so: a person answers with "Re:" before it.
_SUBJECT = re.compile(
    r"\W*(?:out of (?:the )?office|automatic (?:reply|response)|auto[- ]?(?:reply|response|responder)"
    r"|vacation (?:reply|response|message|notice)|away from (?:the|my) (?:office|mail|desk)|i am (?:out of|away)"
    r"|on (?:annual |parental )?leave"
    r"|автоматичен отговор|автоматично съобщение|извън офиса|в отпуск\b|отсъств"
    r"|автоответ|автоматический ответ|автоматическое уведомление|вне офиса|нет (?:на месте|в офисе)|в отпуске|отсутств"
    r"|abwesenheit|automatische antwort|réponse automatique|absence du bureau)",
    re.IGNORECASE,
)


def is_automatic(mail: Part) -> bool:
    """Whether a machine answered: an out-of-office note, an acknowledgement, a ticket system."""
    submitted = mail.raw_header("auto-submitted").partition(";")[0].strip().lower()
    if submitted:
        return submitted != "no"
    if any(mail.raw_header(mark) for mark in _MARKS):
        return True
    if mail.raw_header("precedence").strip().lower() in _PRECEDENCE:
        return True
    return bool(_SUBJECT.match(mail.header("subject")))
