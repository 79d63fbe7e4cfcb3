"""Accounts at e-mail services: what somebody entered is checked and sealed."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.esp.provider import BadCredentials, Provider, find, seal, unseal
from northpost.delivery.models import Route, Security

LONGEST = 500


def apply_credentials(route: Route, given: Mapping[str, str] | None) -> None:
    """Seal what is given into the route; a secret that is left empty stays. Raises DeliveryProblem."""
    try:
        provider = find(route.provider)
    except BadCredentials as error:
        raise DeliveryProblem("provider", _("Choose an e-mail service.")) from error
    route.host, route.port, route.security, route.username = "", 443, Security.TLS, ""
    if given is None and route.password_sealed:
        return
    route.password_sealed = seal(_complete(provider, given or {}, _kept(route)))


def _kept(route: Route) -> dict[str, str]:
    try:
        return unseal(route.password_sealed)
    except BadCredentials:
        # Sealed under another key: all of it has to be entered again.
        return {}


def _complete(provider: Provider, given: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    entered = {field.name: given.get(field.name, "").strip() for field in provider.fields}
    # Kept and never shown: so they aren't handed to another account or server that whoever changes it names, either.
    # What proves reports names no such thing, and is known only when the account is there.
    named = [field.name for field in provider.fields if not field.secret and field.name != provider.proof]
    same = all(entered[name] == kept.get(name, "") for name in named)
    found = {}
    for field in provider.fields:
        value = entered[field.name] or (kept.get(field.name, "") if field.secret and same else "")
        if not value and field.required:
            raise DeliveryProblem(field.name, _("Fill this in."))
        if field.choices and value and value not in field.choices:
            raise DeliveryProblem(field.name, _("Choose one of these."))
        if len(value) > LONGEST or not value.isprintable() or not value.isascii():
            raise DeliveryProblem(field.name, _("This can't be right: it holds characters that no key has."))
        if value:
            found[field.name] = value
    return found
