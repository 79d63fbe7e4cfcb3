"""Mailboxes emptied by IMAP and POP3: with a real Dovecot, and with servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from northpost.core import clock, signing
from northpost.delivery.actions.inboxes import archive_inbox, create_inbox, update_inbox
from northpost.delivery.actions.tokens import Holder, give_token
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.inboxes import InboxProblem, Trouble, check, look
from northpost.delivery.inbound.inboxes.imap import quoted
from northpost.delivery.inbound.inboxes.tasks import due_inboxes
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import verp
from northpost.delivery.inbound.tests.dovecot import PASSWORD, TOKEN, USER, Dovecot, dovecot, free_port
from northpost.delivery.inbound.whose import inbox_address
from northpost.delivery.models import InboundMail, Inbox, Message, SignInToken, Suppression
from northpost.team.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def trusted(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    return server


def inbox(protocol: str = "imap", **details: Any) -> Inbox:
    given = {
        "name": "Bounces", "protocol": protocol, "host": "127.0.0.1", "security": "tls", "username": USER,
        "password": PASSWORD, "folder": "INBOX", "done_folder": "",
    }  # fmt: skip
    return create_inbox(**(given | details))


WAYS = [("imap", "imaps", "tls"), ("imap", "imap", "starttls"), ("imap", "imap", "none"),
        ("pop3", "pop3s", "tls"), ("pop3", "pop3", "starttls"), ("pop3", "pop3", "none")]  # fmt: skip


@pytest.mark.parametrize(("protocol", "port", "security"), WAYS)
def test_a_mailbox_is_emptied(trusted: Dovecot, message: Message, protocol: str, port: str, security: str):
    made = inbox(protocol, port=trusted.ports[port], security=security)
    raw = letters.dsn(to=verp(message), diagnostic="smtp; 550 5.1.1 " + "x" * 5000)
    trusted.deliver(b"Delivered-To: " + verp(message).encode() + b"\n" + raw)
    trusted.deliver(letters.reply(sender="Ольга <olga@mail.example>"))
    assert check(inbox_id=made.pk).waiting == 2
    assert trusted.lying() == 2
    looked = look(inbox_id=made.pk)
    assert (looked.taken, looked.new, looked.left) == (2, 2, False)
    assert trusted.lying() == 0
    follow_up()
    assert Suppression.objects.get().email_key == message.email
    kinds = sorted(InboundMail.objects.values_list("way", "kind"))
    assert kinds == [(protocol, "bounce"), (protocol, "unknown")]
    assert look(inbox_id=made.pk).taken == 0
    made.refresh_from_db()
    assert (made.problem, made.looked_at is not None) == ("", True)


def permit(made: Inbox, token: str) -> None:
    """The provider gave this one just now."""
    given: dict[str, str] = {"provider": "microsoft", "client_id": "us", "client_secret": "", "refresh_token": "r"}
    give_token(holder=Holder("inbox", made.pk), **given)
    sealed, soon = signing.seal(token), clock.now() + timedelta(hours=1)
    SignInToken.objects.filter(inbox_id=made.pk).update(access_sealed=sealed, expires_at=soon)


@pytest.mark.parametrize(("protocol", "port", "security"), [way for way in WAYS if way[2] != "none"])
def test_a_mailbox_is_emptied_with_a_permission(
    trusted: Dovecot, message: Message, protocol: str, port: str, security: str
):
    made = inbox(protocol, port=trusted.ports[port], security=security, password="")
    with pytest.raises(InboxProblem) as unready:
        check(inbox_id=made.pk)
    assert unready.value.trouble is Trouble.NO_PASSWORD
    permit(made, TOKEN)
    trusted.deliver(letters.dsn(to=verp(message)))
    assert check(inbox_id=made.pk).waiting == 1
    assert look(inbox_id=made.pk).taken == 1
    assert trusted.lying() == 0
    permit(made, TOKEN[:-1] + "X")
    with pytest.raises(InboxProblem) as refused:
        check(inbox_id=made.pk)
    assert refused.value.trouble is Trouble.NOT_ALLOWED


def test_a_permission_is_for_the_mailbox_s_server_and_user_and_goes_with_it(workspace: Workspace, trusted: Dovecot):
    made = inbox(port=trusted.ports["imaps"], password="")
    permit(made, TOKEN)
    assert TOKEN not in repr(list(SignInToken.objects.values()))
    update_inbox(inbox_id=made.pk, username="other@firm.example")
    with pytest.raises(InboxProblem) as refused:
        check(inbox_id=made.pk)
    assert refused.value.trouble is Trouble.PERMISSION
    archive_inbox(inbox_id=made.pk)
    assert not SignInToken.objects.exists()


@pytest.mark.parametrize(("protocol", "port"), [("imap", "imaps"), ("pop3", "pop3s")])
def test_gigantic_lines_block_no_mailbox(trusted: Dovecot, message: Message, protocol: str, port: str):
    made = inbox(protocol, port=trusted.ports[port])
    # The rest of the line, were it cut after a megabyte, is a dot alone; and a mail larger than is kept of one.
    trusted.deliver(b"Subject: long\n\n" + b"x" * (1024 * 1024) + b".\nmore\n..\n")
    trusted.deliver(b"Subject: large\n\n" + b"y" * (11 * 1024 * 1024) + b"\n")
    trusted.deliver(letters.dsn(to=verp(message)))
    looked = look(inbox_id=made.pk)
    assert (looked.taken, looked.new, looked.left, trusted.lying()) == (3, 3, False, 0)
    follow_up()
    assert Suppression.objects.get().email_key == message.email
    long = InboundMail.objects.get(subject="long")
    assert long.size >= 1024 * 1024 + 8


def test_a_token_of_a_workspace_that_is_gone_blocks_no_mailbox(trusted: Dovecot, workspace: Workspace):
    made = inbox(port=trusted.ports["imaps"])
    trusted.deliver(f"Delivered-To: {inbox_address(999_999, 'shop.example')}\nSubject: x\n\nhello".encode())
    assert look(inbox_id=made.pk).new == 1
    assert InboundMail.objects.get().workspace_id == workspace.pk


def test_what_was_taken_is_moved_where_a_folder_is_named(trusted: Dovecot, workspace: Workspace):
    made = inbox(port=trusted.ports["imaps"], done_folder="Обработени & done")
    for _ in range(2):
        for number in range(3):
            trusted.deliver(f"Subject: {number}\n\nhello".encode())
        look(inbox_id=made.pk)
    assert trusted.lying() == 0
    (place,) = [each.name for each in (trusted.folder / "mail").iterdir() if each.name.startswith(".&")]
    assert trusted.lying(place) == 6
    # The same three mails twice.
    assert InboundMail.objects.count() == 3


def test_a_crash_between_storing_and_putting_away_loses_and_doubles_nothing(
    trusted: Dovecot, message: Message, monkeypatch: pytest.MonkeyPatch
):
    from northpost.delivery.inbound.inboxes.imap import ImapClient

    made = inbox(port=trusted.ports["imaps"])
    trusted.deliver(letters.dsn(to=verp(message)))
    with monkeypatch.context() as patched:
        patched.setattr(ImapClient, "put_away", _stop)
        with pytest.raises(KeyboardInterrupt):
            look(inbox_id=made.pk)
    assert (trusted.lying(), InboundMail.objects.count()) == (1, 1)
    looked = look(inbox_id=made.pk)
    assert (looked.taken, looked.new) == (1, 0)
    assert (trusted.lying(), InboundMail.objects.count()) == (0, 1)


def _stop(*_arguments: object) -> None:
    raise KeyboardInterrupt


def trouble(made: Inbox) -> str:
    with pytest.raises(InboxProblem) as error:
        check(inbox_id=made.pk)
    made.refresh_from_db()
    assert made.problem == error.value.trouble
    assert not InboundMail.objects.exists()
    return made.problem


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_what_can_be_wrong_with_a_real_server(server: Dovecot, workspace: Workspace, protocol: str, monkeypatch: Any):
    tls = {"imap": "imaps", "pop3": "pop3s"}[protocol]
    assert trouble(inbox(protocol, port=server.ports[tls])) == Trouble.CERTIFICATE
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert trouble(inbox(protocol, port=server.ports[tls], password="wrong")) == Trouble.SIGN_IN
    assert trouble(inbox(protocol, port=server.ports[protocol])) == Trouble.NO_TLS
    if protocol == "imap":
        assert trouble(inbox(port=server.ports[tls], folder="Nowhere")) == Trouble.FOLDER
    made = inbox(protocol, port=server.ports[tls])
    assert check(inbox_id=made.pk).waiting == 0
    Inbox.objects.filter(pk=made.pk).update(password_sealed="sealed elsewhere")
    assert trouble(made) == Trouble.SEALED


@contextmanager
def misbehaving(*said: bytes, hang: bool = False) -> Iterator[int]:
    """Accepts once, says each of these after a line of the client's, and goes away (or stays silent)."""
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def run() -> None:
        peer, _address = listening.accept()
        with peer, peer.makefile("rb") as lines:
            for number, each in enumerate(said):
                if number:
                    lines.readline()
                peer.sendall(each)
            if hang:
                done.wait(10)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        done.set()
        listening.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("protocol", "said", "expected"),
    [
        ("imap", [b"220 smtp.firm.example ESMTP\r\n"], Trouble.PROTOCOL),
        ("imap", [b"* BYE full\r\n"], Trouble.PROTOCOL),
        ("pop3", [b"220 smtp.firm.example ESMTP\r\n"], Trouble.PROTOCOL),
        ("pop3", [b"+OK\r\n", b"-ERR no such user\r\n"], Trouble.SIGN_IN),
        ("pop3", [b"+OK\r\n", b"-ERR [SYS/TEMP] come back later\r\n"], Trouble.LATER),
        ("pop3", [b"+OK\r\n", b"+OK\r\n", b"+OK\r\n", b"+OK\r\nnonsense\r\n.\r\n"], Trouble.PROTOCOL),
    ],
)
def test_servers_that_misbehave(workspace: Workspace, protocol: str, said: list[bytes], expected: Trouble):
    with misbehaving(*said) as port:
        assert trouble(inbox(protocol, host="127.0.0.1", port=port, security="none")) == expected


def test_nobody_there(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    assert trouble(inbox(host="127.0.0.1", port=free_port(), security="none")) == Trouble.UNREACHABLE


def test_a_server_that_hangs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    from northpost.delivery.inbound.inboxes import looking

    real: Callable[..., Any] = looking._account
    monkeypatch.setattr(looking, "_account", lambda inbox, seconds: real(inbox, 0.3))
    with misbehaving(hang=True) as port:
        assert trouble(inbox(host="127.0.0.1", port=port, security="none")) == Trouble.TIMED_OUT


def test_when_a_mailbox_is_due(workspace: Workspace):
    made = inbox(port=993)
    now = clock.now()
    assert due_inboxes(now) == [made.pk]
    Inbox.objects.update(looked_at=now)
    assert due_inboxes(now + timedelta(seconds=60)) == []
    assert due_inboxes(now + timedelta(minutes=2)) == [made.pk]
    Inbox.objects.update(problem="sign_in")
    assert due_inboxes(now + timedelta(minutes=10)) == []
    assert due_inboxes(now + timedelta(minutes=16)) == [made.pk]
    archive_inbox(inbox_id=made.pk)
    assert due_inboxes(now + timedelta(minutes=16)) == []
    with pytest.raises(NotHere):
        look(inbox_id=made.pk)


def test_settings_are_checked_and_the_password_stays_here(workspace: Workspace):
    made = inbox(port=993)
    assert PASSWORD not in made.password_sealed
    assert signing.unseal(made.password_sealed) == PASSWORD
    for field, details in {
        "name": {"name": " "},
        "host": {"host": "imap.firm.example\r\nX", "password": "new"},
        "port": {"port": 0, "password": "new"},
        "protocol": {"protocol": "smtp"},
        "security": {"security": "none", "host": "imap.firm.example", "password": "new"},
        "username": {"username": "a\r\nb", "password": "new"},
        "password": {"host": "imap.elsewhere.example"},
        "folder": {"folder": "a\nb"},
        "done_folder": {"done_folder": "INBOX"},
    }.items():
        with pytest.raises(DeliveryProblem) as error:
            update_inbox(inbox_id=made.pk, **details)  # type: ignore[arg-type]
        assert error.value.field == field
    made.refresh_from_db()
    assert (made.host, made.port, made.name) == ("127.0.0.1", 993, "Bounces")
    update_inbox(inbox_id=made.pk, name="Other", password=None)
    made.refresh_from_db()
    assert (made.name, signing.unseal(made.password_sealed)) == ("Other", PASSWORD)
    archive_inbox(inbox_id=made.pk)
    made.refresh_from_db()
    assert made.password_sealed == ""
    verbs = AuditEntry.objects.filter(noun="inbox").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["created", "changed", "archived"]


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("INBOX", '"INBOX"'),
        ("A & B", '"A &- B"'),
        ("Кош", '"&BBoEPgRI-"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("日本/x", '"&ZeVnLA-/x"'),
    ],
)
def test_names_of_folders(name: str, spelled: str):
    assert quoted(name) == spelled
