"""The settings through the pages: who may, what is kept, and nothing of another workspace."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from northpost.contacts import actions as contacts
from northpost.contacts.models import Field, Purpose
from northpost.core import clock, tenancy
from northpost.goals.actions import set_end_goal
from northpost.segments.actions import rename_segment, save_segment
from northpost.team import actions
from northpost.team.models import ApiKey, AuditEntry, Invitation, Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def analyst(workspace: Workspace) -> Client:
    anna = User.objects.create_user("anna@firm.example", "a long enough password", name="Anna")
    Membership.objects.create(user=anna, role=Role.ANALYST, since=clock.now())
    client = Client()
    client.force_login(anna)
    return client


BASE = "/w/firm/settings/"
PAGES = {
    "": "Settings",
    "company/": "Company",
    "members/": "Members",
    "fields/": "Fields",
    "consent/": "Consent",
    "keys/": "Keys",
    "history/": "History",
}
WRITES = {
    "company/": {"name": "Stolen"},
    "members/invite/": {"email": "x@y.example", "role": "owner"},
    "members/1/role/": {"role": "owner"},
    "members/1/remove/": {},
    "invitations/1/withdraw/": {},
    "fields/new/": {"label": "X", "kind": "text"},
    "fields/1/": {"label": "X"},
    "fields/1/archive/": {},
    "fields/1/restore/": {},
    "consent/new/": {"label": "X", "text": "X"},
    "consent/1/": {"label": "X", "text": "X"},
}


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_there_for_the_owner(browser: Client, page: str):
    answer = browser.get(BASE + page)
    assert answer.status_code == 200
    assert f"<h1>{PAGES[page]}</h1>" in answer.text


def test_the_first_page_leads_to_all_that_one_may_see(browser: Client, analyst: Client, workspace: Workspace):
    page = browser.get(BASE).text
    links = re.findall(r'<li><a href="(/w/firm/[^"]+)">', page.partition("settings-index")[2])
    assert [link.removeprefix("/w/firm/") for link in links] == [
        *("settings/company/", "settings/members/", "settings/keys/", "settings/history/"),
        *("settings/sending/", "settings/domains/", "settings/limits/", "mailings/first-share/"),
        *("settings/mailboxes/", "settings/suppressions/"),
        *("settings/fields/", "settings/consent/"),
    ]
    assert all(browser.get(link).status_code == 200 for link in links)
    # Beside each page the others, and itself marked.
    beside = browser.get(BASE + "limits/").text
    assert all(f'href="{link}"' in beside for link in links)
    assert re.findall(r'<li><a href="([^"]+)" aria-current="page">Limits', beside) == ["/w/firm/settings/limits/"]
    seen = analyst.get(BASE).text.partition("settings-index")[2]
    assert "settings/members/" in seen and "settings/keys/" not in seen and "settings/mailboxes/" not in seen


def test_each_is_found_by_what_is_on_it(browser: Client, workspace: Workspace):
    def found(words: str) -> list[str]:
        answer = browser.get("/w/firm/search/", {"q": words}, headers={"accept": "application/json"})
        return [hit["url"] for hit in answer.json() if hit["group"] == "Settings"]

    assert found("dkim") == [BASE + "domains/"]
    assert found("warm-up") == [BASE + "limits/"]
    assert found("") == []


@pytest.mark.parametrize("page", PAGES)
def test_a_member_of_another_workspace_finds_nothing(rival: Workspace, workspace: Workspace, page: str):
    client = Client()
    client.force_login(User.objects.get(email="owner@rival.example"))
    assert client.get(BASE + page).status_code == 404
    for path, data in WRITES.items():
        assert client.post(BASE + path, data).status_code == 404
    assert Workspace.objects.get(slug="firm").name == "Firm"


def test_an_analyst_changes_nothing(analyst: Client, workspace: Workspace):
    assert [analyst.get(BASE + page).status_code for page in PAGES] == [200, 200, 200, 200, 200, 403, 403]
    before = AuditEntry.objects.count()
    for path, data in WRITES.items():
        assert analyst.post(BASE + path, data).status_code == 403, path
    assert (AuditEntry.objects.count(), Invitation.objects.count(), Field.objects.count()) == (before, 0, 0)
    assert "invitations/" not in analyst.get(BASE + "members/").text


def test_nothing_is_written_by_get_or_from_elsewhere(browser: Client, owner: User):
    for path in WRITES:
        if path not in ("company/", "fields/1/", "consent/1/"):
            assert browser.get(BASE + path).status_code == 405, path
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    for path, data in WRITES.items():
        assert strict.post(BASE + path, data).status_code == 403


def test_guessed_numbers_of_another_workspace_are_not_there(browser: Client, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = Membership.objects.get()
        invitation = actions.invite(email="x@y.example", role=Role.ANALYST, by=theirs.user)
        field = contacts.define_field(label="Secret", kind="text")
        purpose = Purpose.objects.get()
    for path, data in {
        f"members/{theirs.pk}/role/": {"role": "analyst"},
        f"members/{theirs.pk}/remove/": {},
        f"invitations/{invitation.pk}/withdraw/": {},
        f"fields/{field.pk}/": {"label": "Ours"},
        f"fields/{field.pk}/archive/": {},
        f"fields/{field.pk}/restore/": {},
        f"consent/{purpose.pk}/": {"label": "Ours", "text": "Ours"},
    }.items():
        assert browser.post(BASE + path, data).status_code == 404, path
    assert browser.get(f"{BASE}fields/{field.pk}/").status_code == 404
    with tenancy.workspace(rival.pk):
        assert (Membership.objects.get().role, Field.objects.get().label) == ("owner", "Secret")


def test_an_invitation_is_mailed_and_shown_to_copy(browser: Client, workspace: Workspace):
    workspace.language = "bg"
    workspace.save()
    answer = browser.post(BASE + "members/invite/", {"email": "anna@firm.example", "role": "analyst"}, follow=True)
    link = f"/invitations/{actions.invitation_token(Invitation.objects.get())}/"
    assert link in answer.text
    sent = mail.outbox[0]
    assert (sent.to, link in str(sent.body), "Firm" in sent.subject) == (["anna@firm.example"], True, True)
    answer = browser.post(BASE + "members/invite/", {"email": "owner@firm.example", "role": "analyst"})
    assert answer.status_code == 422
    assert "member already" in answer.text
    browser.post(f"{BASE}invitations/{Invitation.objects.get().pk}/withdraw/")
    assert link not in browser.get(BASE + "members/").text


def test_a_mail_that_cannot_be_sent_leaves_the_invitation(browser: Client, settings: object):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    answer = browser.post(BASE + "members/invite/", {"email": "a@b.example", "role": "analyst"}, follow=True)
    assert "could not be sent" in answer.text
    assert Invitation.objects.count() == 1


def test_the_last_owner_stays_through_the_page_too(browser: Client, workspace: Workspace):
    mine = Membership.objects.get()
    answer = browser.post(f"{BASE}members/{mine.pk}/remove/", follow=True)
    assert "last owner" in answer.text
    assert Membership.objects.count() == 1


def test_company_details_are_saved_or_refused_whole(browser: Client, workspace: Workspace):
    said = {"name": "Shop", "company_name": "Shop Ltd", "postal_address": "A\nB", "site": "", "language": "ru"}
    answer = browser.post(BASE + "company/", said | {"time_zone": "Nowhere", "currency": "EUR"})
    assert (answer.status_code, Workspace.objects.get(slug="firm").name) == (422, "Firm")
    answer = browser.post(BASE + "company/", said | {"time_zone": "Europe/Sofia", "currency": "BGN"})
    assert answer.headers["Location"] == BASE + "company/"
    workspace.refresh_from_db()
    assert (workspace.name, workspace.postal_address, workspace.currency) == ("Shop", "A, B", "BGN")


def test_fields_and_purposes_are_defined_in_the_page(browser: Client, workspace: Workspace):
    assert browser.post(BASE + "fields/new/", {"label": "Size", "kind": "choice", "choices": ""}).status_code == 422
    browser.post(BASE + "fields/new/", {"label": "Size", "kind": "choice", "choices": "S\nM"})
    size = Field.objects.get()
    assert "contact.size" in browser.get(BASE + "fields/").text
    browser.post(f"{BASE}fields/{size.pk}/", {"label": "Shirt", "choices": "S\nM\nL"})
    browser.post(f"{BASE}fields/{size.pk}/archive/")
    size.refresh_from_db()
    assert (size.label, size.choices, size.archived_at is None) == ("Shirt", ["S", "M", "L"], False)
    assert "Bring back" in browser.get(BASE + "fields/").text
    browser.post(f"{BASE}fields/{size.pk}/restore/")
    purpose = Purpose.objects.get()
    browser.post(f"{BASE}consent/{purpose.pk}/", {"label": "News", "text": "New words"})
    purpose.refresh_from_db()
    assert (purpose.text, purpose.text_version) == ("New words", "2")
    browser.post(BASE + "consent/new/", {"label": "Calls", "text": "You may call"})
    assert Purpose.objects.count() == 2
    said = browser.get(BASE + "history/").text
    assert "made the field “size”" in said
    assert "changed the purpose “News”, version 2" in said
    assert browser.get(BASE + "history/?who=999999&page=x").status_code == 200


def test_a_key_is_shown_once(browser: Client, workspace: Workspace):
    made = browser.post(BASE + "keys/new/", {"name": "Shop", "sees_money": "on"})
    token = re.search(r"<code[^>]*>(np_[^<]+)</code>", made.text)
    assert token is not None
    assert made.headers["Cache-Control"] == "no-store"
    asked = Client().get("/api/v1/campaigns", headers={"Authorization": f"Bearer {token[1]}"})
    assert asked.json() == {"items": [], "total": 0}
    later = browser.get(BASE + "keys/").text
    assert "Shop" in later
    assert token[1] not in later
    assert browser.post(BASE + "keys/new/", {"name": "Shop"}).status_code == 422
    key = ApiKey.objects.get()
    browser.post(f"{BASE}keys/{key.pk}/revoke/")
    assert "There is no key yet." in browser.get(BASE + "keys/").text
    assert browser.post(f"{BASE}keys/{key.pk}/revoke/").status_code == 404
    assert Client().get("/api/v1/campaigns", headers={"Authorization": f"Bearer {token[1]}"}).status_code == 401


def test_the_history_names_things(browser: Client, owner: User):
    segment = save_segment(name="Big spenders", rule={"all": []}, by=owner)
    rename_segment(segment_id=segment.pk, name="Spenders", by=owner)
    set_end_goal(group="lapsed", text="Come back", by=owner)
    said = browser.get(BASE + "history/").text
    assert "made the segment “Big spenders”" in said
    assert "renamed the segment “Big spenders” to “Spenders”" in said
    assert "said what is wanted in the end, from: Lapsed customers" in said


def test_the_link_of_an_invitation_is_for_who_may_invite_only(browser: Client, analyst: Client):
    """Whoever holds it can come in with the role that it gives."""
    browser.post(BASE + "members/invite/", {"email": "boss@firm.example", "role": "owner"})
    assert "/invitations/" in browser.get(BASE + "members/").text
    seen = analyst.get(BASE + "members/")
    assert (seen.status_code, "/invitations/" in seen.text, "boss@firm.example" in seen.text) == (200, False, False)
