"""A second, small workspace: the other client of the agency that looks after Voltline's mail."""

from __future__ import annotations

from northpost.contacts import actions as contacts
from northpost.core import tenancy
from northpost.delivery.actions.routes import create_sender
from northpost.team.actions import found_workspace
from northpost.team.models import User, Workspace

NAME = "Teahouse Linden"
SLUG = "teahouse-linden"
_PEOPLE = (
    ("Ann", "Marsh", "en"),
    ("Борис", "Колев", "bg"),
    ("Весела", "Петкова", "bg"),
    ("Galya", "Stone", "en"),
    ("Дарья", "Комарова", "ru"),
    ("Емил", "Савов", "bg"),
    ("Жанна", "Титова", "ru"),
    ("Ивайло", "Минков", "bg"),
)


def found_agency_client(owner: User) -> Workspace:
    """A tea house that has only begun: a few guests who agreed to a letter a month."""
    workspace = found_workspace(
        name=NAME,
        slug=SLUG,
        owner=owner,
        language="bg",
        time_zone="Europe/Sofia",
        currency="EUR",
        company_name="Teahouse Linden",
        postal_address="3 Example Square, 4000 Plovdiv, Bulgaria",
        site="https://teahouse-linden.example",
    )
    with tenancy.workspace(workspace.pk):
        create_sender(name=NAME, email="tea@teahouse-linden.example")
        guests = contacts.create_list(name="Гости")
        people = [
            contacts.add_contact(
                email=f"guest{number}@mail.example", first_name=first, last_name=last, language=language
            ).pk
            for number, (first, last, language) in enumerate(_PEOPLE, start=1)
        ]
        contacts.grant_consents(people=people, source="Гостна книга")
        contacts.add_to_list(list_id=guests.pk, people=people)
    return workspace
