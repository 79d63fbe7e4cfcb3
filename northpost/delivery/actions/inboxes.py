"""The mailboxes that are read for what comes back."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import clock, signing
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Inbox, Protocol, Security, SignInToken
from northpost.team.actions import record
from northpost.team.models import User

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class InboxDetails(TypedDict, total=False):
    """``password``: None or absent leaves it as it is. One without signs in with a permission (actions.tokens)."""

    name: str
    protocol: str
    host: str
    port: int
    security: str
    username: str
    password: str | None
    folder: str
    done_folder: str


def create_inbox(*, by: User | None = None, **details: Unpack[InboxDetails]) -> Inbox:
    """A mailbox to be emptied from now on. Raises DeliveryProblem."""
    inbox = Inbox(created_at=clock.now())
    _apply(inbox, details)
    with transaction.atomic():
        inbox.save()
        record(user=by, verb="created", noun="inbox", noun_id=inbox.pk, detail={"name": inbox.name})
    return inbox


def update_inbox(*, inbox_id: int, by: User | None = None, **details: Unpack[InboxDetails]) -> Inbox:
    """Raises DeliveryProblem, NotHere."""
    with transaction.atomic():
        inbox = _locked(inbox_id)
        _apply(inbox, details)
        # It is looked into anew, as if nothing had been wrong.
        inbox.looked_at, inbox.problem, inbox.problem_text = None, "", ""
        inbox.save()
        # Microsoft allows IMAP and POP3 each by itself: what it has given for the one is none for the other.
        SignInToken.objects.filter(inbox_id=inbox_id).update(access_sealed="", expires_at=None)
        record(user=by, verb="changed", noun="inbox", noun_id=inbox.pk, detail={"name": inbox.name})
    return inbox


def archive_inbox(*, inbox_id: int, by: User | None = None) -> None:
    """Read it no more, and forget its password and permission; what came in stays. Raises NotHere."""
    with transaction.atomic():
        inbox = _locked(inbox_id)
        Inbox.objects.filter(pk=inbox_id).update(archived_at=clock.now(), password_sealed="")
        SignInToken.objects.filter(inbox_id=inbox_id).delete()
        record(user=by, verb="archived", noun="inbox", noun_id=inbox_id, detail={"name": inbox.name})


def _locked(inbox_id: int) -> Inbox:
    inbox = Inbox.objects.select_for_update().filter(pk=inbox_id, archived_at=None).first()
    if inbox is None:
        raise NotHere(f"no mailbox {inbox_id}")
    return inbox


def _apply(inbox: Inbox, details: InboxDetails) -> None:
    given = dict(details)
    password = given.pop("password", None)
    before = (inbox.host, inbox.port, inbox.username)
    for name, value in given.items():
        setattr(inbox, name, value.strip() if isinstance(value, str) else value)
    if password:
        if not str(password).isprintable():
            raise DeliveryProblem("password", _("The password has a character that can't be typed."))
        inbox.password_sealed = signing.seal(str(password))
    elif inbox.password_sealed and before != (inbox.host, inbox.port, inbox.username):
        # Kept and never shown: so it isn't handed to a server that whoever changes it names, either.
        raise DeliveryProblem("password", _("The server or the user name is another: enter the password for it."))
    _check(inbox)


def _check(inbox: Inbox) -> None:
    if not inbox.name:
        raise DeliveryProblem("name", _("Give it a name."))
    if inbox.protocol not in Protocol.values:
        raise DeliveryProblem("protocol", _("There is no such kind of mailbox."))
    if not inbox.host or any(character.isspace() or not character.isprintable() for character in inbox.host):
        raise DeliveryProblem("host", _("Enter the server's name, as in imap.example.com."))
    if not 1 <= inbox.port <= 65535:
        raise DeliveryProblem("port", _("A port is a number from 1 to 65535; 993 and 995 are usual."))
    if inbox.security not in Security.values:
        raise DeliveryProblem("security", _("There is no such kind of encryption."))
    if inbox.security == Security.NONE and inbox.host not in _LOOPBACK:
        raise DeliveryProblem("security", _("Without encryption the password would travel readable: choose TLS."))
    if not inbox.username or not inbox.username.isprintable():
        raise DeliveryProblem("username", _("Enter the user name, often the whole address."))
    for name in ("folder", "done_folder"):
        if not getattr(inbox, name).isprintable():
            raise DeliveryProblem(name, _("A folder's name is one line."))
    if inbox.protocol == Protocol.POP3:
        inbox.folder, inbox.done_folder = "", ""
    elif inbox.done_folder and inbox.done_folder == (inbox.folder or "INBOX"):
        raise DeliveryProblem("done_folder", _("That is the folder that is read: choose another one."))
