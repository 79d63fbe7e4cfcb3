"""Adding, changing and erasing a person, and what a mail may say of them."""

from __future__ import annotations

import json

import pytest

from northpost.contacts import actions, queries
from northpost.contacts.errors import ContactProblem, NotHere, Taken
from northpost.contacts.models import Consent, ConsentRecord, Contact, ListMember, Tagged
from northpost.core import tenancy
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db


def test_a_person_is_added_as_written_and_found_by_key(workspace: Workspace, owner: User):
    actions.define_field(label="Favourite brand", kind="text")
    contact = actions.add_contact(
        email="  Ivan.Petrov@Пример.БГ ",
        first_name=" Иван ",
        last_name="Петров",
        language="BG",
        time_zone="Europe/Sofia",
        attributes={"favourite_brand": " Acme "},
        by=owner,
    )
    contact.refresh_from_db()
    assert contact.email == "Ivan.Petrov@xn--e1afmkfd.xn--90ae"
    assert contact.email_key == "ivan.petrov@xn--e1afmkfd.xn--90ae"
    assert (contact.first_name, contact.first_key, contact.last_key) == ("Иван", "иван", "петров")
    assert (contact.language, contact.role, contact.attributes) == ("bg", "customer", {"favourite_brand": "Acme"})
    assert AuditEntry.objects.filter(verb="added", noun="person", noun_id=contact.pk, user=owner).count() == 1


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b.example\r\nBcc: x@y.example"}, "email"),
        ({"first_name": "Nobody"}, "email"),
        ({"email": "a@b.example", "language": "bulgarian!"}, "language"),
        ({"email": "a@b.example", "time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"email": "a@b.example", "role": "king"}, "role"),
        ({"email": "a@b.example", "first_name": "x" * 121}, "first_name"),
        ({"email": "a@b.example", "attributes": {"unknown": "1"}}, "unknown"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(workspace: Workspace, details: dict, field: str):
    with pytest.raises(ContactProblem) as caught:
        actions.add_contact(**details)
    assert caught.value.field == field
    assert Contact.objects.count() == 0


def test_the_same_address_or_number_is_one_person(workspace: Workspace, rival: Workspace):
    first = actions.add_contact(email="ann@shop.example", external_id="17")
    with pytest.raises(Taken) as caught:
        actions.add_contact(email="ANN@shop.example")
    assert (caught.value.field, caught.value.contact_id) == ("email", first.pk)
    with pytest.raises(Taken) as caught:
        actions.add_contact(external_id="17")
    assert (caught.value.field, caught.value.contact_id) == ("external_id", first.pk)
    assert Contact.objects.count() == 1
    with tenancy.workspace(rival.pk):
        actions.add_contact(email="ann@shop.example", external_id="17")
        assert Contact.objects.count() == 1


def test_a_change_touches_only_what_was_said(workspace: Workspace, owner: User):
    actions.define_field(label="Points", kind="number")
    actions.define_field(label="Size", kind="choice", choices=["S", "M"])
    contact = actions.add_contact(
        email="ann@shop.example", first_name="Ann", attributes={"points": "1 200", "size": "m"}
    )
    assert contact.attributes == {"points": 1200, "size": "M"}
    actions.update_contact(contact_id=contact.pk, last_name="Lee", attributes={"points": None}, by=owner)
    contact.refresh_from_db()
    assert (contact.first_name, contact.last_name, contact.attributes) == ("Ann", "Lee", {"size": "M"})
    entry = AuditEntry.objects.get(verb="changed", noun="person")
    assert entry.detail == {"fields": ["attributes", "last_name"]}
    actions.update_contact(contact_id=contact.pk, last_name="Lee", by=owner)
    assert AuditEntry.objects.filter(verb="changed", noun="person").count() == 1


def test_a_person_cannot_be_left_without_address_and_number(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    with pytest.raises(ContactProblem):
        actions.update_contact(contact_id=contact.pk, email="")
    contact.refresh_from_db()
    assert contact.email == "ann@shop.example"


def test_nobody_of_another_workspace_is_changed_or_erased(workspace: Workspace, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = actions.add_contact(email="bob@rival.example", first_name="Bob")
    with pytest.raises(NotHere):
        actions.update_contact(contact_id=theirs.pk, first_name="Stolen")
    with pytest.raises(NotHere):
        actions.erase_contact(contact_id=theirs.pk)
    assert queries.person(theirs.pk) is None
    assert queries.context_for([theirs.pk]) == {}
    assert queries.export_person(theirs.pk) is None
    with tenancy.workspace(rival.pk):
        assert Contact.objects.get().first_name == "Bob"


def test_erasing_takes_everything_and_tells_the_rooms_above(
    workspace: Workspace, owner: User, monkeypatch: pytest.MonkeyPatch
):
    told: list[actions.ErasedPerson] = []
    monkeypatch.setattr(actions.erasure, "on_erasing", [told.append])
    contact = actions.add_contact(email="Ann@shop.example", first_name="Ann")
    other = actions.add_contact(email="bob@shop.example")
    both = [contact.pk, other.pk]
    actions.grant_consents(people=both, source="form")
    actions.add_to_list(list_id=actions.create_list(name="News").pk, people=both)
    actions.add_tag(tag_id=actions.find_or_create_tag(name="VIP").pk, people=both)
    actions.erase_contact(contact_id=contact.pk, by=owner)
    assert told == [actions.ErasedPerson(both[0], "ann@shop.example")]
    for model in (Consent, ConsentRecord, ListMember, Tagged):
        assert list(model.objects.values_list("contact_id", flat=True)) == [other.pk]
    assert Contact.objects.get() == other
    entry = AuditEntry.objects.get(verb="erased")
    assert (entry.user, entry.noun_id, entry.detail) == (owner, both[0], {})


def test_the_context_of_a_mail_is_plain_data(workspace: Workspace):
    actions.define_field(label="Birthday", kind="date")
    contact = actions.add_contact(
        email="ann@shop.example", first_name="Ann", last_name="Lee", attributes={"birthday": "25.12.1990"}
    )
    assert queries.context_for([contact.pk, contact.pk + 1]) == {
        contact.pk: {
            "id": contact.pk,
            "email": "ann@shop.example",
            "external_id": None,
            "first_name": "Ann",
            "last_name": "Lee",
            "full_name": "Ann Lee",
            "phone": "",
            "language": "",
            "time_zone": "",
            "role": "customer",
            "birthday": "1990-12-25",
        }
    }


def test_a_persons_export_has_everything(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(queries.on_exporting, "orders", lambda contact_id: [{"contact": contact_id}])
    actions.define_field(label="Birthday", kind="date")
    contact = actions.add_contact(email="ann@shop.example", attributes={"birthday": "1990-12-25"})
    actions.grant_consent(contact_id=contact.pk, source="form", text="Yes, send me news", version="3", ip="192.0.2.7")
    actions.add_to_list(list_id=actions.create_list(name="News").pk, people=[contact.pk])
    data = json.loads(json.dumps(queries.export_person(contact.pk)))
    assert data["person"]["email"] == "ann@shop.example"
    assert data["fields"] == [{"key": "birthday", "name": "Birthday", "value": "1990-12-25"}]
    assert data["lists"] == ["News"]
    assert data["orders"] == [{"contact": contact.pk}]
    assert [(line["text"], line["version"], line["ip"], line["source"]) for line in data["consent"]] == [
        ("Yes, send me news", "3", "192.0.2.7", "form")
    ]
