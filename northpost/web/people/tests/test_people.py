"""Customers through the pages: finding, one person, lists and tags, many at once; and the walls around them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from northpost.campaigns.models import Campaign
from northpost.contacts import actions, queries
from northpost.contacts.models import Consent, ConsentRecord, Contact, ContactList, ListMember, Tag, Tagged
from northpost.core import clock, tenancy
from northpost.delivery.models import Link
from northpost.events.actions import NewEvent, record_events
from northpost.sales.models import Order
from northpost.segments.models import Lifecycle
from northpost.team.models import AuditEntry, Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/people/"
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def member(workspace: Workspace, role: str) -> Client:
    user = User.objects.create_user(f"{role}@firm.example", "a long enough password", name=role)
    Membership.objects.create(user=user, role=role, since=clock.now())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def ann(workspace: Workspace) -> int:
    return actions.add_contact(email="ann@shop.example", first_name="Ann", last_name="Petrova", language="bg").pk


@pytest.fixture
def bob(workspace: Workspace) -> int:
    return actions.add_contact(email="bob@shop.example", first_name="Bob").pk


@pytest.fixture
def stranger(rival: Workspace) -> int:
    with tenancy.workspace(rival.pk):
        return actions.add_contact(email="secret@rival.example", first_name="Secret").pk


def test_nobody_yet_says_what_to_do_next(browser: Client):
    assert "Nobody here yet" in browser.get(BASE).text


def test_search_and_filters_live_in_the_address(browser: Client, ann: int, bob: int, stranger: int):
    assert browser.get(BASE).text.count('name="id"') == 2
    news = actions.create_list(name="News")
    actions.add_to_list(list_id=news.pk, people=[bob])
    Lifecycle.objects.create(contact_id=ann, stage="active", since=MOMENT)
    actions.grant_consent(contact_id=ann, source="form")
    for query, names in {
        "q=petr": {"Ann"},
        "q=secret": set(),
        f"list={news.pk}": {"Bob"},
        "list=99999999": {"Ann", "Bob"},
        "stage=active": {"Ann"},
        "stage=king&consent=maybe&sort=DROP&page=x&language=": {"Ann", "Bob"},
        "consent=never_asked": {"Bob"},
        "language=bg&consent=granted": {"Ann"},
    }.items():
        said = browser.get(f"{BASE}?{query}")
        assert said.status_code == 200
        assert {row.contact.first_name for row in said.context["rows"]} == names, query


def test_a_person_is_added_and_changed_with_own_fields(browser: Client, workspace: Workspace):
    actions.define_field(label="Points", kind="number")
    actions.define_field(label="VIP", kind="boolean")
    said = {"email": "ann@shop.example", "first_name": "Ann", "role": "customer"}
    refused = browser.post(BASE + "new/", said | {"own_points": "many"})
    assert (refused.status_code, Contact.objects.count()) == (422, 0)
    assert "is not a number" in refused.text
    made = browser.post(BASE + "new/", said | {"own_points": "1 200,5", "own_vip": "true"})
    ann = Contact.objects.get()
    assert made.headers["Location"] == f"{BASE}{ann.pk}/"
    assert ann.attributes == {"points": 1200.5, "vip": True}
    again = browser.post(BASE + "new/", said)
    assert again.status_code == 422
    assert f"{BASE}{ann.pk}/" in again.text
    page = browser.get(f"{BASE}{ann.pk}/edit/")
    assert '<option value="true" selected>' in page.text
    browser.post(f"{BASE}{ann.pk}/edit/", said | {"last_name": "Lee", "own_points": "", "own_vip": "false"})
    ann.refresh_from_db()
    assert (ann.last_name, ann.attributes) == ("Lee", {"vip": False})


def test_the_page_of_a_person_tells_everything_in_one_line_of_time(browser: Client, ann: int):
    actions.grant_consent(contact_id=ann, source="form on the site", ip="192.0.2.1", at=MOMENT)
    Order.objects.create(
        number="A-17", contact_id=ann, placed_at=MOMENT + timedelta(days=1), total=Decimal("120.50"), currency="EUR",
        refunded=Decimal("20.50"), created_at=MOMENT,
    )  # fmt: skip
    record_events(
        [
            NewEvent("1", "mail.opened", ann, MOMENT + timedelta(days=2), machine=True),
            NewEvent("2", "mail.clicked", ann, MOMENT + timedelta(days=3), properties={"url": "https://shop.example/"}),
        ]
    )
    answer = browser.get(f"{BASE}{ann}/")
    words = [line.words for line in answer.context["stretch"].lines]
    assert words == [
        "Clicked in a mail",
        "Opened a mail",
        "Ordered something",
        "Agreed: News and offers by e-mail",
    ]
    assert "1 order for 100.00\u00a0EUR" in " ".join(answer.text.split(" "))
    assert "probably a machine" in answer.text
    assert "192.0.2.1" in answer.text
    said = browser.get(f"{BASE}{ann}/?kind=orders&before=nonsense")
    assert [line.note for line in said.context["stretch"].lines] == ["order A-17 · 120.50\u00a0EUR"]
    consultant = member(Workspace.objects.get(slug="firm"), Role.CONSULTANT)
    assert "100.00" not in consultant.get(f"{BASE}{ann}/").text
    assert "120.50" not in consultant.get(f"{BASE}{ann}/?kind=orders").text


def test_a_long_line_of_time_goes_on_where_it_stopped(browser: Client, ann: int):
    record_events([NewEvent(f"{n}", "mail.opened", ann, MOMENT + timedelta(minutes=n)) for n in range(60)])
    first = browser.get(f"{BASE}{ann}/").context["stretch"]
    assert (len(first.lines), first.earlier) == (40, MOMENT + timedelta(minutes=20))
    rest = browser.get(f"{BASE}{ann}/timeline/", {"before": first.earlier.isoformat()}).context["stretch"]
    assert (len(rest.lines), rest.earlier, rest.lines[0].at) == (20, None, MOMENT + timedelta(minutes=19))


def test_lists_tags_and_consent_of_one_person(browser: Client, ann: int):
    news = actions.create_list(name="News")
    browser.post(f"{BASE}{ann}/belongs/", {"do": "list_add", "key": news.pk})
    browser.post(f"{BASE}{ann}/belongs/", {"do": "tag_add", "name": "VIP"})
    assert (ListMember.objects.count(), Tagged.objects.count()) == (1, 1)
    browser.post(f"{BASE}{ann}/belongs/", {"do": "list_remove", "key": news.pk})
    browser.post(f"{BASE}{ann}/belongs/", {"do": "tag_remove", "key": Tag.objects.get().pk})
    assert (ListMember.objects.count(), Tagged.objects.count()) == (0, 0)
    refused = browser.post(f"{BASE}{ann}/consent/", {"do": "grant", "purpose": "marketing"}, follow=True)
    assert "It is the proof" in refused.text
    assert Consent.objects.count() == 0
    browser.post(f"{BASE}{ann}/consent/", {"do": "grant", "purpose": "marketing", "source": "by phone"})
    browser.post(f"{BASE}{ann}/consent/", {"do": "withdraw", "purpose": "marketing"})
    assert list(ConsentRecord.objects.order_by("id").values_list("state", "source")) == [
        ("granted", "by phone"),
        ("withdrawn", "by hand, Vera"),
    ]


def test_an_export_has_everything_and_leaves_a_trace(browser: Client, ann: int):
    answer = browser.post(f"{BASE}{ann}/export/")
    assert json.loads(answer.content)["person"]["email"] == "ann@shop.example"
    assert answer["Content-Disposition"] == f'attachment; filename="person-{ann}.json"'
    assert AuditEntry.objects.filter(verb="exported", noun_id=ann).count() == 1


def test_what_the_filters_find_is_exported_and_nobody_else(browser: Client, ann: int, bob: int, stranger: int):
    answer = browser.post(BASE + "export/", {"q": "petr", "format": "csv"})
    said = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert ("ann@shop.example" in said, "bob@" in said, "secret@" in said) == (True, False, False)
    everybody = b"".join(browser.post(BASE + "export/").streaming_content).decode()  # type: ignore[attr-defined]
    assert ("bob@shop.example" in everybody, "secret@" in everybody) == (True, False)
    sheet = browser.post(BASE + "export/", {"format": "xlsx"})
    assert sheet["Content-Disposition"].endswith('"people.xlsx"')
    assert b"".join(sheet.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    assert AuditEntry.objects.filter(verb="exported", noun="people").count() == 3
    workspace = Workspace.objects.get(slug="firm")
    assert member(workspace, Role.AGENCY).post(BASE + "export/").status_code == 403
    assert browser.get(BASE + "export/").status_code == 405


def test_erasing_asks_for_the_address(browser: Client, ann: int, bob: int):
    browser.post(f"{BASE}{ann}/erase/", {"typed": "bob@shop.example"})
    assert Contact.objects.count() == 2
    answer = browser.post(f"{BASE}{ann}/erase/", {"typed": "ann@shop.example"})
    assert answer.headers["Location"] == BASE
    assert [row.pk for row in Contact.objects.all()] == [bob]


def test_many_at_once_are_asked_about_first(browser: Client, ann: int, bob: int, stranger: int):
    news = actions.create_list(name="News")
    said = {"do": f"list_add:{news.pk}", "id": [ann, stranger]}
    asked = browser.post(BASE + "bulk/", said)
    assert "Put 1 person on the list “News”?" in asked.text
    assert ListMember.objects.count() == 0
    browser.post(BASE + "bulk/", said | {"sure": "1"})
    assert [row.contact_id for row in ListMember.objects.all()] == [ann]
    everybody = {"do": "tag_new:0", "everybody": "1", "sure": "1"}
    assert browser.post(BASE + "bulk/", everybody | {"new_tag": " "}).status_code == 422
    browser.post(BASE + "bulk/", everybody | {"new_tag": "Fair", "q": "bob"})
    assert [row.contact_id for row in Tagged.objects.all()] == [bob]
    browser.post(BASE + "bulk/", {"do": "withdraw:999999", "everybody": "1", "sure": "1"})
    assert Consent.objects.count() == 0
    with tenancy.workspace(Workspace.objects.get(slug="firm").pk):
        assert queries.list_sizes()[0].people == 1


@pytest.mark.parametrize(
    ("label", "url", "said"),
    [
        ("To the shop", "{{ company.site }}", "To the shop"),
        ("{{ company.name }}", "https://shop.example/", "Firm Ltd"),
        ("", "https://shop.example/sale", "https://shop.example/sale"),
    ],
)
def test_a_click_is_told_by_what_the_link_says(
    browser: Client, workspace: Workspace, bob: int, label: str, url: str, said: str
):
    Workspace.objects.filter(pk=workspace.pk).update(company_name="Firm Ltd")
    mailing = Campaign.objects.create(name="Spring", created_at=MOMENT, updated_at=MOMENT)
    link = Link.objects.create(source_kind="campaign", source_id=mailing.pk, url=url, label=label, url_hash="1")
    record_events([NewEvent("1", "mail.clicked", bob, MOMENT, properties={"link_id": link.pk, "url": url})])
    line = browser.get(f"{BASE}{bob}/").context["stretch"].lines[0]
    assert (line.words, line.note) == ("Clicked in a mail", said)


def test_lists_and_tags_have_their_pages(browser: Client, workspace: Workspace, bob: int):
    browser.post(BASE + "lists/new/", {"name": "News", "description": "Weekly"})
    assert browser.post(BASE + "lists/new/", {"name": "News"}).status_code == 422
    news = ContactList.objects.get()
    browser.post(f"{BASE}lists/{news.pk}/", {"name": "Letters", "description": ""})
    browser.post(f"{BASE}lists/{news.pk}/archive/")
    assert "Bring back" in browser.get(BASE + "lists/").text
    browser.post(f"{BASE}lists/{news.pk}/restore/")
    news.refresh_from_db()
    assert (news.name, news.archived_at) == ("Letters", None)
    browser.post(BASE + "tags/new/", {"name": "VIP"})
    vip = Tag.objects.get()
    actions.add_tag(tag_id=vip.pk, people=[bob])
    browser.post(f"{BASE}tags/{vip.pk}/", {"name": "Gold"})
    browser.post(f"{BASE}tags/{vip.pk}/delete/", {"typed": "VIP"})
    assert Tag.objects.get().name == "Gold"
    assert "1 person has it." in browser.get(BASE + "tags/").text
    browser.post(f"{BASE}tags/{vip.pk}/delete/", {"typed": "Gold"})
    assert (Tag.objects.count(), Tagged.objects.count()) == (0, 0)


WRITES = {
    "bulk/": {"do": "list_add:{list}", "id": "{contact}", "sure": "1"},
    "{contact}/belongs/": {"do": "list_add", "key": "{list}"},
    "{contact}/consent/": {"do": "grant", "purpose": "marketing", "source": "x"},
    "{contact}/export/": {},
    "{contact}/erase/": {"typed": "secret@rival.example"},
    "lists/{list}/archive/": {},
    "lists/{list}/restore/": {},
    "tags/{tag}/delete/": {"typed": "Theirs"},
}
FORMS = {
    "{contact}/edit/": {"email": "stolen@shop.example", "role": "customer"},
    "lists/{list}/": {"name": "Stolen"},
    "tags/{tag}/": {"name": "Stolen"},
}
READS = ["", "{contact}/", "{contact}/timeline/", "lists/", "tags/", "new/"]


@pytest.fixture
def theirs(rival: Workspace, stranger: int) -> dict[str, int]:
    with tenancy.workspace(rival.pk):
        found = actions.create_list(name="Theirs")
        tag = actions.find_or_create_tag(name="Theirs")
        return {"contact": stranger, "list": found.pk, "tag": tag.pk}


def fill(data: dict[str, str], keys: dict[str, int]) -> dict[str, str]:
    return {name: value.format(**keys) for name, value in data.items()}


def test_guessed_numbers_of_another_workspace_are_not_there(browser: Client, rival: Workspace, theirs: dict[str, int]):
    for path, data in (WRITES | FORMS).items():
        answer = browser.post(BASE + path.format(**theirs), fill(data, theirs))
        assert answer.status_code == (302 if path == "bulk/" else 404), path
    for path in ("{contact}/", "{contact}/timeline/", "{contact}/edit/", "lists/{list}/", "tags/{tag}/"):
        assert browser.get(BASE + path.format(**theirs)).status_code == 404
    with tenancy.workspace(rival.pk):
        assert (Contact.objects.get().email, ContactList.objects.get().archived_at) == ("secret@rival.example", None)
        assert (Tag.objects.get().name, ListMember.objects.count(), Consent.objects.count()) == ("Theirs", 0, 0)


def test_a_member_of_another_workspace_finds_nothing(workspace: Workspace, rival: Workspace, ann: int):
    client = Client()
    client.force_login(User.objects.get(email="owner@rival.example"))
    keys = {"contact": ann, "list": 1, "tag": 1}
    for path in READS:
        assert client.get(BASE + path.format(**keys)).status_code == 404
    for path, data in (WRITES | FORMS).items():
        assert client.post(BASE + path.format(**keys), fill(data, keys)).status_code == 404


def test_roles_hold_in_bulk_too(workspace: Workspace, ann: int):
    news = actions.create_list(name="News")
    tag = actions.find_or_create_tag(name="VIP")
    keys = {"contact": ann, "list": news.pk, "tag": tag.pk}
    analyst, consultant = member(workspace, Role.ANALYST), member(workspace, Role.CONSULTANT)
    for path, data in (WRITES | FORMS).items():
        said = analyst.post(BASE + path.format(**keys), fill(data, keys)).status_code
        assert said == (200 if path == "{contact}/export/" else 403), path
    assert consultant.post(f"{BASE}{ann}/export/").status_code == 403
    assert analyst.post(BASE + "new/", {"email": "x@y.example", "role": "customer"}).status_code == 403
    assert (ListMember.objects.count(), Contact.objects.get().email, Tag.objects.count()) == (0, "ann@shop.example", 1)
    assert 'name="do"' not in analyst.get(BASE).text


def test_nothing_is_written_by_get_or_from_elsewhere(browser: Client, owner: User, ann: int):
    keys = {"contact": ann, "list": 1, "tag": 1}
    for path in WRITES:
        assert browser.get(BASE + path.format(**keys)).status_code == 405, path
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    for path, data in (WRITES | FORMS).items():
        assert strict.post(BASE + path.format(**keys), fill(data, keys)).status_code == 403
    assert Contact.objects.count() == 1
