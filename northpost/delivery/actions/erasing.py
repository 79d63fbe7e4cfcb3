"""What is left of a person here after their erasure: counts, and a hash that keeps mail away from the address."""

from __future__ import annotations

from northpost.contacts.actions import ErasedPerson
from northpost.core import clock
from northpost.delivery.actions.control import WAITING
from northpost.delivery.actions.suppression import forget_address
from northpost.delivery.models import Hit, Message, MessageState, Resolution, ServiceReport, SkipReason


def forget_person(person: ErasedPerson) -> None:
    """Called in the transaction of the erasure. The ledger keeps its rows, nameless, so that its sums stay true."""
    if person.email_key:
        forget_address(person.email_key)
    messages = Message.objects.filter(contact_id=person.contact_id)
    Hit.objects.filter(message_id__in=messages.values("pk")).delete()
    # Servers' words name the address more often than not.
    ServiceReport.objects.filter(message_id__in=messages.values("pk")).update(text="", agent="")
    Resolution.objects.filter(message_id__in=messages.values("pk")).update(told="")
    messages.update(email=None, context=None, reply_text="")
    # A worker that is about to send one of them finds it gone, and writes no address into it.
    messages.filter(state__in=WAITING).update(
        state=MessageState.SKIPPED, reason=SkipReason.ERASED, settled_at=clock.now()
    )
