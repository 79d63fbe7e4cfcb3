"""Custom attributes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from northpost.contacts import rules
from northpost.contacts.errors import ContactProblem, NameTaken, NotHere
from northpost.contacts.models import Field, FieldKind
from northpost.core import clock
from northpost.team.actions import record
from northpost.team.models import User


def define_field(
    *, label: str, kind: str, choices: Sequence[str] = (), key: str | None = None, by: User | None = None
) -> Field:
    """Define an attribute. The key is made from the label unless given, and stays for ever.

    Raises ContactProblem for a bad label, kind, key or choices; NameTaken where the label is in use.
    """
    label = _read_label(label, apart_from=None)
    if kind not in FieldKind.values:
        raise ContactProblem("kind", _("Choose what kind of value it holds."))
    read = rules.read_choices(choices) if kind == FieldKind.CHOICE else []
    taken = list(Field.objects.values_list("key", flat=True))
    if key is None:
        key = rules.free_key(label, taken)
    elif key in taken or rules.key_from(key) != key:
        raise ContactProblem("key", _("This key is taken, or has other signs in it than a to z, 0 to 9 and _."))
    with transaction.atomic():
        last = Field.objects.aggregate(last=Max("position"))["last"] or 0
        field = Field.objects.create(key=key, label=label, kind=kind, choices=read, position=last + 1)
        if by is not None:
            record(user=by, verb="defined", noun="field", noun_id=field.pk, detail={"key": key, "kind": kind})
    return field


def update_field(
    *, field_id: int, label: str | None = None, choices: Sequence[str] | None = None, by: User | None = None
) -> Field:
    """Rename an attribute, or change its choices. People keep a choice that is no longer offered."""
    with transaction.atomic():
        field = _locked(field_id)
        if label is not None:
            field.label = _read_label(label, apart_from=field.pk)
        if choices is not None and field.kind == FieldKind.CHOICE:
            field.choices = rules.read_choices(choices)
        field.save()
        if by is not None:
            record(user=by, verb="changed", noun="field", noun_id=field.pk, detail={"key": field.key})
    return field


def archive_field(*, field_id: int, by: User | None = None) -> Field:
    """Put an attribute away: pages don't show it any more, values and rules that use it stay."""
    return _set_archived(field_id, archived=True, by=by)


def restore_field(*, field_id: int, by: User | None = None) -> Field:
    """Bring an archived attribute back."""
    return _set_archived(field_id, archived=False, by=by)


def _set_archived(field_id: int, *, archived: bool, by: User | None) -> Field:
    with transaction.atomic():
        field = _locked(field_id)
        if not archived:
            _read_label(field.label, apart_from=field.pk)
        field.archived_at = clock.now() if archived else None
        field.save()
        if by is not None:
            verb = "archived" if archived else "restored"
            record(user=by, verb=verb, noun="field", noun_id=field.pk, detail={"key": field.key})
    return field


def _locked(field_id: int) -> Field:
    field = Field.objects.select_for_update().filter(pk=field_id).first()
    if field is None:
        raise NotHere(f"no field {field_id}")
    return field


def _read_label(label: str, *, apart_from: int | None) -> str:
    label = rules.read_text("label", label)
    if not label:
        raise ContactProblem("label", _("Give it a name."))
    if len(label) > 120:
        raise ContactProblem("label", _("This is longer than %(longest)d characters.") % {"longest": 120})
    others = Field.objects.filter(archived_at=None)
    if apart_from is not None:
        others = others.exclude(pk=apart_from)
    if any(other.casefold() == label.casefold() for other in others.values_list("label", flat=True)):
        raise NameTaken(label)
    return label
