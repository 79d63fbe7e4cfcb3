"""Lists and tags with their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from northpost.core import sql


@dataclass(frozen=True)
class ListSize:
    """A list or tag and how many people it has; tags have no description and are never archived."""

    id: int
    name: str
    people: int
    description: str = ""
    created_at: datetime | None = None
    archived_at: datetime | None = None


def list_sizes() -> list[ListSize]:
    """Every list with the number of its members, those in use first, by name."""
    rows = sql.fetch_all(
        "SELECT l.id, l.name, coalesce(m.people, 0) AS people, l.description, l.created_at, l.archived_at"
        " FROM contacts_list l LEFT JOIN"
        " (SELECT contact_list_id, count(*) AS people FROM contacts_list_member GROUP BY contact_list_id) m"
        " ON m.contact_list_id = l.id ORDER BY l.archived_at IS NOT NULL, lower(l.name)"
    )
    return [ListSize(**row) for row in rows]


def tag_sizes() -> list[ListSize]:
    """Every tag with the number of people who have it, by name."""
    rows = sql.fetch_all(
        "SELECT t.id, t.name, coalesce(m.people, 0) AS people"
        " FROM contacts_tag t LEFT JOIN (SELECT tag_id, count(*) AS people FROM contacts_tagged GROUP BY tag_id) m"
        " ON m.tag_id = t.id ORDER BY lower(t.name)"
    )
    return [ListSize(**row) for row in rows]


@dataclass(frozen=True)
class PurposeSize:
    """A purpose and how many people agreed to it now."""

    id: int
    key: str
    label: str
    text: str
    text_version: str
    people: int


def purpose_sizes() -> list[PurposeSize]:
    """Every purpose of consent with the number of people who agree to it now, oldest first."""
    rows = sql.fetch_all(
        "SELECT p.id, p.key, p.label, p.text, p.text_version, coalesce(c.people, 0) AS people"
        " FROM contacts_purpose p LEFT JOIN (SELECT purpose_id, count(*) AS people FROM contacts_consent"
        " WHERE state = 'granted' GROUP BY purpose_id) c ON c.purpose_id = p.id ORDER BY p.id"
    )
    return [PurposeSize(**row) for row in rows]
