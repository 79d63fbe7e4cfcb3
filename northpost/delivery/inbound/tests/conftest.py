from __future__ import annotations

from collections.abc import Callable

import pytest

from northpost.core import clock
from northpost.delivery import addresses as ours
from northpost.delivery.models import Message, Source
from northpost.delivery.tests import rig
from northpost.team.models import Workspace


@pytest.fixture
def sent(workspace: Workspace) -> Callable[[int], list[Message]]:
    """Makes so many messages that a server has taken."""

    def make(count: int, *, source_id: int = 1, start: int = 0, domain: str = "mail.example") -> list[Message]:
        rig.register()
        made = rig.people(count, start=start, domain=domain)
        rig.enqueue(source_id, audience=rig.only(*(person.pk for person in made)))
        messages = Message.objects.filter(source_id=source_id, contact_id__in=[person.pk for person in made])
        messages.update(state="accepted", settled_at=clock.now(), sending_at=clock.now())
        Source.objects.filter(source_id=source_id).update(accepted_count=count)
        return list(messages.order_by("pk"))

    return make


@pytest.fixture
def message(sent: Callable[[int], list[Message]]) -> Message:
    return sent(1)[0]


def verp(message: Message) -> str:
    return ours.return_path(message.workspace_id, message.pk, "shop.example")


def mid(message: Message) -> str:
    return ours.message_id_header(message.workspace_id, message.pk, "shop.example")
