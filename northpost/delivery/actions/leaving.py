"""A person says no: unsubscribes, changes their mind, or calls it spam. Also bounces that come back later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from northpost.contacts.actions import grant_consent, withdraw_consent
from northpost.contacts.models import Contact, Purpose
from northpost.core import clock
from northpost.delivery.actions.bounces import record_bounces
from northpost.delivery.actions.routing import count_complaint, count_late_bounces
from northpost.delivery.actions.suppression import suppress_addresses
from northpost.delivery.models import Message, MessageState, SuppressionReason
from northpost.delivery.rules.bounces import classify_bounce
from northpost.delivery.rules.replies import Blame
from northpost.events.actions import NewEvent, record_events


class NoSuchMessage(LookupError):
    """There is no such message in this workspace. Permanent."""

    retryable = False


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


@dataclass(frozen=True)
class LateBounce:
    """A message that was handed over came back. ``blame`` as :func:`rules.bounces.classify_bounce` gives it."""

    message_id: int
    code: int | None
    enhanced: str | None
    text: str
    blame: Blame


def record_bounce(*, message_id: int, code: int | None = None, enhanced: str | None = None, text: str = "") -> Blame:
    """One message that was accepted came back later. Safe to repeat. Raises NoSuchMessage."""
    blame = classify_bounce(code=code, enhanced=enhanced, text=text)
    if not record_late_bounces([LateBounce(message_id, code, enhanced, text, blame)]):
        raise NoSuchMessage(f"no message {message_id}")
    return blame


def record_late_bounces(found: Sequence[LateBounce], *, counted_before: Collection[int] = ()) -> frozenset[int]:
    """Messages came back after a server had taken them. Returns those of them that are in the ledger.

    What a message became stays what it was: the server did accept it. Hard and soft bounces are marked, once, and have
    the consequences of bounces; those that blame the mail or us suppress nobody. Hard, soft and unwanted ones of
    messages that were handed over count for the mailing's breaker, unless they are in ``counted_before``.
    """
    if not found:
        return frozenset()
    now = clock.now()
    told = {one.message_id: one for one in found}
    with transaction.atomic():
        # Locked in order: the same bounce may come in twice at once.
        rows: dict[int, dict[str, Any]] = {
            row["id"]: dict(row)
            for row in Message.objects.select_for_update()
            .filter(pk__in=told)
            .order_by("pk")
            .values("id", "source_kind", "source_id", "contact_id", "email", "state", "bounced_at")
        }
        counting = [pk for pk in rows if _counts(rows[pk], told[pk]) and pk not in counted_before]
        new = [
            pk for pk, row in rows.items() if row["bounced_at"] is None and told[pk].blame in (Blame.HARD, Blame.SOFT)
        ]
        Message.objects.filter(pk__in=new).update(bounced_at=now)
        record_bounces([(rows[pk], told[pk]) for pk in new], now=now)
        count_late_bounces([(rows[pk]["source_kind"], rows[pk]["source_id"]) for pk in counting])
    return frozenset(rows)


def _counts(row: dict[str, Any], bounce: LateBounce) -> bool:
    handed_over = row["state"] in (MessageState.ACCEPTED, MessageState.IN_DOUBT)
    return handed_over and row["bounced_at"] is None and bounce.blame in (Blame.HARD, Blame.SOFT, Blame.POLICY)


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
