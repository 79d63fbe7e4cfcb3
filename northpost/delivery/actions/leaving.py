"""A person says no: unsubscribes, changes their mind, or calls it spam. Also bounces that come back later."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from northpost.contacts.actions import grant_consent, withdraw_consent
from northpost.contacts.models import Contact, Purpose
from northpost.core import clock
from northpost.delivery.actions.bounces import record_bounces
from northpost.delivery.actions.routing import count_complaint
from northpost.delivery.actions.suppression import suppress_addresses
from northpost.delivery.models import Message, SuppressionReason
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.events.actions import NewEvent, record_events


class NoSuchMessage(LookupError):
    """There is no such message in this workspace. Permanent."""

    retryable = False


@dataclass(frozen=True)
class LateRefusal:
    code: int | None
    enhanced: str | None
    blame: Blame | None


def unsubscribe(*, message_id: int, ip: str | None = None) -> bool:
    """Withdraw, at once, the consent that the message was sent under (the first purpose for one without).

    Safe to repeat; returns whether anything changed. Raises NoSuchMessage.
    """
    now = clock.now()
    with transaction.atomic():
        message = _message(message_id)
        withdraw_consent(
            contact_id=message.contact_id, source=_source(message), purpose_key=_purpose_key(message), ip=ip, at=now
        )
        first = Message.objects.filter(pk=message_id, unsubscribed_at=None).update(unsubscribed_at=now) == 1
        if first:
            record_events([_event(message, "mail.unsubscribed", f"mail.unsubscribed:{message_id}:{now.isoformat()}")])
    return first


def stay(*, message_id: int, ip: str | None = None) -> None:
    """Take an unsubscription back, by the person themselves: the consent is given anew. Raises NoSuchMessage."""
    now = clock.now()
    with transaction.atomic():
        message = _message(message_id)
        if message.unsubscribed_at is None or not Contact.objects.filter(pk=message.contact_id).exists():
            return
        grant_consent(
            contact_id=message.contact_id, source=_source(message), purpose_key=_purpose_key(message), ip=ip, at=now
        )
        Message.objects.filter(pk=message_id).update(unsubscribed_at=None)


def complain(*, message_id: int) -> bool:
    """The person called it spam: suppress the address, withdraw the consent, count it against the mailing.

    Safe to repeat; returns whether it was new. Raises NoSuchMessage.
    """
    now = clock.now()
    with transaction.atomic():
        message = _message(message_id)
        if Message.objects.filter(pk=message_id, complained_at=None).update(complained_at=now) == 0:
            return False
        if message.email:
            suppress_addresses([(message.email, message_id)], reason=SuppressionReason.COMPLAINT, now=now)
        withdraw_consent(
            contact_id=message.contact_id, source=_source(message), purpose_key=_purpose_key(message), at=now
        )
        record_events([_event(message, "mail.complained", f"mail.complained:{message_id}")])
        count_complaint(kind=message.source_kind, source_id=message.source_id)
    return True


def record_bounce(*, message_id: int, code: int | None = None, enhanced: str | None = None, text: str = "") -> Blame:
    """A message that was accepted came back later. Hard: suppressed. Safe to repeat. Raises NoSuchMessage."""
    now = clock.now()
    blame = classify_reply(code=code, enhanced=enhanced, text=text, phase="final")
    with transaction.atomic():
        message = _message(message_id)
        if blame in (Blame.HARD, Blame.SOFT) and (
            Message.objects.filter(pk=message_id, bounced_at=None).update(bounced_at=now) == 1
        ):
            row = {
                "id": message_id,
                "source_kind": message.source_kind,
                "source_id": message.source_id,
                "contact_id": message.contact_id,
                "email": message.email,
            }
            record_bounces([(row, LateRefusal(code, enhanced, blame))], now=now)
    return blame


def _message(message_id: int) -> Message:
    # Locked: the same click may arrive twice at once.
    message = Message.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NoSuchMessage(f"no message {message_id}")
    return message


def _purpose_key(message: Message) -> str:
    purposes = Purpose.objects.order_by("pk")
    if message.purpose_id is not None:
        purposes = purposes.filter(pk=message.purpose_id)
    return purposes.values_list("key", flat=True)[0]


def _source(message: Message) -> str:
    return f"{message.source_kind}:{message.source_id}"


def _event(message: Message, kind: str, key: str) -> NewEvent:
    return NewEvent(
        key=key,
        kind=kind,
        contact_id=message.contact_id,
        occurred_at=clock.now(),
        source=_source(message),
        message_id=message.pk,
    )
