"""Leaving is one click, for people and mailbox providers; looking at the page never is."""

from __future__ import annotations

import pytest
from django.test import Client

from northpost.contacts.models import Consent, ConsentRecord, ConsentState
from northpost.core import tenancy
from northpost.delivery import addresses
from northpost.delivery.models import Message
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(workspace: Workspace) -> Message:
    rig.register()
    rig.people(1)
    rig.enqueue()
    return Message.objects.get()


@pytest.fixture
def address(message: Message) -> str:
    return addresses.unsubscribe_url(message.workspace_id, message.pk).partition("/m/")[2].join(["/m/", ""])


def consent() -> str:
    return Consent.objects.get().state


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client: Client, address: str, method: str):
    answer = getattr(client, method)(address)
    assert answer.status_code == 200
    assert consent() == ConsentState.GRANTED
    assert Message.objects.get().unsubscribed_at is None
    assert not answer.cookies
    if method == "get":
        assert answer.content.count(b"<button") == 1
        assert b"p\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa20@mail.example" in answer.content
        assert b"person0@mail.example" not in answer.content


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_a_post_without_a_cookie_unsubscribes_at_once_and_may_be_repeated(
    workspace: Workspace, address: str, body: dict[str, str]
):
    strict = Client(enforce_csrf_checks=True)
    for _time in range(3):
        answer = strict.post(address, body, REMOTE_ADDR="198.51.100.7")
        assert answer.status_code == 200
    assert consent() == ConsentState.WITHDRAWN
    proof = ConsentRecord.objects.get(state=ConsentState.WITHDRAWN)
    assert (proof.ip, proof.source) == ("198.51.100.7", f"{rig.KIND}:1")
    assert Message.objects.get().unsubscribed_at is not None
    event = Event.objects.get(kind="mail.unsubscribed")
    assert (event.source, event.message_id) == (f"{rig.KIND}:1", Message.objects.get().pk)


def test_who_left_by_mistake_can_stay(client: Client, address: str):
    client.post(address)
    assert client.get(f"{address}/stay").status_code == 405
    assert consent() == ConsentState.WITHDRAWN
    assert client.post(f"{address}/stay").status_code == 200
    assert consent() == ConsentState.GRANTED
    assert Message.objects.get().unsubscribed_at is None


def test_one_changed_byte_is_not_found(client: Client, address: str):
    head, token = address.rsplit("/", 1)
    for place in range(0, len(token), 5):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert client.post(f"{head}/{changed}").status_code == 404
    assert client.post(f"{address}x").status_code == 404
    assert consent() == ConsentState.GRANTED


def test_a_token_for_another_purpose_is_not_found(client: Client, message: Message):
    token = addresses.open_url(message.workspace_id, message.pk).rsplit("/", 1)[1].removesuffix(".gif")
    assert client.post(f"/m/u/{token}").status_code == 404
    assert consent() == ConsentState.GRANTED


def test_a_message_number_of_another_workspace_leads_nowhere(client: Client, message: Message, rival: Workspace):
    address = addresses.unsubscribe_url(rival.pk, message.pk)
    assert client.post("/m/" + address.partition("/m/")[2]).status_code == 404
    with tenancy.workspace(message.workspace_id):
        assert consent() == ConsentState.GRANTED


@pytest.mark.parametrize(("language", "words"), [("bg", "Отписване"), ("ru", "Отписаться"), ("en", "Unsubscribe")])
def test_the_page_speaks_the_persons_language(
    client: Client, message: Message, address: str, language: str, words: str
):
    from northpost.contacts.models import Contact

    Contact.objects.update(language=language)
    page = client.get(address).content.decode()
    assert f'<html lang="{language}">' in page
    assert f"<h1>{words}</h1>" in page
