"""The local mailbox's pages: what one sees, what a mail may do to the page, and who may empty it."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage

import pytest
from django.test import Client

from northpost.core import tenancy
from northpost.mailbox import queries
from northpost.mailbox.access import credentials
from northpost.mailbox.actions import keep_mails
from northpost.mailbox.received import ReceivedMail
from northpost.team.models import AuditEntry, Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
ARRIVED = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def message(*, to: str, subject: str, html: str = "<p>Hello</p>", text: str = "Hello\n") -> bytes:
    made = EmailMessage()
    made["From"] = "The Shop <shop@shop.example>"
    made["To"] = to
    made["Subject"] = subject
    made["X-Trace"] = "<b>folded</b>"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made.as_bytes().replace(b"\n", b"\r\n")


def arrive(workspace: Workspace, *mails: bytes, to: str = "ann@reader.example") -> list[int]:
    account = credentials(workspace.pk).username
    keep_mails(mails=[ReceivedMail(account, "back@shop.example", to, raw, ARRIVED) for raw in mails])
    with tenancy.workspace(workspace.pk):
        return [line.id for line in reversed(queries.newest_mails(limit=len(mails)))]


def test_it_says_that_it_is_a_rehearsal_and_lists_the_newest_first(browser: Client, workspace: Workspace) -> None:
    arrive(workspace, message(to="ann@reader.example", subject="First <b>offer</b>"))
    arrive(workspace, message(to="ivo@reader.example", subject="Second"), to="ivo@reader.example")
    page = browser.get(f"/w/{workspace.slug}/mailbox/").content.decode()
    assert "Local mailbox: a rehearsal. Nothing here has left this machine." in page
    assert page.index("Second") < page.index("First &lt;b&gt;offer&lt;/b&gt;")
    assert "First <b>" not in page
    assert "2 mails, the newest first." in page


def test_it_is_searched_by_recipient_and_subject_and_paged(
    browser: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    ids = arrive(workspace, *(message(to="ann@reader.example", subject=f"Letter {n}") for n in range(1, 6)))
    arrive(workspace, message(to="ivo@reader.example", subject="Bill"), to="ivo@reader.example")
    first = browser.get(f"/w/{workspace.slug}/mailbox/", {"q": "letter"})
    assert [line.subject for line in first.context["mails"]] == ["Letter 5", "Letter 4"]
    assert f"?q=letter&amp;before={ids[3]}" in first.content.decode()
    older = browser.get(f"/w/{workspace.slug}/mailbox/", {"q": "letter", "before": ids[3]})
    assert [line.subject for line in older.context["mails"]] == ["Letter 3", "Letter 2"]
    last = browser.get(f"/w/{workspace.slug}/mailbox/", {"q": "letter", "before": ids[1]})
    assert [line.subject for line in last.context["mails"]] == ["Letter 1"]
    assert last.context["older"] is None
    found = browser.get(f"/w/{workspace.slug}/mailbox/", {"q": "IVO@"})
    assert [line.subject for line in found.context["mails"]] == ["Bill"]
    assert browser.get(f"/w/{workspace.slug}/mailbox/", {"before": "9" * 400}).status_code == 200


def test_it_refreshes_itself_only_when_something_is_new(browser: Client, workspace: Workspace) -> None:
    arrive(workspace, message(to="ann@reader.example", subject="One"))
    address = f"/w/{workspace.slug}/mailbox/"
    seen = browser.get(address).context["state"]
    assert browser.get(address, {"seen": seen}).status_code == 204
    arrive(workspace, message(to="ann@reader.example", subject="Two"))
    assert "Two" in browser.get(address, {"seen": seen}).content.decode()


def test_one_mail_is_shown_with_folded_headers_frame_and_text(browser: Client, workspace: Workspace) -> None:
    (pk,) = arrive(workspace, message(to="ann@reader.example", subject="Spring", text="Plain <i>words</i>\n"))
    page = browser.get(f"/w/{workspace.slug}/mailbox/{pk}/").content.decode()
    assert "The Shop &lt;shop@shop.example&gt;" in page
    assert '<details class="headers">' in page
    assert "&lt;b&gt;folded&lt;/b&gt;" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert f'src="/w/{workspace.slug}/mailbox/{pk}/html/"' in page
    text = browser.get(f"/w/{workspace.slug}/mailbox/{pk}/", {"show": "text"}).content.decode()
    assert "Plain &lt;i&gt;words&lt;/i&gt;" in text
    assert "<iframe" not in text


def test_the_mail_s_html_runs_nothing_and_its_links_open_beside(browser: Client, workspace: Workspace) -> None:
    html = '<html><head><title>x</title></head><body><script>steal()</script><a href="https://shop.example">s</a>'
    (pk,) = arrive(workspace, message(to="ann@reader.example", subject="Spring", html=html))
    framed = browser.get(f"/w/{workspace.slug}/mailbox/{pk}/html/")
    policy = framed["Content-Security-Policy"].split("; ")
    assert policy[0] == "sandbox allow-popups allow-popups-to-escape-sandbox"
    assert "default-src 'none'" in policy
    assert not any(part.startswith("script-src") for part in policy)
    assert framed.content.decode().startswith('<html><head><base target="_blank"><title>')


def test_the_message_is_downloaded_as_it_came(browser: Client, workspace: Workspace) -> None:
    sent = message(to="ann@reader.example", subject="Весна")
    (pk,) = arrive(workspace, sent)
    answer = browser.get(f"/w/{workspace.slug}/mailbox/{pk}/raw/")
    assert answer.content == sent
    assert answer["Content-Disposition"] == f'attachment; filename="mail-{pk}.eml"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_mail_without_html_or_subject_is_shown_by_its_text(browser: Client, workspace: Workspace) -> None:
    (pk,) = arrive(workspace, message(to="ann@reader.example", subject="", html=""))
    page = browser.get(f"/w/{workspace.slug}/mailbox/{pk}/").content.decode()
    assert "(no subject)" in page
    assert '<pre class="mail-text">Hello' in page


def test_emptying_is_asked_first_and_done_by_post_only(browser: Client, workspace: Workspace, rival: Workspace) -> None:
    arrive(workspace, message(to="ann@reader.example", subject="One"))
    arrive(rival, message(to="ann@reader.example", subject="Theirs"))
    address = f"/w/{workspace.slug}/mailbox/empty/"
    assert "1 mail is in it." in browser.get(address).content.decode()
    assert queries.count_mails() == 1
    answer = browser.post(address, follow=True)
    assert "1 mail deleted. The mailbox is empty." in answer.content.decode()
    assert queries.count_mails() == 0
    assert AuditEntry.objects.filter(verb="emptied", noun="mailbox", detail={"mails": 1}).count() == 1
    with tenancy.workspace(rival.pk):
        assert queries.count_mails() == 1


def test_who_may_not_change_things_does_not_empty_it(browser: Client, owner: User, workspace: Workspace) -> None:
    arrive(workspace, message(to="ann@reader.example", subject="One"))
    Membership.objects.filter(user=owner).update(role=Role.ANALYST)
    assert "Empty the mailbox" not in browser.get(f"/w/{workspace.slug}/mailbox/").content.decode()
    assert browser.post(f"/w/{workspace.slug}/mailbox/empty/").status_code == 403
    assert queries.count_mails() == 1


def test_a_forged_form_empties_nothing(owner: User, workspace: Workspace) -> None:
    arrive(workspace, message(to="ann@reader.example", subject="One"))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(f"/w/{workspace.slug}/mailbox/empty/").status_code == 403
    assert queries.count_mails() == 1


def test_a_rival_s_mail_is_not_there(browser: Client, workspace: Workspace, rival: Workspace) -> None:
    (pk,) = arrive(rival, message(to="ann@reader.example", subject="Theirs"))
    for part in ("", "html/", "raw/"):
        assert browser.get(f"/w/{workspace.slug}/mailbox/{pk}/{part}").status_code == 404
        assert browser.get(f"/w/{rival.slug}/mailbox/{pk}/{part}").status_code == 404
    assert browser.get(f"/w/{workspace.slug}/mailbox/{10**30}/").status_code == 404
    assert browser.get(f"/w/{rival.slug}/mailbox/").status_code == 404


def test_it_is_found_in_the_search_box(browser: Client, workspace: Workspace) -> None:
    answer = browser.get(f"/w/{workspace.slug}/search/", {"q": "mailbox"}, headers={"accept": "application/json"})
    found = [(hit["label"], hit["url"]) for hit in answer.json()]
    assert found[0] == ("Local mailbox", f"/w/{workspace.slug}/mailbox/")
    # And what of the settings is about mailboxes.
    assert ("Mailboxes to read", f"/w/{workspace.slug}/settings/mailboxes/") in found
