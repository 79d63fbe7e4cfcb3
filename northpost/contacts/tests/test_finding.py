"""Search by the beginning of a name, address or number; filters; pages."""

from __future__ import annotations

import pytest

from northpost.contacts import actions, queries
from northpost.contacts.models import Contact, Purpose
from northpost.contacts.queries import Filters
from northpost.core import sql, tenancy
from northpost.core.sql import Fragment
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(workspace: Workspace, rival: Workspace) -> dict[str, int]:
    with tenancy.workspace(rival.pk):
        actions.add_contact(email="ivan@rival.example", first_name="Иван", last_name="Чужд")
    said = {
        "ivan": {"email": "ivan.petrov@shop.example", "first_name": "Иван", "last_name": "Петров", "language": "bg"},
        "maria": {"email": "maria@shop.example", "first_name": "Мария", "last_name": "Иванова", "language": "bg"},
        "ann": {"email": "Ann@other.example", "first_name": "Ann Mary", "last_name": "van Dyck", "language": "en"},
        "shop": {"external_id": "A-1007", "role": "partner"},
    }
    return {name: actions.add_contact(**details).pk for name, details in said.items()}


def found(people: dict[str, int], **filters: object) -> set[str]:
    names = {pk: name for name, pk in people.items()}
    return {names[contact.pk] for contact in queries.find_contacts(filters=Filters(**filters)).rows}


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("иван", {"ivan", "maria"}),
        ("ИВАНО", {"maria"}),
        ("Иван Петров", {"ivan"}),
        ("петров ив", {"ivan"}),
        ("ann mary van", {"ann"}),
        ("Ann M", {"ann"}),
        ("van d", {"ann"}),
        ("ANN@", {"ann"}),
        ("ivan.petrov@shop.example", {"ivan"}),
        ("A-10", {"shop"}),
        ("etrov", set()),
        ("%", set()),
        ("' OR 1=1 --", set()),
        ("a\x00nn", {"ann"}),
    ],
)
def test_search_is_by_the_beginning(people: dict[str, int], search: str, names: set[str]):
    assert found(people, search=search) == names


def test_filters_hold_together(people: dict[str, int]):
    news, vip = actions.create_list(name="News"), actions.find_or_create_tag(name="VIP")
    actions.add_to_list(list_id=news.pk, people=[people["ivan"], people["ann"]])
    actions.add_tag(tag_id=vip.pk, people=[people["ann"]])
    assert found(people, list_id=news.pk) == {"ivan", "ann"}
    assert found(people, list_id=news.pk, tag_id=vip.pk) == {"ann"}
    assert found(people, language="bg") == {"ivan", "maria"}
    assert found(people, role="partner") == {"shop"}
    only = Fragment("SELECT id FROM contacts_contact WHERE id = ANY(%(mine)s)", {"mine": [people["maria"]]})
    assert found(people, language="bg", within=(only,)) == {"maria"}
    assert queries.count(Filters(language="bg")) == 2
    assert not Filters()
    assert Filters(language="bg")


def test_consent_is_a_filter(people: dict[str, int]):
    purpose = Purpose.objects.get()
    actions.grant_consents(people=[people["ivan"], people["maria"]], source="form")
    actions.withdraw_consent(contact_id=people["maria"], source="letter")
    assert found(people, consent="granted", purpose_id=purpose.pk) == {"ivan"}
    assert found(people, consent="withdrawn", purpose_id=purpose.pk) == {"maria"}
    assert found(people, consent="never_asked", purpose_id=purpose.pk) == {"ann", "shop"}


def test_pages_have_everybody_once_in_order(people: dict[str, int]):
    first = queries.find_contacts(sort="name", page=1, size=3)
    second = queries.find_contacts(sort="name", page=2, size=3)
    assert (first.total, first.pages, first.page, second.page) == (4, 2, 1, 2)
    assert [contact.last_name for contact in [*first.rows, *second.rows]] == ["", "van Dyck", "Иванова", "Петров"]
    assert queries.find_contacts(page=99, size=3).page == 2
    assert queries.find_contacts(sort="id; DROP TABLE x").total == 4
    assert [contact.pk for contact in queries.find_contacts().rows] == sorted(people.values(), reverse=True)


def test_search_uses_the_indexes_under_the_wall(workspace: Workspace):
    sql.run(
        "INSERT INTO contacts_contact (workspace_id, email, email_key, first_name, last_name, phone, language,"
        " time_zone, role, attributes, created_at, updated_at)"
        " SELECT %(workspace_id)s, 'p' || n || '@x.example', 'p' || n || '@x.example', 'First' || n, 'Last' || n, '',"
        " '', '', 'customer', '{}', %(now)s, %(now)s FROM generate_series(1, 20000) n",
        {"workspace_id": workspace.pk, "now": workspace.created_at},
    )
    chosen = queries.matching(Filters(search="last1999"))
    plan = sql.fetch_value(f"EXPLAIN (FORMAT JSON) {chosen.text}", chosen.params)
    assert "Seq Scan" not in str(plan)
    assert queries.count(Filters(search="last1999")) == 11
    assert Contact.objects.count() == 20000
