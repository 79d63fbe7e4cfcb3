"""The demo's people come in through the import, with consent, lists and tags."""

from datetime import UTC, datetime

import pytest

from northpost.contacts.models import Consent, ConsentRecord, Contact, ImportRun, ListMember, Tagged
from northpost.core import clock
from northpost.demo.company import make_company
from northpost.demo.loading import Register, define_fields, import_people, make_lists, sign_up, sign_up_many
from northpost.team.models import Workspace

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_people_arrive_with_all_that_is_known_of_them(workspace: Workspace) -> None:
    company = make_company(now=NOW, people=300)
    people = company.people
    register = Register()
    with clock.use(clock.VirtualClock(NOW)):
        define_fields()
        make_lists()
        assert import_people(company, range(200), register) == 200
        assert import_people(company, range(200, 300), register) == 100
    assert Contact.objects.count() == len(register.contact_of) == 300
    agreed = [number for number in range(300) if people.consent_at[number]]
    assert Consent.objects.filter(state="granted").count() == len(agreed)
    assert ListMember.objects.count() == sum(len(names) for names in people.lists)
    assert Tagged.objects.count() == sum(len(names) for names in people.tags)
    assert set(ImportRun.objects.values_list("state", flat=True)) == {"done"}

    number = agreed[7]
    contact = Contact.objects.get(pk=register.contact_of[number])
    assert register.person_of[contact.pk] == number
    assert (contact.email, contact.language) == (people.email[number], people.language[number])
    assert (contact.first_name, contact.last_name) == (people.first_name[number], people.last_name[number])
    assert contact.attributes["city"] == people.city[number]
    assert contact.attributes["questionnaire"] is people.questionnaire[number]
    proof = ConsentRecord.objects.get(contact=contact)
    assert proof.at == people.consent_at[number]
    assert "Voltline" in proof.text and proof.source


def test_who_signs_up_leaves_proof_of_their_own(workspace: Workspace) -> None:
    company = make_company(now=NOW, people=60)
    people = company.people
    register = Register()
    with clock.use(clock.VirtualClock(NOW)):
        define_fields()
        make_lists()
        assert sign_up(company, range(60), register) == 60
    assert Contact.objects.count() == 60
    number = next(number for number in range(60) if people.consent_at[number])
    proof = ConsentRecord.objects.get(contact_id=register.contact_of[number])
    assert (proof.at, proof.ip) == (people.consent_at[number], people.consent_ip[number])
    assert proof.text_version == people.consent_version[number]
    assert proof.source == f"Voltline shop: {people.consent_form[number]}"
    silent = next(number for number in range(60) if not people.consent_at[number])
    assert not ConsentRecord.objects.filter(contact_id=register.contact_of[silent]).exists()
    assert ListMember.objects.count() == sum(len(names) for names in people.lists)


def test_many_who_sign_up_arrive_as_those_who_come_one_by_one(workspace: Workspace) -> None:
    company = make_company(now=NOW, people=60)
    with clock.use(clock.VirtualClock(NOW)):
        define_fields()
        make_lists()
        sign_up(company, range(30), Register())
        sign_up_many(company, range(30, 60), register := Register())
    people = company.people
    for number in range(30, 60):
        contact = Contact.objects.get(pk=register.contact_of[number])
        assert (contact.email, contact.last_name) == (people.email[number], people.last_name[number])
        assert contact.attributes["city"] == people.city[number]
        assert contact.attributes["signed_up_on"] == people.signed_up_at[number].date().isoformat()
        consents = list(Consent.objects.filter(contact=contact).values_list("state", "since"))
        agreed = people.consent_at[number]
        assert consents == ([("granted", agreed)] if agreed else [])
    assert ListMember.objects.count() == sum(len(names) for names in people.lists)
