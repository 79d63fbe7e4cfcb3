"""Sign-up of the first owner, sign-in, and coming in by invitation; through the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from northpost.contacts.models import Purpose
from northpost.core import clock, tenancy
from northpost.team import actions, queries
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
FIRM = {
    "name": "Shop",
    "company_name": "Shop Ltd",
    "postal_address": "1 High Street\n1000 Sofia",
    "site": "shop.example",
    "language": "bg",
    "time_zone": "Europe/Sofia",
    "currency": "EUR",
}


@pytest.fixture(autouse=True)
def _fresh_throttle() -> None:
    cache.clear()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_first_owner_signs_up_makes_a_workspace_and_is_home():
    client = Client()
    assert client.get("/").headers["Location"] == "/accounts/signup/"
    answer = client.post(
        "/accounts/signup/", {"name": "Vera", "email": "Vera@shop.example", "password1": PASSWORD}, follow=True
    )
    assert answer.redirect_chain[-1][0] == "/workspaces/new/"
    answer = client.post("/workspaces/new/", FIRM)
    assert answer.headers["Location"] == "/w/shop/"
    user = User.objects.get()
    assert (user.email, user.name) == ("vera@shop.example", "Vera")
    with tenancy.person(user.pk):
        workspace = queries.workspaces_of(user)[0]
    assert (workspace.name, workspace.postal_address, workspace.site, workspace.time_zone) == (
        "Shop", "1 High Street, 1000 Sofia", "https://shop.example", "Europe/Sofia"
    )  # fmt: skip
    with tenancy.workspace(workspace.pk):
        assert "Shop Ltd" in Purpose.objects.get().text


def test_nobody_signs_up_after_the_first(owner: User):
    client = Client()
    answer = client.post("/accounts/signup/", {"name": "X", "email": "x@y.example", "password1": PASSWORD})
    assert b"invitation" in answer.content.lower()
    assert User.objects.count() == 1


def test_a_workspace_needs_its_details_and_get_makes_none(owner: User):
    client = signed_in(owner)
    assert client.get("/workspaces/new/", FIRM).status_code == 200
    answer = client.post("/workspaces/new/", FIRM | {"name": "", "time_zone": "Mars/Base"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"name", "time_zone"}
    with tenancy.rollcall():
        assert Workspace.objects.count() == 0


def test_an_owner_makes_further_workspaces_and_a_member_does_not(workspace: Workspace, owner: User):
    anna = User.objects.create_user("anna@shop.example", PASSWORD)
    Membership.objects.create(user=anna, role=Role.MARKETER, since=clock.now())
    assert signed_in(anna).post("/workspaces/new/", FIRM).status_code == 403
    assert signed_in(owner).post("/workspaces/new/", FIRM).headers["Location"] == "/w/shop/"


def test_an_invited_stranger_makes_an_account_and_is_in(workspace: Workspace, owner: User):
    invitation = actions.invite(email="anna@shop.example", role=Role.ANALYST, by=owner)
    path = f"/invitations/{actions.invitation_token(invitation)}/"
    client = Client()
    page = client.get(path)
    assert page.status_code == 200
    assert "anna@shop.example" in page.text
    assert Membership.objects.count() == 1
    assert client.post(path, {"name": "Anna", "password": "short"}).status_code == 422
    assert User.objects.filter(email="anna@shop.example").count() == 0
    answer = client.post(path, {"name": "Anna", "password": PASSWORD, "email": "other@shop.example"})
    assert answer.headers["Location"] == f"/w/{workspace.slug}/"
    with tenancy.workspace(workspace.pk):
        assert [(row.user.email, row.role) for row in queries.members()][1] == ("anna@shop.example", "analyst")
    assert client.get("/account/").status_code == 200
    assert Client().get(path).status_code == 410


def test_an_invited_person_with_an_account_signs_in_first(workspace: Workspace, owner: User):
    anna = User.objects.create_user("anna@shop.example", PASSWORD)
    path = f"/invitations/{actions.invitation_token(actions.invite(email=anna.email, role=Role.OWNER, by=owner))}/"
    answer = Client().post(path, {"name": "Thief", "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/login/?next=%2Finvitations%2F")
    boris = User.objects.create_user("boris@shop.example", PASSWORD)
    assert signed_in(boris).post(path).status_code == 403
    with tenancy.workspace(workspace.pk):
        assert len(queries.members()) == 1
    assert signed_in(anna).post(path).headers["Location"] == f"/w/{workspace.slug}/"
    with tenancy.workspace(workspace.pk):
        assert len(queries.members()) == 2


def test_a_door_that_is_closed_stays_closed(workspace: Workspace, owner: User):
    invitation = actions.invite(email="anna@shop.example", role=Role.ANALYST, by=owner)
    token = actions.invitation_token(invitation)
    assert Client().get(f"/invitations/{token[:-2]}{'A' if token[-2] != 'A' else 'B'}{token[-1]}/").status_code == 404
    assert Client().get("/invitations/nothing/").status_code == 404
    with clock.use(clock.VirtualClock(clock.now() + timedelta(days=8))):
        assert Client().post(f"/invitations/{token}/", {"name": "A", "password": PASSWORD}).status_code == 410
    actions.withdraw_invitation(invitation_id=invitation.pk, by=owner)
    assert Client().post(f"/invitations/{token}/", {"name": "A", "password": PASSWORD}).status_code == 410
    assert User.objects.count() == 1


def test_sign_in_says_the_same_for_unknown_people_and_slows_down(owner: User):
    def attempt(email: str) -> str:
        answer = Client().post("/accounts/login/", {"login": email, "password": "wrong"})
        return " ".join(answer.context["form"].non_field_errors()) if answer.context else str(answer.status_code)

    known, unknown = attempt(owner.email), attempt("nobody@firm.example")
    assert known == unknown != ""
    said = [attempt(owner.email) for _ in range(6)]
    assert said[-1] != known
    answer = Client().post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert "_auth_user_id" not in answer.client.session


def test_a_password_reset_ends_all_sessions_and_links_to_the_configured_host(owner: User):
    elsewhere = signed_in(owner)
    assert elsewhere.get("/account/").status_code == 200
    client = Client()
    known = client.post("/accounts/password/reset/", {"email": owner.email}, headers={"host": "localhost"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@firm.example"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    body = str(next(message for message in mail.outbox if message.to == [owner.email]).body)
    link = next(word for word in body.split() if "/password/reset/key/" in word)
    assert link.startswith(f"{settings.NORTHPOST_URL}/accounts/")
    form = client.get(link.removeprefix(settings.NORTHPOST_URL), follow=True)
    new = "quite another password"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    owner.refresh_from_db()
    assert owner.check_password(new)
    assert elsewhere.get("/account/").headers["Location"].startswith("/accounts/login/")


def test_a_profile_is_ones_own(owner: User):
    client = signed_in(owner)
    assert client.get("/account/", {"name": "Changed by GET"}).status_code == 200
    answer = client.post("/account/", {"name": " Vera P. ", "language": "bg", "theme": "dark"})
    assert answer.cookies["theme"].value == "dark"
    owner.refresh_from_db()
    assert (owner.name, owner.language, owner.theme) == ("Vera P.", "bg", "dark")
    assert client.post("/account/", {"name": "", "language": "xx", "theme": "pink"}).status_code == 422
    assert Client().get("/account/").headers["Location"].startswith("/accounts/login/")


def test_forms_from_elsewhere_are_refused(owner: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post("/workspaces/new/", FIRM).status_code == 403
    assert client.post("/account/", {"name": "Stolen"}).status_code == 403
    owner.refresh_from_db()
    assert owner.name == "Vera"
