"""Reads about people: finding many, and everything about one."""

from northpost.contacts.queries.finding import ConsentFilter, Filters, People, count, find_contacts, matching
from northpost.contacts.queries.lists import ListSize, PurposeSize, list_sizes, purpose_sizes, tag_sizes
from northpost.contacts.queries.one import (
    Happening,
    Standing,
    context_for,
    export_person,
    on_exporting,
    person,
    standings,
    timeline,
)

__all__ = [
    "ConsentFilter",
    "Filters",
    "Happening",
    "ListSize",
    "People",
    "PurposeSize",
    "Standing",
    "context_for",
    "count",
    "export_person",
    "find_contacts",
    "list_sizes",
    "matching",
    "on_exporting",
    "person",
    "purpose_sizes",
    "standings",
    "tag_sizes",
    "timeline",
]
