"""Building, saving and reading a segment through its pages, without scripts."""

from __future__ import annotations

import pytest
from django.test import Client

from northpost.contacts.models import Contact, Field
from northpost.core import clock, tenancy
from northpost.segments import actions
from northpost.segments.models import Segment
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db

BASE = "/w/firm/segments/"
ANNS = {"kind": "attribute", "attribute": "first_name", "test": "is", "text": "Ann"}
NOTHING_SAID = {"n0-mode": "all", "n0-add": "orders"}
NAMED_ANN = {
    "n0-mode": "all",
    "n0.0-kind": "attribute",
    "n0.0-attribute": "first_name",
    "n0.0-test": "is",
    "n0.0-text": "Ann",
}


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def ann(workspace: Workspace) -> Contact:
    return Contact.objects.create(
        first_name="Ann", email="ann@firm.example", email_key="ann@firm.example", created_at=clock.now(),
        updated_at=clock.now(),
    )  # fmt: skip


def test_an_empty_list_says_what_segments_are_for(browser: Client):
    answer = browser.get(BASE)
    assert "Write to the right people" in answer.text
    assert f"{BASE}new/?start=bought_twice" in answer.text


def test_a_rule_is_built_button_by_button(browser: Client, ann: Contact):
    page = browser.get(BASE + "new/")
    assert "Everyone." in page.text
    added = browser.post(BASE + "new/", NOTHING_SAID | {"do": "add:0", "name": "Twice"})
    assert added.status_code == 200
    assert "People who ordered at least once." in added.text
    assert 'name="n0.0-compare"' in added.text
    assert 'name="n0.0-days"' not in added.text
    assert 'value="Twice"' in added.text
    form = {
        "n0-mode": "all",
        "n0.0-kind": "orders",
        "n0.0-measure": "count",
        "n0.0-compare": "never",
        "n0.0-about": "anything",
        "n0.0-within": "last_days",
    }
    changed = browser.post(BASE + "build/", form, headers={"HX-Request": "true"})
    assert 'name="n0.0-days"' in changed.text
    assert 'name="n0.0-count"' not in changed.text
    assert "People who have not ordered in the last 30 days." in changed.text
    assert "<html" not in changed.text
    grouped = browser.post(BASE + "build/", form | {"do": "group:0"})
    assert 'name="n0.1-mode"' in grouped.text
    assert 'name="n0.1.0-kind"' in grouped.text
    removed = browser.post(BASE + "build/", form | {"do": "remove:0.0"})
    assert 'name="n0.0-kind"' not in removed.text
    assert "Everyone." in removed.text


def test_the_count_and_a_sample_follow_the_form(browser: Client, ann: Contact):
    answer = browser.post(BASE + "preview/", NAMED_ANN)
    assert "<strong>1</strong> person now" in answer.text
    assert "ann@firm.example" in answer.text
    unfinished = browser.post(BASE + "preview/", NAMED_ANN | {"n0.0-text": ""})
    assert "Write something here." in unfinished.text
    assert "person now" not in unfinished.text


def test_saving_leads_to_the_segments_page(browser: Client, ann: Contact, owner: User):
    answer = browser.post(BASE + "new/", NAMED_ANN | {"do": "save", "name": "Anns"})
    segment = Segment.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}{segment.pk}/")
    assert (segment.name, segment.rule, segment.created_by_id) == ("Anns", {"all": [ANNS]}, owner.pk)
    page = browser.get(answer["Location"])
    assert "People whose first name is “Ann”." in page.text
    assert "100% of everyone" in page.text
    assert "Anns" in browser.get(BASE).text
    # The builder shows the saved rule again, and saves it back unchanged.
    edit = browser.get(f"{BASE}{segment.pk}/edit/")
    assert 'name="n0.0-text" value="Ann"' in edit.text
    browser.post(f"{BASE}{segment.pk}/edit/", NAMED_ANN | {"n0-mode": "none", "name": "Anns"})
    segment.refresh_from_db()
    assert segment.rule == {"not": ANNS}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "Give the segment a name."),
        ({"n0.0-text": ""}, "Write something here."),
        ({"n0.0-kind": "sql"}, "This condition is no longer known."),
    ],
)
def test_what_cannot_be_saved_says_why_and_saves_nothing(browser: Client, change: dict[str, str], said: str):
    answer = browser.post(BASE + "new/", NAMED_ANN | {"name": "Anns", "do": "save"} | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert Segment.objects.count() == 0


def test_a_forged_form_does_nothing_worse(browser: Client):
    forged = {"n0-mode": "drop", "n0.99-kind": "orders", "nx-kind": "orders", "n0.0.0-mode": "all", "do": "add:0.0.0.9"}
    assert browser.post(BASE + "build/", forged).status_code == 200
    assert browser.post(BASE + "build/", {"do": "remove:0"}).status_code == 200
    text = {**NAMED_ANN, "n0.0-text": "<script>alert(1)</script>"}
    assert "<script>alert" not in browser.post(BASE + "preview/", text).text
    assert Segment.objects.count() == 0


def test_two_segments_are_compared(browser: Client, ann: Contact, owner: User):
    everyone = actions.save_segment(name="All of them", rule={"all": []}, by=owner)
    anns = actions.save_segment(name="Anns", rule=ANNS, by=owner)
    page = browser.get(f"{BASE}{anns.pk}/?with={everyone.pk}")
    assert "<strong>1</strong> person is in this segment and in “All of them”." in page.text
    assert browser.get(f"{BASE}{anns.pk}/?with=999999999999999999999").status_code == 200


def test_its_people_are_exported_from_its_page(browser: Client, ann: Contact, owner: User):
    nobody = actions.save_segment(
        name="Of Mars", rule={"all": [{"kind": "stage", "stages": ["lapsed"], "since": "any"}]}, by=owner
    )
    page = browser.get(f"{BASE}{nobody.pk}/").text
    assert '<form method="post" action="/w/firm/people/export/">' in page
    assert f'<input type="hidden" name="segment" value="{nobody.pk}">' in page
    answer = browser.post("/w/firm/people/export/", {"segment": str(nobody.pk)})
    assert len(b"".join(answer).splitlines()) == 1  # the columns' names
    assert ann.email.encode() in b"".join(browser.post("/w/firm/people/export/"))


def test_a_segment_whose_rule_broke_says_so(browser: Client, workspace: Workspace, owner: User):
    Field.objects.create(key="city", label="City", kind="text")
    rule = {"kind": "field", "field": "city", "test": "is", "text": "Riga"}
    segment = actions.save_segment(name="Riga", rule=rule, by=owner)
    Field.objects.all().delete()
    page = browser.get(f"{BASE}{segment.pk}/")
    assert page.status_code == 200
    assert "This rule speaks of something that is no longer there." in page.text
    assert "no longer there" in browser.get(BASE).text
    assert browser.get(f"{BASE}{segment.pk}/edit/").status_code == 200


def test_rename_put_away_and_bring_back(browser: Client, workspace: Workspace, owner: User):
    segment = actions.save_segment(name="Anns", rule=ANNS, by=owner)
    browser.post(f"{BASE}{segment.pk}/rename/", {"name": "Annas"})
    browser.post(f"{BASE}{segment.pk}/archive/")
    segment.refresh_from_db()
    assert (segment.name, segment.archived_at is not None) == ("Annas", True)
    assert "Annas" in browser.get(BASE + "?show=archived").text
    browser.post(f"{BASE}{segment.pk}/bring-back/")
    segment.refresh_from_db()
    assert segment.archived_at is None


def test_nothing_is_written_by_get_or_by_those_who_may_not(workspace: Workspace, owner: User):
    segment = actions.save_segment(name="Anns", rule=ANNS, by=owner)
    analyst = User.objects.create_user("anna@firm.example", "a long enough password")
    Membership.objects.create(user=analyst, role=Role.ANALYST, since=clock.now())
    client = Client()
    client.force_login(analyst)
    assert client.get(BASE).status_code == 200
    assert client.get(f"{BASE}{segment.pk}/").status_code == 200
    for page in (
        "new/",
        f"{segment.pk}/edit/",
        "build/",
        "preview/",
        f"{segment.pk}/rename/",
        f"{segment.pk}/archive/",
    ):
        assert client.post(BASE + page, NAMED_ANN | {"name": "X"}).status_code == 403
    client.force_login(owner)
    for page in ("build/", "preview/", f"{segment.pk}/rename/", f"{segment.pk}/archive/"):
        assert client.get(BASE + page).status_code == 405
    segment.refresh_from_db()
    assert (segment.name, segment.archived_at) == ("Anns", None)


def test_of_another_workspace_there_is_nothing(browser: Client, rival: Workspace, owner: User):
    with tenancy.workspace(rival.pk):
        theirs = actions.save_segment(name="Theirs", rule={"all": []}, by=None)
    for page in ("", "edit/"):
        assert browser.get(f"{BASE}{theirs.pk}/{page}").status_code == 404
    assert browser.post(f"{BASE}{theirs.pk}/rename/", {"name": "Ours"}).status_code == 404
    assert "Theirs" not in browser.get(BASE).text
