"""What an e-mail service is, and the register of them."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from northpost.core import signing

# Of services that can't be told so with each message.
TRACKING_OFF = _(
    "Have its open and click tracking turned off: Northpost counts these itself, and links would be changed."
)


class BadCredentials(ValueError):
    """What is stored can't be read any more, or something is missing. Permanent; the message says what."""

    retryable = False


@dataclass(frozen=True)
class CredentialField:
    """Something that the service wants to know. ``secret``: kept sealed and never shown again. ``choices``: value ->
    label, of which one is chosen."""

    name: str
    label: str | Promise
    secret: bool = False
    required: bool = True
    help: str | Promise = ""
    choices: Mapping[str, str | Promise] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """An e-mail service. ``sender`` and ``reader`` name classes (dotted), loaded when first needed.

    batch: how many messages one request may hold. basic_auth: its reports prove themselves by a name and a password
    in the address that it is given (the others sign them). proof: the field without which a signed report can't be
    believed, where that may be entered later. whole: it sends a message as it was made; else it puts it together anew
    from its parts. note: what else whoever chooses it should know. reports: what to mind where its webhook is set up.
    """

    key: str
    label: str
    fields: tuple[CredentialField, ...]
    sender: str
    reader: str
    batch: int = 1
    basic_auth: bool = False
    proof: str = ""
    whole: bool = False
    note: str | Promise = ""
    reports: str | Promise = ""

    def make_sender(self, credentials: Mapping[str, str]) -> Any:
        """A sender for one thread (see http.Sender)."""
        return import_string(self.sender)(self, credentials)

    def make_reader(self, account: Account) -> Any:
        """A reader of its reports (see reading.Reader)."""
        return import_string(self.reader)(self, account)


@dataclass(frozen=True)
class Account:
    """A customer's account at a service: what a route of kind ``esp`` leads to."""

    workspace_id: int
    route_id: int
    provider: Provider
    credentials: Mapping[str, str]

    def make_pool(self, requests: int) -> Any:
        """What sends there, at most so many requests at once (pool.EspPool: loaded by those who send)."""
        return import_string("northpost.delivery.esp.pool.EspPool")(self, requests)


_register: dict[str, Provider] = {}


def register(provider: Provider) -> None:
    _register[provider.key] = provider


@cache
def providers() -> dict[str, Provider]:
    """All services, by name of the label."""
    package = import_module("northpost.delivery.esp.providers")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_register.items(), key=lambda item: item[1].label.lower()))


def find(key: str) -> Provider:
    """Raises BadCredentials for a service that isn't there."""
    found = providers().get(key)
    if found is None:
        raise BadCredentials(f"there is no e-mail service {key!r}")
    return found


def label_of(key: str) -> str:
    """What a service is called; one that isn't there any more, by its key."""
    found = providers().get(key)
    return found.label if found else key


def seal(credentials: Mapping[str, str]) -> str:
    return signing.seal(json.dumps(dict(credentials), sort_keys=True))


def unseal(sealed: str) -> dict[str, str]:
    """Raises BadCredentials."""
    try:
        read = json.loads(signing.unseal(sealed)) if sealed else {}
    except (signing.BadToken, ValueError) as error:
        raise BadCredentials("the credentials were sealed under another SECRET_KEY: enter them again") from error
    if not isinstance(read, dict):
        raise BadCredentials("the credentials can't be read: enter them again")
    return {str(name): str(value) for name, value in read.items()}
