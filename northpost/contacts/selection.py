"""Who is meant: ids, or a statement that selects them."""

from __future__ import annotations

from collections.abc import Sequence

from northpost.core.sql import Fragment

People = Sequence[int] | Fragment


def ids_of(people: People) -> Fragment:
    """A fragment that selects contact ids. What it selects has still to be met by contacts_contact's wall."""
    if isinstance(people, Fragment):
        return people
    return Fragment("SELECT unnest(%(selected_ids)s::bigint[])", {"selected_ids": list(people)})
