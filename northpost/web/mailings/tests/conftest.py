"""A firm that could send at once, and a browser for each role."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from northpost.campaigns import actions
from northpost.campaigns.models import Campaign
from northpost.contacts import actions as contacts
from northpost.content import actions as content
from northpost.core import clock
from northpost.delivery.models import Sender
from northpost.team.models import Membership, User, Workspace

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def furnished(workspace: Workspace) -> Workspace:
    Workspace.objects.filter(pk=workspace.pk).update(
        postal_address="1 Harbour Street, Varna", company_name="Firm", site="https://firm.example"
    )
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=NOW)
    return workspace


@pytest.fixture
def news(furnished: Workspace) -> int:
    """A list of three people; the last has not agreed."""
    made = contacts.create_list(name="News")
    people = [contacts.add_contact(email=f"p{n}@people.example", first_name=f"P{n}", language="en") for n in range(3)]
    for person in people[:2]:
        contacts.grant_consent(contact_id=person.pk, source="test")
    contacts.add_to_list(list_id=made.pk, people=[person.pk for person in people])
    return made.pk


@pytest.fixture
def draft(furnished: Workspace, news: int) -> Campaign:
    template = content.create_template(languages=["en", "bg"], kind="newsletter")
    return actions.create_campaign(
        name="Spring", template_id=template.pk, audience={"include": [{"list": news}], "exclude": []}
    )


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    return sign_in(owner)


@pytest.fixture
def member(workspace: Workspace):
    """member(role) is a signed-in browser of a colleague with that role."""

    def make(role: str) -> Client:
        user = User.objects.create_user(f"{role}@firm.example", "a long enough password", name=role)
        Membership.objects.create(user=user, role=role, since=NOW)
        return sign_in(user)

    return make
