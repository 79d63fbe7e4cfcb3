"""Finding people: search by the beginning of a name, address or number, and filters; one statement.

Under a wall PostgreSQL uses an index only for operators that can't leak (LIKE can); so a search by a beginning is a
range over columns in collation C: ``key >= 'iv' AND key < 'iv' || U+10FFFF``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from northpost.contacts.models import Contact
from northpost.core import sql
from northpost.core.sql import Fragment

PAGE = 50
LONGEST_SEARCH = 120
_AFTER_EVERYTHING = "\U0010ffff"


class ConsentFilter(StrEnum):
    """Where people stand on a purpose."""

    GRANTED = "granted"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    NEVER_ASKED = "never_asked"


@dataclass(frozen=True)
class Filters:
    """What people have in common; everything given has to hold.

    ``within``: a fragment that selects contact ids (a segment, a life-cycle stage), made by the room above.
    ``purpose_id`` with ``consent``: where they stand on that purpose.
    """

    search: str = ""
    list_id: int | None = None
    tag_id: int | None = None
    language: str = ""
    role: str = ""
    consent: str = ""
    purpose_id: int | None = None
    within: tuple[Fragment, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(
            self.search.strip() or self.list_id or self.tag_id or self.language or self.role or self.consent
            or self.within
        )  # fmt: skip


@dataclass(frozen=True)
class People:
    """One page of people found: ``total`` is how many there are on all pages."""

    rows: list[Contact]
    total: int
    page: int
    pages: int


SORTS = {
    "newest": "c.created_at DESC, c.id DESC",
    "oldest": "c.created_at, c.id",
    "name": "c.last_key, c.first_key, c.id",
    "email": "c.email_key, c.id",
}


def find_contacts(*, filters: Filters | None = None, sort: str = "newest", page: int = 1, size: int = PAGE) -> People:
    """A page of the people who match, with their lists and tags at hand; an unknown ``sort`` is ``newest``."""
    chosen = matching(filters or Filters())
    total = _count(chosen)
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    rows = sql.fetch_all(
        f"{chosen.text} ORDER BY {SORTS.get(sort, SORTS['newest'])} LIMIT %(page_size)s OFFSET %(page_offset)s",
        dict(chosen.params) | {"page_size": size, "page_offset": (page - 1) * size},
    )
    ids = [row["id"] for row in rows]
    found = Contact.objects.in_bulk(ids)
    return People([found[key] for key in ids if key in found], total, page, pages)


def count(filters: Filters) -> int:
    """How many people match."""
    return _count(matching(filters))


def matching(filters: Filters) -> Fragment:
    """The statement that selects the ids of the people who match: for counting, paging, actions and export."""
    conditions: list[str] = []
    params: dict[str, Any] = {}
    if filters.search.strip():
        condition, found = _search(filters.search)
        conditions.append(condition)
        params |= found
    if filters.list_id is not None:
        conditions.append("c.id IN (SELECT contact_id FROM contacts_list_member WHERE contact_list_id = %(f_list)s)")
        params["f_list"] = filters.list_id
    if filters.tag_id is not None:
        conditions.append("c.id IN (SELECT contact_id FROM contacts_tagged WHERE tag_id = %(f_tag)s)")
        params["f_tag"] = filters.tag_id
    for name in ("language", "role"):
        if value := getattr(filters, name):
            conditions.append(f"c.{name} = %(f_{name})s")
            params[f"f_{name}"] = value
    if filters.consent:
        conditions.append(_CONSENT[ConsentFilter(filters.consent)])
        params |= {"f_purpose": filters.purpose_id, "f_consent": filters.consent}
    for fragment in filters.within:
        conditions.append(f"c.id IN ({fragment.text})")
        params |= fragment.params
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Fragment(f"SELECT c.id FROM contacts_contact c{where}", params)


_ASKED = "SELECT contact_id FROM contacts_consent WHERE purpose_id = %(f_purpose)s"
_CONSENT = {
    ConsentFilter.GRANTED: f"c.id IN ({_ASKED} AND state = %(f_consent)s)",
    ConsentFilter.PENDING: f"c.id IN ({_ASKED} AND state = %(f_consent)s)",
    ConsentFilter.WITHDRAWN: f"c.id IN ({_ASKED} AND state = %(f_consent)s)",
    ConsentFilter.NEVER_ASKED: (
        "NOT EXISTS (SELECT FROM contacts_consent asked"
        " WHERE asked.purpose_id = %(f_purpose)s AND asked.contact_id = c.id)"
    ),
}


def _count(chosen: Fragment) -> int:
    return sql.fetch_value(f"SELECT count(*) FROM ({chosen.text}) AS chosen", chosen.params)


def _search(text: str) -> tuple[str, dict[str, Any]]:
    """One word: any of name, address, number begins with it. More: first and last name, in either order."""
    words = text.strip()[:LONGEST_SEARCH].replace("\x00", "").split()
    whole = " ".join(words)
    params: dict[str, Any] = {}
    ranges = [
        _range("external_id", whole, "q_number", params),
        _range("first_key", whole.lower(), "q_low", params),
        _range("last_key", whole.lower(), "q_low", params),
    ]
    if len(words) == 1:
        ranges.append(_range("email_key", whole.lower(), "q_low", params))
    else:
        for place in range(1, len(words)):
            before, after = " ".join(words[:place]).lower(), " ".join(words[place:]).lower()
            first = _range("first_key", before, f"q_before_{place}", params)
            last = _range("last_key", after, f"q_after_{place}", params)
            ranges.append(f"({first} AND {last})")
            first = _range("first_key", after, f"q_after_{place}", params)
            last = _range("last_key", before, f"q_before_{place}", params)
            ranges.append(f"({first} AND {last})")
            if place == 3:
                break
    return f"({' OR '.join(ranges)})", params


def _range(column: str, start: str, name: str, params: dict[str, Any]) -> str:
    params[name] = start
    params[f"{name}_end"] = start + _AFTER_EVERYTHING
    return f'(c.{column} >= %({name})s COLLATE "C" AND c.{column} < %({name}_end)s COLLATE "C")'
