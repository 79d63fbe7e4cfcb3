"""Ways out and senders: made, changed, put away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar, Unpack

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from northpost.core import addresses, clock, signing
from northpost.delivery.actions.services import apply_credentials
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import allowances, holds
from northpost.delivery.models import Route, RouteKind, Security, Sender, WarmUp
from northpost.team.actions import record
from northpost.team.models import User, Workspace

MOST_CONNECTIONS = 50
MOST_WEIGHT = 100


class RouteDetails(TypedDict, total=False):
    """``password``: None or absent leaves it as it is, "" removes it. ``provider`` and ``credentials``: of a service;
    a secret that is left empty stays as it is."""

    name: str
    kind: str
    host: str
    port: int
    security: str
    username: str
    password: str | None
    provider: str
    credentials: Mapping[str, str]
    connections: int
    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    weight: int
    fallback_id: int | None


class SenderDetails(TypedDict, total=False):
    name: str
    email: str
    reply_to: str


def create_route(*, by: User | None = None, **details: Unpack[RouteDetails]) -> Route:
    """A new way out; the first one becomes the default. Raises DeliveryProblem."""
    route = Route(created_at=clock.now())
    _apply_route(route, details)
    return _save_new(route, by, "route")


def update_route(*, route_id: int, by: User | None = None, **details: Unpack[RouteDetails]) -> Route:
    """Change a route; one that was paused is tried again. Raises DeliveryProblem, NotHere."""
    with transaction.atomic():
        route = _locked(Route, route_id)
        _apply_route(route, details)
        route.paused_at, route.paused_until, route.pause_reason = None, None, ""
        route.save()
        holds.release(route_id=route.pk)
        record(user=by, verb="changed", noun="route", noun_id=route.pk, detail={"name": route.name})
    return route


def create_sender(*, by: User | None = None, **details: Unpack[SenderDetails]) -> Sender:
    """Somebody mail comes from; the first one becomes the default. Raises DeliveryProblem."""
    sender = Sender(created_at=clock.now())
    _apply_sender(sender, details)
    return _save_new(sender, by, "sender")


def update_sender(*, sender_id: int, by: User | None = None, **details: Unpack[SenderDetails]) -> Sender:
    """Raises DeliveryProblem, NotHere."""
    with transaction.atomic():
        sender = _locked(Sender, sender_id)
        _apply_sender(sender, details)
        sender.save()
        record(user=by, verb="changed", noun="sender", noun_id=sender.pk, detail={"email": sender.email})
    return sender


def set_default_route(*, route_id: int, by: User | None = None) -> None:
    """Let whatever names no route leave by this one. Raises NotHere."""
    _set_default(Route, route_id, by, "route")


def set_default_sender(*, sender_id: int, by: User | None = None) -> None:
    """Raises NotHere."""
    _set_default(Sender, sender_id, by, "sender")


def archive_route(*, route_id: int, by: User | None = None) -> None:
    """Put a route away; what was to leave by it takes the default one. Raises NotHere, DeliveryProblem."""
    with transaction.atomic():
        _archive(Route, route_id, by, "route")
        Route.objects.filter(fallback_id=route_id).update(fallback_id=None)
        WarmUp.objects.filter(route_id=route_id, ended_at=None).update(ended_at=clock.now())
        allowances.forget_route(route_id)


def archive_sender(*, sender_id: int, by: User | None = None) -> None:
    """Put a sender away. Raises NotHere, DeliveryProblem for the default one."""
    _archive(Sender, sender_id, by, "sender")


def note_smtputf8(*, route_id: int, offered: bool) -> None:
    """Write down whether a server takes addresses that are not ASCII before the @."""
    Route.objects.filter(pk=route_id).update(smtputf8=offered)


def furnish(workspace: Workspace) -> None:
    """What a new workspace starts with: the local mailbox, so that nothing reaches anybody by mistake."""
    with translation.override(workspace.language):
        name = _("Local mailbox")
    Route.objects.create(
        name=name, kind=RouteKind.MAILBOX, port=0, security=Security.NONE, is_default=True, created_at=clock.now()
    )


def _apply_route(route: Route, details: RouteDetails) -> None:
    given = dict(details)
    password = given.pop("password", None)
    given.pop("credentials", None)
    before = (route.host, route.port, route.username)
    for name, value in given.items():
        setattr(route, name, value.strip() if isinstance(value, str) else value)
    if password is not None:
        route.password_sealed = signing.seal(str(password)) if password else ""
    elif route.password_sealed and before != (route.host, route.port, route.username):
        # Kept and never shown: so it isn't handed to a server that whoever changes the route names, either.
        raise DeliveryProblem("password", _("The server or the user name is another: enter the password for it."))
    if not route.name:
        raise DeliveryProblem("name", _("Give it a name."))
    if route.kind not in RouteKind.values:
        raise DeliveryProblem("kind", _("There is no such kind of server."))
    if route.kind == RouteKind.MAILBOX:
        route.port, route.host, route.security, route.username, route.password_sealed = 0, "", "none", "", ""
    elif route.kind == RouteKind.ESP:
        apply_credentials(route, details.get("credentials"))
    else:
        _check_server(route)
    if not 1 <= route.connections <= MOST_CONNECTIONS:
        raise DeliveryProblem(
            "connections", _("Between 1 and %(most)d connections are possible.") % {"most": MOST_CONNECTIONS}
        )
    if route.per_minute is not None and route.per_minute < 1:
        raise DeliveryProblem("per_minute", _("At least one message a minute, or leave it empty for no limit."))
    _check_share(route)


def _check_share(route: Route) -> None:
    for name in ("per_hour", "per_day"):
        value = getattr(route, name)
        if value is not None and value < 1:
            raise DeliveryProblem(name, _("At least one message, or leave it empty for no limit."))
    if not 0 <= route.weight <= MOST_WEIGHT:
        raise DeliveryProblem("weight", _("Between 0 and %(most)d.") % {"most": MOST_WEIGHT})
    if route.fallback_id is None:
        return
    if route.kind == RouteKind.MAILBOX or route.fallback_id == route.pk:
        raise DeliveryProblem("fallback_id", _("Choose another server."))
    # The local mailbox delivers nothing: mail that was to reach people must not end there.
    others = Route.objects.filter(pk=route.fallback_id, archived_at=None).exclude(kind=RouteKind.MAILBOX)
    if not others.exists():
        raise DeliveryProblem("fallback_id", _("Choose another server."))


def _check_server(route: Route) -> None:
    if not route.host or any(character.isspace() or not character.isprintable() for character in route.host):
        raise DeliveryProblem("host", _("Enter the server's name, as in smtp.example.com."))
    if not 1 <= route.port <= 65535:
        raise DeliveryProblem("port", _("A port is a number from 1 to 65535; 587 and 465 are usual."))
    if route.security not in Security.values:
        raise DeliveryProblem("security", _("There is no such kind of encryption."))
    if (
        route.security == Security.NONE
        and route.password_sealed
        and route.host not in ("127.0.0.1", "localhost", "::1")
    ):
        raise DeliveryProblem("security", _("Without encryption the password would travel readable: choose TLS."))


def _apply_sender(sender: Sender, details: SenderDetails) -> None:
    for name, value in details.items():
        setattr(sender, name, str(value).strip())
    if not sender.name or not sender.name.isprintable():
        raise DeliveryProblem("name", _("Enter the name that people see, in one line."))
    for name in ("email", "reply_to"):
        text = getattr(sender, name)
        if name == "reply_to" and not text:
            continue
        try:
            address = addresses.normalise(text)
        except addresses.AddressError as error:
            raise DeliveryProblem(name, error.message) from error
        if address.needs_smtputf8:
            raise DeliveryProblem(
                name, _("The part before the @ must be in Latin letters: many servers refuse others.")
            )
        setattr(sender, name, address.text)


Kind = TypeVar("Kind", Route, Sender)


def _save_new(thing: Kind, by: User | None, noun: str) -> Kind:
    with transaction.atomic():
        thing.is_default = not type(thing)._default_manager.filter(is_default=True, archived_at=None).exists()
        thing.save()
        record(user=by, verb="created", noun=noun, noun_id=thing.pk, detail={"name": thing.name})
    return thing


def _set_default(model: type[Any], pk: int, by: User | None, noun: str) -> None:
    with transaction.atomic():
        thing = _locked(model, pk)
        model.objects.filter(is_default=True).update(is_default=False)
        model.objects.filter(pk=pk).update(is_default=True)
        record(user=by, verb="made_default", noun=noun, noun_id=pk, detail={"name": thing.name})


def _archive(model: type[Any], pk: int, by: User | None, noun: str) -> None:
    with transaction.atomic():
        thing = _locked(model, pk)
        if thing.is_default:
            raise DeliveryProblem("", _("This is the default: choose another default first."))
        model.objects.filter(pk=pk).update(archived_at=clock.now())
        record(user=by, verb="archived", noun=noun, noun_id=pk, detail={"name": thing.name})


def _locked(model: type[Any], pk: int) -> Any:
    thing = model.objects.select_for_update().filter(pk=pk, archived_at=None).first()
    if thing is None:
        raise NotHere(f"no {model.__name__.lower()} {pk}")
    return thing
