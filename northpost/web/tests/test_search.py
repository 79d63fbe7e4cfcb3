"""The search box: what it finds, for whom, and within one workspace only."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from northpost.contacts.actions import add_contact
from northpost.core import clock, tenancy
from northpost.segments.models import Segment
from northpost.team.models import Membership, Role, User, Workspace


def nothing(request: HttpRequest, slug: str, pk: int = 0) -> HttpResponse:
    return HttpResponse()


# Pages of the parts, as far as the search leads there; those that are missing are not offered.
urlpatterns = [
    path("", include("northpost.config.urls")),
    path("w/<slug:slug>/probe/person/<int:pk>/", nothing, name="person"),
    path("w/<slug:slug>/probe/segment/<int:pk>/", nothing, name="segment"),
    path("w/<slug:slug>/probe/segment/new/", nothing, name="segment_create"),
    path("w/<slug:slug>/probe/settings/", nothing, name="settings"),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def ask(browser: Client, workspace: Workspace, words: str) -> list[dict[str, str]]:
    answer = browser.get(f"/w/{workspace.slug}/search/", {"q": words}, headers={"accept": "application/json"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    found: list[dict[str, str]] = answer.json()
    return found


def make_segment(name: str) -> Segment:
    return Segment.objects.create(name=name, rule={}, created_at=clock.now(), updated_at=clock.now())


def test_people_are_found_by_the_beginning_of_a_name(browser: Client, workspace: Workspace) -> None:
    ann = add_contact(email="ann@shop.example", first_name="Ann", last_name="Petrova")
    add_contact(email="boris@shop.example", first_name="Boris")
    assert ask(browser, workspace, "petr") == [
        {
            "group": "People",
            "label": "Ann Petrova",
            "url": f"/w/{workspace.slug}/probe/person/{ann.pk}/",
            "icon": "person",
            "hint": "ann@shop.example",
        }
    ]


def test_things_are_found_by_a_part_of_their_name(browser: Client, workspace: Workspace) -> None:
    segment = make_segment("Bought twice")
    make_segment("Never bought a laptop")
    found = ask(browser, workspace, "TWICE")
    assert [(hit["group"], hit["label"]) for hit in found] == [("Segments", "Bought twice")]
    assert found[0]["url"].endswith(f"/segment/{segment.pk}/")


def test_a_rival_s_people_and_things_are_not_found(browser: Client, workspace: Workspace, rival: Workspace) -> None:
    with tenancy.workspace(rival.pk):
        add_contact(email="carol@rival.example", first_name="Carol")
        make_segment("Carol and friends")
    assert ask(browser, workspace, "carol") == []
    assert browser.get(f"/w/{rival.slug}/search/", {"q": "carol"}).status_code == 404


def test_without_words_it_offers_what_one_may_do(browser: Client, owner: User, workspace: Workspace) -> None:
    def offered(group: str) -> list[str]:
        return [hit["label"] for hit in ask(browser, workspace, "") if hit["group"] == group]

    assert "New segment" in offered("To do")
    assert "Settings" in offered("Go to")
    Membership.objects.filter(user=owner).update(role=Role.ANALYST)
    assert offered("To do") == []
    assert "Settings" in offered("Go to")


def test_without_a_script_it_is_a_page(browser: Client, workspace: Workspace) -> None:
    make_segment("<b>Twice</b>")
    page = browser.get(f"/w/{workspace.slug}/search/", {"q": "twice"})
    assert page["Content-Type"].startswith("text/html")
    assert "&lt;b&gt;Twice&lt;/b&gt;</a>" in page.content.decode()
    empty = browser.get(f"/w/{workspace.slug}/search/", {"q": "no such thing"}).content.decode()
    assert "Nothing found" in empty
