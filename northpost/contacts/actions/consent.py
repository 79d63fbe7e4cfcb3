"""Consent: where a person stands on each purpose, and the proof of how it came to that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from northpost.contacts import rules
from northpost.contacts.errors import ContactProblem, NotHere
from northpost.contacts.models import ConsentState, Purpose
from northpost.contacts.selection import People, ids_of
from northpost.core import clock, sql, tenancy
from northpost.team.actions import record
from northpost.team.models import User, Workspace

MARKETING = "marketing"


@dataclass(frozen=True)
class ConsentChange:
    """A line of proof that changed where a person stands."""

    record_id: int
    contact_id: int
    purpose_key: str
    state: str
    at: datetime
    source: str


@dataclass(frozen=True)
class ImportedConsents:
    """Lines of proof that a file brought, and the months (their first days, UTC) that these consents are of.

    Each changed where its person stands. They are history: what follows from them must set nothing off.
    """

    record_ids: Sequence[int]
    months: Sequence[date]


# Rooms above register what follows from a change (an event in the log): called in its transaction.
on_consent_changed: list[Callable[[Sequence[ConsentChange]], None]] = []
on_consents_imported: list[Callable[[ImportedConsents], None]] = []


def announce_changes(changes: Sequence[ConsentChange]) -> None:
    """Hand changes to those who registered."""
    if changes:
        for follow in on_consent_changed:
            follow(changes)


def announce_imported(imported: ImportedConsents) -> None:
    """Hand what a file brought to those who registered."""
    if imported.record_ids:
        for follow in on_consents_imported:
            follow(imported)


def grant_consent(*, contact_id: int, source: str, **proof: Any) -> ConsentChange | None:
    """A person agreed. The change, or None if they had agreed before (the proof is kept all the same).

    ``proof`` as for :func:`grant_consents`. Raises NotHere for an unknown person or purpose.
    """
    changes, proven = _write([contact_id], state=proof.pop("state", ConsentState.GRANTED), source=source, **proof)
    if not proven:
        raise NotHere(f"no contact {contact_id}")
    return changes[0] if changes else None


def grant_consents(*, people: People, source: str, **proof: Any) -> int:
    """Many agreed, each with a line of proof; returns how many had not agreed before.

    ``proof``: ``purpose_key`` (default marketing), ``text`` and ``version`` (default: the purpose's own), ``ip``,
    ``at``, ``confirmed_at``, ``state`` (pending until a double opt-in is confirmed), ``by``.
    """
    changes, _proven = _write(people, state=proof.pop("state", ConsentState.GRANTED), source=source, **proof)
    return len(changes)


def withdraw_consent(*, contact_id: int, source: str, **proof: Any) -> ConsentChange | None:
    """A person withdrew their consent. None if there was none to withdraw any more: repeating changes nothing."""
    changes, _proven = _write([contact_id], state=ConsentState.WITHDRAWN, source=source, **proof)
    return changes[0] if changes else None


def withdraw_consents(*, people: People, source: str, **proof: Any) -> int:
    """Many withdrew; returns how many had not before."""
    changes, _proven = _write(people, state=ConsentState.WITHDRAWN, source=source, **proof)
    return len(changes)


def _write(
    people: People,
    *,
    state: str,
    source: str,
    purpose_key: str = MARKETING,
    text: str | None = None,
    version: str | None = None,
    ip: str | None = None,
    at: datetime | None = None,
    confirmed_at: datetime | None = None,
    by: User | None = None,
) -> tuple[list[ConsentChange], int]:
    purpose = Purpose.objects.filter(key=purpose_key).first()
    if purpose is None:
        raise NotHere(f"no purpose {purpose_key}")
    withdrawing = state == ConsentState.WITHDRAWN
    if text is None:
        text, version = ("", "") if withdrawing else (purpose.text, purpose.text_version)
    moment = at or clock.now()
    chosen = ids_of(people)
    statement = sql.load("northpost.contacts", "write_consents").replace("{people}", chosen.text)
    params = dict(chosen.params) | {
        "workspace_id": tenancy.require_workspace(),
        "purpose_id": purpose.pk,
        "state": str(state),
        "at": moment,
        "source": source[:200],
        "text": text,
        "text_version": version or "",
        "ip": ip,
        "confirmed_at": confirmed_at,
        "always": not withdrawing,
    }
    with transaction.atomic():
        rows = sql.fetch_all(statement, params)
        changes = [
            ConsentChange(row["id"], row["contact_id"], purpose.key, str(state), moment, source)
            for row in rows
            if row["changed"]
        ]
        announce_changes(changes)
        if by is not None and rows:
            detail = {"purpose": purpose.key, "state": str(state), "people": len(rows), "source": source[:200]}
            noun_id = rows[0]["contact_id"] if len(rows) == 1 else None
            record(user=by, verb="set_consent", noun="person", noun_id=noun_id, detail=detail)
    return changes, len(rows)


def define_purpose(*, label: str, text: str, key: str | None = None, by: User | None = None) -> Purpose:
    """A further purpose that people can agree to, with the text that they are shown."""
    label, text = _read_purpose(label, text)
    taken = list(Purpose.objects.values_list("key", flat=True))
    with transaction.atomic():
        purpose = Purpose.objects.create(
            key=key or rules.free_key(label, taken)[:40], label=label, text=text, text_version="1"
        )
        if by is not None:
            record(user=by, verb="defined", noun="purpose", noun_id=purpose.pk, detail={"label": label})
    return purpose


def reword_purpose(*, purpose_id: int, label: str, text: str, by: User | None = None) -> Purpose:
    """Change a purpose's name or text; a changed text is a new version. Proof given before keeps the old words."""
    label, text = _read_purpose(label, text)
    with transaction.atomic():
        purpose = Purpose.objects.select_for_update().filter(pk=purpose_id).first()
        if purpose is None:
            raise NotHere(f"no purpose {purpose_id}")
        if purpose.text != text:
            number = purpose.text_version
            purpose.text_version = str(int(number) + 1) if number.isdigit() else "1"
        purpose.label, purpose.text = label, text
        purpose.save()
        if by is not None:
            detail = {"label": label, "version": purpose.text_version}
            record(user=by, verb="reworded", noun="purpose", noun_id=purpose.pk, detail=detail)
    return purpose


def _read_purpose(label: str, text: str) -> tuple[str, str]:
    label, text = rules.read_text("label", label), text.strip()
    if not label:
        raise ContactProblem("label", _("Give it a name."))
    if not text:
        raise ContactProblem("text", _("Write the words that people agree to."))
    if len(label) > 120:
        raise ContactProblem("label", _("This is longer than %(longest)d characters.") % {"longest": 120})
    return label, text


def furnish(workspace: Workspace) -> None:
    """What a new workspace starts with: the purpose ``marketing``, in the workspace's language."""
    with translation.override(workspace.language):
        firm = workspace.company_name or workspace.name
        Purpose.objects.create(
            key=MARKETING,
            label=_("News and offers by e-mail"),
            text=_(
                "I agree that %(firm)s sends me news and offers by e-mail. "
                "I can withdraw my consent at any time, with the link in every message."
            )
            % {"firm": firm},
            text_version="1",
        )
