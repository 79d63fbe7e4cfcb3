"""Writes about people, one file for each noun. Set-based where they take many.

Whoever is meant is given as ids or as a :class:`~northpost.core.sql.Fragment` that selects ids (a search, a
segment); either way only people of the current workspace are touched.
"""

from northpost.contacts.actions.consent import (
    ConsentChange,
    ImportedConsents,
    define_purpose,
    furnish,
    grant_consent,
    grant_consents,
    on_consent_changed,
    on_consents_imported,
    reword_purpose,
    withdraw_consent,
    withdraw_consents,
)
from northpost.contacts.actions.erasure import ErasedPerson, erase_contact, on_erasing
from northpost.contacts.actions.fields import archive_field, define_field, restore_field, update_field
from northpost.contacts.actions.lists import (
    add_tag,
    add_to_list,
    archive_list,
    create_list,
    delete_tag,
    find_or_create_tag,
    remove_from_list,
    remove_tag,
    rename_list,
    rename_tag,
    restore_list,
)
from northpost.contacts.actions.people import PersonDetails, add_contact, update_contact

__all__ = [
    "ConsentChange",
    "ErasedPerson",
    "ImportedConsents",
    "PersonDetails",
    "add_contact",
    "add_tag",
    "add_to_list",
    "archive_field",
    "archive_list",
    "create_list",
    "define_field",
    "define_purpose",
    "delete_tag",
    "erase_contact",
    "find_or_create_tag",
    "furnish",
    "grant_consent",
    "grant_consents",
    "on_consent_changed",
    "on_consents_imported",
    "on_erasing",
    "remove_from_list",
    "remove_tag",
    "rename_list",
    "rename_tag",
    "restore_field",
    "restore_list",
    "reword_purpose",
    "update_contact",
    "update_field",
    "withdraw_consent",
    "withdraw_consents",
]
