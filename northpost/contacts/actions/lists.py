"""Lists and tags: each person is on a list, or has a tag, once."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from northpost.contacts import rules
from northpost.contacts.errors import ContactProblem, NameTaken, NotHere
from northpost.contacts.models import ContactList, Tag
from northpost.contacts.selection import People, ids_of
from northpost.core import clock, sql, tenancy
from northpost.team.actions import record
from northpost.team.models import User


def create_list(*, name: str, description: str = "", by: User | None = None) -> ContactList:
    """Make an empty list. Raises ContactProblem, NameTaken."""
    made = ContactList(name=_name(name, 120), description=_description(description), created_at=clock.now())
    _save(made, by, "created", "list")
    return made


def rename_list(*, list_id: int, name: str, description: str, by: User | None = None) -> ContactList:
    """Change a list's name and description. Raises NotHere, ContactProblem, NameTaken."""
    found = _list(list_id)
    found.name, found.description = _name(name, 120), _description(description)
    _save(found, by, "renamed", "list")
    return found


def archive_list(*, list_id: int, by: User | None = None) -> ContactList:
    """Put a list away. Its members stay on it, and it can be brought back."""
    found = _list(list_id)
    found.archived_at = clock.now()
    _save(found, by, "archived", "list")
    return found


def restore_list(*, list_id: int, by: User | None = None) -> ContactList:
    """Bring an archived list back."""
    found = _list(list_id)
    found.archived_at = None
    _save(found, by, "restored", "list")
    return found


def add_to_list(*, list_id: int, people: People, by: User | None = None) -> int:
    """Put people on a list; returns how many were not on it before."""
    found = _list(list_id)
    return _join("contacts_list_member", "contact_list_id", found, people, by=by, noun="list")


def remove_from_list(*, list_id: int, people: People, by: User | None = None) -> int:
    """Take people off a list; returns how many were on it."""
    found = _list(list_id)
    return _part("contacts_list_member", "contact_list_id", found, people, by=by, noun="list")


def find_or_create_tag(*, name: str) -> Tag:
    """The tag of this name, whatever its case; made if there is none."""
    name = _name(name, 60)
    for tag in Tag.objects.all():
        if tag.name.casefold() == name.casefold():
            return tag
    try:
        with transaction.atomic():
            return Tag.objects.create(name=name)
    except IntegrityError:
        return Tag.objects.get(name=name)


def rename_tag(*, tag_id: int, name: str, by: User | None = None) -> Tag:
    """Give a tag another name. Raises NotHere, ContactProblem, NameTaken."""
    tag = _tag(tag_id)
    name = _name(name, 60)
    others = Tag.objects.exclude(pk=tag.pk).values_list("name", flat=True)
    if any(other.casefold() == name.casefold() for other in others):
        raise NameTaken(name)
    tag.name = name
    _save(tag, by, "renamed", "tag")
    return tag


def delete_tag(*, tag_id: int, by: User | None = None) -> int:
    """Remove a tag from everybody and delete it; returns from how many it was removed."""
    tag = _tag(tag_id)
    with transaction.atomic():
        removed = sql.run("DELETE FROM contacts_tagged WHERE tag_id = %(tag_id)s", {"tag_id": tag.pk})
        if by is not None:
            detail = {"name": tag.name, "people": removed}
            record(user=by, verb="deleted", noun="tag", noun_id=tag.pk, detail=detail)
        tag.delete()
    return removed


def add_tag(*, tag_id: int, people: People, by: User | None = None) -> int:
    """Tag people; returns how many did not have the tag before."""
    return _join("contacts_tagged", "tag_id", _tag(tag_id), people, by=by, noun="tag")


def remove_tag(*, tag_id: int, people: People, by: User | None = None) -> int:
    """Take a tag from people; returns how many had it."""
    return _part("contacts_tagged", "tag_id", _tag(tag_id), people, by=by, noun="tag")


def _join(table: str, column: str, target: ContactList | Tag, people: People, *, by: User | None, noun: str) -> int:
    chosen = ids_of(people)
    with transaction.atomic():
        added = sql.run(
            f"INSERT INTO {table} (workspace_id, {column}, contact_id, since)"
            f" SELECT %(workspace_id)s, %(target_id)s, c.id, %(now)s FROM contacts_contact c"
            f" WHERE c.id IN ({chosen.text}) ORDER BY c.id FOR KEY SHARE OF c ON CONFLICT DO NOTHING",
            dict(chosen.params)
            | {"workspace_id": tenancy.require_workspace(), "target_id": target.pk, "now": clock.now()},
        )
        _record_many(by, "added_people_to", noun, target, added)
    return added


def _part(table: str, column: str, target: ContactList | Tag, people: People, *, by: User | None, noun: str) -> int:
    chosen = ids_of(people)
    with transaction.atomic():
        removed = sql.run(
            f"DELETE FROM {table} WHERE {column} = %(target_id)s AND contact_id IN ({chosen.text})",
            dict(chosen.params) | {"target_id": target.pk},
        )
        _record_many(by, "removed_people_from", noun, target, removed)
    return removed


def _record_many(by: User | None, verb: str, noun: str, target: ContactList | Tag, count: int) -> None:
    if by is not None and count:
        record(user=by, verb=verb, noun=noun, noun_id=target.pk, detail={"name": target.name, "people": count})


def _list(list_id: int) -> ContactList:
    found = ContactList.objects.filter(pk=list_id).first()
    if found is None:
        raise NotHere(f"no list {list_id}")
    return found


def _tag(tag_id: int) -> Tag:
    found = Tag.objects.filter(pk=tag_id).first()
    if found is None:
        raise NotHere(f"no tag {tag_id}")
    return found


def _name(name: str, longest: int) -> str:
    name = rules.read_text("name", name)
    if not name:
        raise ContactProblem("name", _("Give it a name."))
    if len(name) > longest:
        raise ContactProblem("name", _("This is longer than %(longest)d characters.") % {"longest": longest})
    return name


def _description(text: str) -> str:
    text = rules.read_text("description", text)
    if len(text) > 300:
        raise ContactProblem("description", _("This is longer than %(longest)d characters.") % {"longest": 300})
    return text


def _save(target: ContactList | Tag, by: User | None, verb: str, noun: str) -> None:
    try:
        with transaction.atomic():
            target.save()
            if by is not None:
                record(user=by, verb=verb, noun=noun, noun_id=target.pk, detail={"name": target.name})
    except IntegrityError as error:
        raise NameTaken(target.name) from error
