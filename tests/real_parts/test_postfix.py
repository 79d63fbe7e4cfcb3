"""A mailing through a real Postfix: TLS with a chain of certificates, DKIM verified by another implementation, delivery
into Maildirs, and a real bounce on its way back."""

from __future__ import annotations

import email
import email.policy
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest

from northpost.campaigns.spam import check_spam
from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.delivery import sources
from northpost.delivery.dkim import Algorithm
from northpost.delivery.domains.actions import make_dkim_key
from northpost.delivery.domains.queries import record_of
from northpost.delivery.engine import send_due
from northpost.delivery.engine.compose import prepare, render
from northpost.delivery.engine.links import link_rows
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.models import (
    DkimKey,
    DkimKeyState,
    InboundMail,
    Message,
    Route,
    Sender,
    Suppression,
)
from northpost.delivery.tests import rig
from northpost.delivery.tests.test_sending import memory_sink
from northpost.delivery.transport import endpoint
from northpost.events.models import Event
from northpost.mailbox.received import MemoryStore
from northpost.team.models import Workspace
from tests.installation import free_port
from tests.real_parts.certificates import Chain, make_chain
from tests.real_parts.filtering import name_server, rspamd
from tests.real_parts.postfix import Postfix, postfix

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HOST = "localhost"
BODY = rig.BODY.replace("Hello", "Здравствуй,").replace(
    "{{ boom | divided_by: contact.zero }}", ".\n.. a dot, 100% — €"
)


@pytest.fixture
def place() -> Path:
    """In the run's own directory, which the servers' accounts get through to."""
    made = Path(os.environ["NORTHPOST_DATA_DIR"]) / f"real-{time.monotonic_ns()}"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def chain(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    """A server's certificate under an authority that this process trusts."""
    made = make_chain(HOST)
    trusted = place / "root.pem"
    trusted.write_bytes(made.root)
    endpoint._tls_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    yield made
    endpoint._tls_context.cache_clear()


@contextmanager
def lmtp() -> Iterator[int]:
    """``northpost lmtp`` in a process of its own, on this test's database."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "northpost.program.main", "lmtp", "--port", str(port)])
    try:
        deadline = time.monotonic() + 60
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline and process.poll() is None, "the LMTP listener does not start"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def signing_keys() -> dict[bytes, bytes]:
    """Keys of both kinds that sign for the sender's domain; name -> the record to publish."""
    Sender.objects.create(name="Shop", email="news@shop.example", is_default=True, created_at=clock.now())
    for algorithm in Algorithm:
        make_dkim_key(domain="shop.example", algorithm=algorithm)
    DkimKey.objects.update(state=DkimKeyState.SIGNING, signing_at=clock.now())
    return {
        f"{key.selector}._domainkey.{key.domain}.".encode(): record_of(key).encode() for key in DkimKey.objects.all()
    }


def through(relay_port: int, **changes: Any) -> Route:
    return rig.route(relay_port, host=HOST, security="starttls", connections=2, **changes)


def test_delivered_signed_and_bounced(workspace: Workspace, place: Path, chain: Chain):
    records = signing_keys()
    rig.register(contents={"en": rig.content(BODY, subject="Новости для {{ contact.first_name }} ✂")})
    people = rig.people(3)
    Contact.objects.filter(pk=people[1].pk).update(first_name="Ёлка и очень, очень длинное имя " * 3)
    with (
        lmtp() as inbound,
        postfix(
            place / "postfix", users=["person0", "person1"], chain=chain.server, bounces="shop.example", lmtp=inbound
        ) as relay,
    ):
        through(relay.port)
        assert rig.enqueue().queued == 3
        report = send_due(workspace.pk)
        assert (dict(report.states), report.alerts) == ({"accepted": 3}, [])
        for number in (0, 1):
            raw = relay.wait_for(f"person{number}")
            assert len(relay.mails(f"person{number}")) == 1
            as_previewed(workspace, raw, f"person{number}@mail.example")
            verified(raw, records)
            assert "(using TLSv1." in parsed(raw)["Received"]
        bounced(people[2], relay)


def as_previewed(workspace: Workspace, raw: bytes, address: str) -> None:
    """What lies in the Maildir, read by Python's own library, is what the preview of this message shows."""
    row = Message.objects.get(email=address)
    mailing = sources.load(rig.KIND, 1)
    prepared = prepare(
        mailing,
        workspace_id=workspace.pk,
        source_kind=rig.KIND,
        source_id=1,
        link_ids=link_rows(mailing, source_kind=rig.KIND, source_id=1),
    )
    context = mailing.contexts([row.contact_id])[row.contact_id]
    expected = render(prepared, message_id=row.pk, language="en", context=context)
    mail = parsed(raw)
    assert not list(mail.defects)
    assert mail["Subject"] == expected.subject
    assert mail["To"] == address
    assert mail["From"] == "Магазин Example <news@shop.example>"
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert isinstance(html, EmailMessage) and isinstance(text, EmailMessage)
    assert lines(html.get_content()) == lines(expected.html)
    assert lines(text.get_content()) == lines(expected.text)
    assert mail["Return-Path"].startswith("<bounce+")


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


def verified(raw: bytes, records: dict[bytes, bytes]) -> None:
    """By dkimpy, each of the two signatures; and neither once a byte is changed."""

    def published(name: bytes, timeout: float = 5) -> bytes | None:
        return records.get(name)

    wire = raw.replace(b"\n", b"\r\n")
    for number in (0, 1):
        assert dkim.DKIM(wire).verify(idx=number, dnsfunc=published), f"signature {number}"
        forged = wire.replace(b"Subject: ", b"Subject: x", 1)
        assert not dkim.DKIM(forged).verify(idx=number, dnsfunc=published)
    assert raw.count(b"\nDKIM-Signature: ") == len(records) == 2


def bounced(ghost: Contact, relay: Postfix) -> None:
    """Postfix's own DSN came back over LMTP, and says that this person's mailbox is none."""
    deadline = time.monotonic() + 30
    while not InboundMail.objects.exists():
        assert time.monotonic() < deadline, f"no bounce came back:\n{relay.log()[-2000:]}"
        time.sleep(0.1)
    assert follow_up() == 1
    row = Message.objects.get(email=ghost.email)
    assert row.bounced_at is not None
    assert row.state == "accepted"
    assert Suppression.objects.get().email_key == ghost.email
    event = Event.objects.get(kind="mail.bounced")
    assert (event.contact_id, event.message_id, event.properties["kind"]) == (ghost.pk, row.pk, "hard")
    assert event.properties["enhanced"] == "5.1.1"
    assert not Message.objects.exclude(pk=row.pk).filter(bounced_at__isnull=False).exists()
    # It is not written to again.
    assert rig.enqueue(2).skipped == {"suppressed": 1}


def test_a_certificate_of_somebody_else_stops_the_mail(workspace: Workspace, place: Path, chain: Chain):
    rig.register()
    rig.people(2)
    stranger = replace(chain, server=make_chain("mail.rival.example").server)
    for number, shown in enumerate((stranger.server, make_chain(HOST).server)):
        with postfix(
            place / f"postfix{number}", users=["person0"], chain=shown, bounces="shop.example", lmtp=free_port()
        ) as relay:
            Route.objects.all().delete()
            route = through(relay.port)
            rig.enqueue()
            report = send_due(workspace.pk)
            assert any("certificate" in words for words in report.alerts)
            assert rig.states() == {"queued": 2}
            route.refresh_from_db()
            assert route.paused_at is not None
            assert route.paused_until is None
            assert relay.mails("person0") == []


def test_rspamd_takes_it_for_a_good_mail(workspace: Workspace, place: Path, settings: Any):
    settings.NORTHPOST_URL = "https://news.shop.example"
    records = {(name.decode().rstrip("."), "TXT"): text.decode() for name, text in signing_keys().items()}
    records |= {
        ("shop.example", "TXT"): "v=spf1 ip4:192.0.2.10 -all",
        ("_dmarc.shop.example", "TXT"): "v=DMARC1; p=reject",
        ("shop.example", "MX"): "10 mail.shop.example.",
        ("mail.shop.example", "A"): "192.0.2.10",
        ("10.2.0.192.in-addr.arpa", "PTR"): "mail.shop.example.",
    }
    rig.register(contents={"en": rig.content(BODY)})
    rig.people(1)
    store = MemoryStore()
    with name_server(records) as names, rspamd(place / "rspamd", name_server_port=names) as judge:
        with memory_sink(store) as port:
            rig.route(port)
            rig.enqueue()
            assert dict(send_due(workspace.pk).states) == {"accepted": 1}
        mail = store.mails[0]
        good = judge.check(mail.raw, sender=mail.sender, recipient=mail.recipient)
        claims_more = mail.raw.replace(b"news@shop.example", b"boss@shop.example")
        forged = judge.check(claims_more, sender="a@rival.example", recipient=mail.recipient)
        settings.RSPAMD_URL, settings.RSPAMD_PASSWORD = judge.url, ""
        asked = check_spam(mail.raw, sender=mail.sender, recipient=mail.recipient)
    found = {name: symbol["score"] for name, symbol in good["symbols"].items() if symbol["score"]}
    assert good["action"] == "no action", found
    # Below the limit for greylisting.
    assert good["score"] < 4, found
    # One key of each kind, both good.
    assert len(good["symbols"]["R_DKIM_ALLOW"]["options"]) == 2
    assert {"R_SPF_ALLOW", "DMARC_POLICY_ALLOW", "HAS_LIST_UNSUB"} <= found.keys()
    # The product's own question is answered alike, but for what only a server that takes mail in knows.
    assert not asked.is_spam
    assert {"R_DKIM_ALLOW", "HAS_LIST_UNSUB"} <= {symbol.name for symbol in asked.symbols}
    assert "R_DKIM_REJECT" in forged["symbols"]
    assert "DMARC_POLICY_REJECT" in forged["symbols"]
