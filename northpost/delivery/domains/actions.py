"""Keys and checks of the sending domains."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import clock, signing, tenancy
from northpost.delivery.dkim import Algorithm, new_private_key, public_key
from northpost.delivery.domains.check import DomainCheck
from northpost.delivery.domains.queries import sending_domains
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import DkimKey, DkimKeyState, SendingDomain, Source
from northpost.team.actions import record
from northpost.team.models import User

# Mail that a replaced key signed may be tried for so long, and be checked a few days after.
KEEP_PUBLISHED = timedelta(days=7)
MOST_KEYS = 8


def make_dkim_key(*, domain: str, algorithm: Algorithm, by: User | None = None) -> DkimKey:
    """A new key for a domain of the workspace's senders. It signs once a check has found it published, and replaces
    what signed with that algorithm before.

    Raises NotHere, DeliveryProblem.
    """
    if domain not in sending_domains():
        raise NotHere(f"no sender at {domain}")
    private = new_private_key(algorithm)
    with transaction.atomic():
        domain_row(domain)
        known = DkimKey.objects.filter(domain=domain).exclude(state=DkimKeyState.RETIRED)
        if known.filter(algorithm=algorithm.value, state=DkimKeyState.WAITING).exists():
            raise DeliveryProblem("", _("A key of this kind waits already: publish its record, or put it away."))
        if known.count() >= MOST_KEYS:
            raise DeliveryProblem("", _("This domain has enough keys: put away those that are replaced."))
        now = clock.now()
        key = DkimKey.objects.create(
            domain=domain,
            # Nobody else's: two workspaces may send for one domain, and each has keys of its own.
            selector=f"np{now:%y%m}-{secrets.token_hex(3)}",
            algorithm=algorithm.value,
            private_sealed=signing.seal(private),
            public=public_key(private, algorithm),
            created_at=now,
        )
        detail = {"domain": domain, "selector": key.selector}
        record(user=by, verb="created", noun="dkim_key", noun_id=key.pk, detail=detail)
    return key


def retire_dkim_key(*, key_id: int, by: User | None = None) -> DkimKey:
    """Put a key away for good; its private half is forgotten. One that signs has to be replaced first, and a replaced
    one stays a week. Raises NotHere, DeliveryProblem."""
    with transaction.atomic():
        key = DkimKey.objects.select_for_update().filter(pk=key_id).exclude(state=DkimKeyState.RETIRED).first()
        if key is None:
            raise NotHere(f"no key {key_id}")
        if key.state == DkimKeyState.SIGNING and key.algorithm == Algorithm.RSA:
            raise DeliveryProblem("", _("This key signs your mail. Make a new one first; it takes over."))
        now = clock.now()
        if key.state == DkimKeyState.REPLACED and key.replaced_at and now < key.replaced_at + KEEP_PUBLISHED:
            raise DeliveryProblem("", _("Mail that it signed is still on its way: wait a week after it was replaced."))
        key.state, key.retired_at, key.private_sealed = DkimKeyState.RETIRED, now, ""
        key.save(update_fields=["state", "retired_at", "private_sealed"])
        detail = {"domain": key.domain, "selector": key.selector}
        record(user=by, verb="archived", noun="dkim_key", noun_id=key.pk, detail=detail)
    return key


def keep_check(check: DomainCheck) -> None:
    """Write down what was found about a domain, and let keys sign that were seen published."""
    now = clock.now()
    with transaction.atomic():
        row = domain_row(check.domain)
        row.findings, row.asked_at = check.to_json(), now
        if check.complete:
            row.checked_at = now
        row.save(update_fields=["findings", "asked_at", "checked_at"])
        _let_sign(check.domain, check.seen_keys)


def domain_row(domain: str) -> SendingDomain:
    """The row of a domain, locked."""
    SendingDomain.objects.get_or_create(workspace_id=tenancy.require_workspace(), domain=domain)
    return SendingDomain.objects.select_for_update().get(domain=domain)


def _let_sign(domain: str, seen: Sequence[int]) -> None:
    now = clock.now()
    for key in DkimKey.objects.filter(domain=domain, pk__in=seen, state=DkimKeyState.WAITING).order_by("pk"):
        DkimKey.objects.filter(domain=domain, algorithm=key.algorithm, state=DkimKeyState.SIGNING).update(
            state=DkimKeyState.REPLACED, replaced_at=now
        )
        DkimKey.objects.filter(pk=key.pk).update(state=DkimKeyState.SIGNING, signing_at=now)


def note_sender_domain(*, kind: str, source_id: int, domain: str) -> None:
    """Remember where a source's mail comes from."""
    Source.objects.filter(source_kind=kind, source_id=source_id).exclude(sender_domain=domain).update(
        sender_domain=domain
    )
