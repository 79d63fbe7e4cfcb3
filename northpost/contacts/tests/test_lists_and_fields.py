"""Lists, tags and custom fields; and values of each kind."""

from __future__ import annotations

import pytest

from northpost.contacts import actions, queries, rules
from northpost.contacts.errors import ContactProblem, NameTaken, NotHere
from northpost.contacts.models import ContactList, Field, ListMember, Tag
from northpost.core import tenancy
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(workspace: Workspace) -> list[int]:
    return [actions.add_contact(email=f"p{n}@shop.example").pk for n in range(3)]


@pytest.fixture
def stranger(rival: Workspace) -> int:
    with tenancy.workspace(rival.pk):
        return actions.add_contact(email="p@rival.example").pk


def test_a_selection_is_put_on_a_list_once_and_strangers_never(people: list[int], stranger: int):
    news = actions.create_list(name=" News ", description="Every week")
    assert actions.add_to_list(list_id=news.pk, people=[*people, stranger]) == 3
    assert actions.add_to_list(list_id=news.pk, people=people) == 0
    assert actions.remove_from_list(list_id=news.pk, people=[people[0], stranger]) == 1
    assert [(entry.name, entry.people, entry.description) for entry in queries.list_sizes()] == [
        ("News", 2, "Every week")
    ]


def test_a_whole_search_is_a_selection_too(people: list[int]):
    news = actions.create_list(name="News")
    found = queries.matching(queries.Filters(search="p1@"))
    assert actions.add_to_list(list_id=news.pk, people=found) == 1
    assert ListMember.objects.get().contact_id == people[1]
    on_it = queries.matching(queries.Filters(list_id=news.pk))
    assert actions.remove_from_list(list_id=news.pk, people=on_it) == 1
    assert ListMember.objects.count() == 0


def test_anothers_list_is_not_here(people: list[int], rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = actions.create_list(name="Theirs").pk
        tag = actions.find_or_create_tag(name="Theirs").pk
    for attempt in (
        lambda: actions.add_to_list(list_id=theirs, people=people),
        lambda: actions.remove_from_list(list_id=theirs, people=people),
        lambda: actions.rename_list(list_id=theirs, name="Ours", description=""),
        lambda: actions.archive_list(list_id=theirs),
        lambda: actions.add_tag(tag_id=tag, people=people),
        lambda: actions.delete_tag(tag_id=tag),
    ):
        with pytest.raises(NotHere):
            attempt()
    with tenancy.workspace(rival.pk):
        assert ContactList.objects.get().name == "Theirs"
        assert ListMember.objects.count() == 0
        assert Tag.objects.count() == 1


def test_lists_have_names_of_their_own(workspace: Workspace):
    actions.create_list(name="News")
    with pytest.raises(NameTaken):
        actions.create_list(name="News")
    with pytest.raises(ContactProblem):
        actions.create_list(name="  ")
    assert ContactList.objects.count() == 1


def test_an_archived_list_comes_back_with_its_members(people: list[int]):
    news = actions.create_list(name="News")
    actions.add_to_list(list_id=news.pk, people=people)
    actions.archive_list(list_id=news.pk)
    assert queries.list_sizes()[0].archived_at is not None
    actions.restore_list(list_id=news.pk)
    assert (queries.list_sizes()[0].archived_at, queries.list_sizes()[0].people) == (None, 3)


def test_tags_ignore_case_and_go_with_a_deletion(people: list[int]):
    tag = actions.find_or_create_tag(name="VIP")
    assert actions.find_or_create_tag(name="vip") == tag
    other = actions.find_or_create_tag(name="Press")
    with pytest.raises(NameTaken):
        actions.rename_tag(tag_id=other.pk, name="Vip")
    actions.rename_tag(tag_id=tag.pk, name="vip")
    assert actions.add_tag(tag_id=tag.pk, people=people) == 3
    assert actions.remove_tag(tag_id=tag.pk, people=people[:1]) == 1
    assert actions.delete_tag(tag_id=tag.pk) == 2
    assert [entry.name for entry in queries.tag_sizes()] == ["Press"]


def test_a_field_is_named_by_its_first_label_for_ever(workspace: Workspace):
    brand = actions.define_field(label="Любима марка", kind="text")
    assert brand.key == "lyubima_marka"
    assert actions.update_field(field_id=brand.pk, label="Марка").key == "lyubima_marka"
    assert actions.define_field(label="E-mail", kind="text").key == "e_mail"
    assert actions.define_field(label="Language", kind="text").key == "language_field"
    assert actions.define_field(label="Любима марка", kind="text").key == "lyubima_marka_2"
    assert actions.define_field(label="10 %", kind="number").key == "field_10"
    with pytest.raises(NameTaken):
        actions.define_field(label="марка", kind="text")
    for bad in ({"label": "", "kind": "text"}, {"label": "X", "kind": "json"}, {"label": "X", "kind": "choice"}):
        with pytest.raises(ContactProblem):
            actions.define_field(**bad)
    with pytest.raises(ContactProblem):
        actions.define_field(label="X", kind="text", key="email; drop")
    assert Field.objects.count() == 5


def test_an_archived_field_keeps_its_values(workspace: Workspace):
    size = actions.define_field(label="Size", kind="choice", choices=["S", " M ", "s", ""])
    assert size.choices == ["S", "M"]
    contact = actions.add_contact(email="a@shop.example", attributes={"size": "S"})
    actions.update_field(field_id=size.pk, choices=["M", "L"])
    actions.archive_field(field_id=size.pk)
    contact.refresh_from_db()
    assert contact.attributes == {"size": "S"}
    assert actions.restore_field(field_id=size.pk).archived_at is None


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "  two words ", "two words"),
        ("number", "1 234,50", 1234.5),
        ("number", "12", 12),
        ("number", 3, 3),
        ("boolean", "да", True),
        ("boolean", "no", False),
        ("boolean", False, False),
        ("date", "31.12.2025", "2025-12-31"),
        ("date", "2025-12-31", "2025-12-31"),
        ("choice", "red", "Red"),
        ("text", "   ", None),
    ],
)
def test_values_are_read_by_their_kind(kind: str, given: object, kept: object):
    assert rules.read_value("key", kind, ["Red", "Blue"], given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [("number", "twelve"), ("number", float("nan")), ("boolean", "maybe"), ("date", "31.02.2025"), ("choice", "green"),
     ("text", "x" * 1001)],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_at_their_field(kind: str, given: object):
    with pytest.raises(ContactProblem) as caught:
        rules.read_value("key", kind, ["Red", "Blue"], given)
    assert caught.value.field == "key"
