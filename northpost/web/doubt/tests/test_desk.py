"""The desk of mails in doubt: what is shown, who may decide, and that sending again is asked twice."""

from __future__ import annotations

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.actions.doubt import Finding, resolve
from northpost.delivery.models import Evidence, Message, MessageState, Source, SourceState, Verdict
from northpost.delivery.tests import rig
from northpost.team.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db
DESK = "/w/firm/doubt/"


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    now = clock.now()
    return Campaign.objects.create(
        name="Spring <b>", state="sent", default_language="en", created_at=now, updated_at=now
    )


@pytest.fixture
def doubted(campaign: Campaign) -> list[Message]:
    rig.people(3)
    route = rig.route(2500, host="relay.firm.example", name="Relay")
    actions.enqueue(source_kind=SOURCE, source_id=campaign.pk, audience=rig.everyone(), purpose_id=rig.marketing().pk)
    Message.objects.update(
        state=MessageState.IN_DOUBT, sending_at=clock.now(), settled_at=clock.now(), route_id=route.pk,
        reply_text="the connection was <lost>",
    )  # fmt: skip
    rig.note_doubts()
    Source.objects.update(state=SourceState.FINISHED, in_doubt_count=3)
    return list(Message.objects.order_by("pk"))


def as_role(workspace: Workspace, role: str) -> Client:
    user = User.objects.create_user(f"{role}@firm.example", "a long enough password")
    Membership.objects.create(user=user, role=role, since=clock.now())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def marketer(workspace: Workspace) -> Client:
    return as_role(workspace, "marketer")


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize("own", [False, True])
def test_the_desk_tells_what_is_known(marketer: Client, campaign: Campaign, doubted: list[Message], own: bool):
    page = marketer.get(f"/w/firm/mailings/{campaign.pk}/doubt/" if own else DESK).content.decode()
    for words in (
        "person0@mail.example",
        "Spring &lt;b&gt;",
        "Relay, relay.firm.example:2500",
        "was &lt;lost&gt;",
        "3 mails",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("the server closed the connection", "Then the server closed the connection, without saying that it took it."),
        ("no answer in time (final)", "and the server gave no answer in time."),
        ("421 4.3.2 shutting down", "All of it was handed over, and then: 421 4.3.2 shutting down"),
    ],
)
def test_how_the_connection_broke_is_said_in_words(marketer: Client, doubted: list[Message], told: str, words: str):
    Message.objects.update(reply_text=told)
    assert marketer.get(DESK).text.count(words) == 3


def test_it_says_how_others_were_settled(marketer: Client, campaign: Campaign, doubted: list[Message]):
    own = f"/w/firm/mailings/{campaign.pk}/doubt/"
    assert "has been settled since" not in marketer.get(DESK).text
    resolve([Finding(doubted[0].pk, Verdict.DELIVERED)], evidence=Evidence.HIT)
    said = "1 mail that was in doubt has been settled since: it was opened or clicked (1)."
    assert said in marketer.get(DESK).text and said in marketer.get(own).text
    resolve([Finding(doubted[1].pk, Verdict.DELIVERED)], evidence=Evidence.LOG)
    resolve([Finding(doubted[2].pk, Verdict.LEFT)], evidence=Evidence.PERSON)
    assert (
        "2 mails that were in doubt have been settled since:"
        " it was opened or clicked (1); the mail server&#x27;s log (1)."
    ) in marketer.get(DESK).text


def test_a_filter_finds_its_own(marketer: Client, campaign: Campaign, doubted: list[Message]):
    for query, number in (
        (f"mailing={campaign.pk}", 3), (f"mailing={campaign.pk + 1}", 0), ("route=999999999999", 0), ("show=left", 0),
        ("mailing=x&route=-1&page=99", 3),
    ):  # fmt: skip
        page = marketer.get(f"{DESK}?{query}").content.decode()
        assert page.count('name="id"') == number, query
    assert marketer.get("/w/firm/mailings/99999/doubt/").status_code == 404


def test_delivered_counts_as_sent(marketer: Client, doubted: list[Message]):
    answer = marketer.post(
        f"{DESK}decide/", {"verdict": "delivered", "id": [doubted[0].pk, doubted[2].pk]}, follow=True
    )
    assert "2 mails count as sent now." in answer.content.decode()
    assert states() == ["accepted", "in_doubt", "accepted"]


def test_sending_again_is_asked_twice(marketer: Client, doubted: list[Message]):
    first = marketer.post(f"{DESK}decide/", {"verdict": "again", "id": doubted[0].pk})
    assert "Send 1 mail again?" in first.content.decode()
    assert states() == ["in_doubt"] * 3
    assert not ProcrastinateJob.objects.filter(task_name__contains="send").exists()
    marketer.post(f"{DESK}decide/", {"verdict": "again", "id": doubted[0].pk, "confirmed": "yes"})
    assert states() == ["queued", "in_doubt", "in_doubt"]
    assert ProcrastinateJob.objects.filter(task_name__contains="send").exists()


def test_all_that_the_filter_finds(marketer: Client, campaign: Campaign, doubted: list[Message]):
    marketer.post(f"{DESK}decide/", {"verdict": "left", "id": doubted[0].pk})
    assert marketer.get(DESK).content.decode().count('name="id"') == 2
    marketer.post(f"{DESK}decide/", {"verdict": "delivered", "all": "1", "mailing": str(campaign.pk)})
    assert states() == ["in_doubt", "accepted", "accepted"]
    assert "Nothing in doubt fits this filter" in marketer.get(f"{DESK}?mailing={campaign.pk}").content.decode()


@pytest.mark.parametrize(
    "given", [{}, {"verdict": "delivered"}, {"verdict": "refused", "id": "1"}, {"verdict": "delivered", "id": "9" * 30}]
)
def test_what_is_no_decision_changes_nothing(marketer: Client, doubted: list[Message], given: dict[str, str]):
    given = given | ({"id": str(doubted[0].pk)} if given.get("id") == "1" else {})
    assert marketer.post(f"{DESK}decide/", given).status_code == 302
    assert states() == ["in_doubt"] * 3


@pytest.mark.parametrize("role", ["analyst", "consultant", "project_manager"])
def test_who_may_not_send_may_not_decide(workspace: Workspace, doubted: list[Message], role: str):
    client = as_role(workspace, role)
    page = client.get(DESK)
    assert page.status_code == 200
    assert 'name="verdict"' not in page.content.decode()
    assert client.post(f"{DESK}decide/", {"verdict": "delivered", "id": doubted[0].pk}).status_code == 403
    assert states() == ["in_doubt"] * 3


def test_an_empty_desk_says_so(marketer: Client):
    assert "Nothing in doubt" in marketer.get(DESK).content.decode()
