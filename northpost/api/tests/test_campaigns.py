"""The API as another program meets it: keys, walls, and the figures of a mailing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from northpost.campaigns.models import Campaign, CampaignState
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.delivery.models import Message, MessageState
from northpost.team.actions import count_request, make_key, revoke_key
from northpost.team.errors import TeamProblem
from northpost.team.models import ApiKey, AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/campaigns"


def mailing(**changes: Any) -> Campaign:
    now = clock.now()
    given = {"name": "Spring", "state": CampaignState.SENT, "created_at": now, "updated_at": now, "started_at": now}
    return Campaign.objects.create(**(given | changes))


def lines(campaign: Campaign, *states: str) -> None:
    now = clock.now()
    for number, state in enumerate(states):
        email = f"p{number}@mail.example"
        contact = Contact.objects.create(email=email, email_key=email, created_at=now, updated_at=now)
        Message.objects.create(
            source_kind="campaign",
            source_id=campaign.pk,
            contact_id=contact.pk,
            state=state,
            reason="suppressed" if state == MessageState.SKIPPED else "",
            due_at=now,
            enqueued_at=now,
        )


def ask(path: str, token: str) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def token(workspace: Workspace, owner: User) -> str:
    return make_key(name="Shop", sees_money=False, by=owner)[1]


def test_the_figures_of_a_mailing(token: str):
    campaign = mailing()
    lines(campaign, "accepted", "accepted", "rejected", "in_doubt", "skipped")
    answer = ask(f"{ROOT}/{campaign.pk}", token)
    assert answer.status_code == 200
    told = answer.json()
    assert told["name"] == "Spring"
    assert told["figures"] == {
        "chosen": 5, "waiting": 0, "accepted": 2, "rejected": 1, "in_doubt": 1, "skipped": 1, "bounced": 0,
        "delivered": 2, "opened": 0, "clicked": 0, "unsubscribed": 0, "complained": 0,
    }  # fmt: skip
    assert told["skipped_because"] == {"suppressed": 1}
    assert told["caused"] == "not measured"
    # Without the permission an amount is not there at all, rather than zero.
    assert told["touched"] == {"people": 0, "orders": 0, "revenue": None}


def test_a_key_that_sees_money(workspace: Workspace, owner: User):
    _key, token = make_key(name="Wall", sees_money=True, by=owner)
    assert ask(f"{ROOT}/{mailing().pk}", token).json()["touched"]["revenue"] == []


def test_mailings_page_by_page_and_by_state(token: str):
    made = [mailing(name=f"M{number}", created_at=clock.now() + timedelta(seconds=number)) for number in range(3)]
    mailing(name="Draft", state=CampaignState.DRAFT)
    told = ask(f"{ROOT}?state=sent&limit=2", token).json()
    assert (told["total"], [item["id"] for item in told["items"]]) == (3, [made[2].pk, made[1].pk])
    assert [item["id"] for item in ask(f"{ROOT}?state=sent&offset=2", token).json()["items"]] == [made[0].pk]
    assert ask(f"{ROOT}?state=nonsense", token).status_code == 422
    assert ask(f"{ROOT}?limit=100000", token).status_code == 422


def test_a_misspelt_parameter_is_named(token: str):
    unknown = {"type": "unknown", "msg": "There is no such parameter."}
    answer = ask(f"{ROOT}?state=sent&limt=2&ofset=3", token)
    assert answer.status_code == 422
    assert answer.json() == {"detail": [unknown | {"loc": ["query", "limt"]}, unknown | {"loc": ["query", "ofset"]}]}
    assert ask(f"{ROOT}/{mailing().pk}?campaign_id=1", token).status_code == 422


def test_a_draft_has_no_figures_yet(token: str):
    assert ask(f"{ROOT}/{mailing(state=CampaignState.DRAFT).pk}", token).status_code == 404
    assert ask(f"{ROOT}/99999999999999999999", token).status_code == 404


@pytest.mark.parametrize("shown", ["", "np_1_x", "np_x_y", "Bearer", "np_99999999999999999999_a", "np_1_" + "a" * 500])
def test_no_key_no_answer(token: str, shown: str):
    assert ask(ROOT, shown).status_code == 401
    assert Client().get(ROOT).status_code == 401


def test_one_changed_character_and_another_workspaces_number(token: str, workspace: Workspace, rival: Workspace):
    assert ask(ROOT, token).status_code == 200
    assert ask(ROOT, token[:-1] + ("a" if token[-1] != "a" else "b")).status_code == 401
    assert ask(ROOT, token.replace(f"np_{workspace.pk}_", f"np_{rival.pk}_")).status_code == 401


def test_a_revoked_key_opens_nothing(token: str, owner: User):
    key = ApiKey.objects.get()
    assert ask(ROOT, token).status_code == 200
    key.refresh_from_db()
    assert key.last_used_at is not None
    revoke_key(key_id=key.pk, by=owner)
    assert ask(ROOT, token).status_code == 401
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))[-2:] == ["made", "revoked"]


def test_another_workspaces_mailings_are_not_there(token: str, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = mailing(name="Theirs")
    assert ask(f"{ROOT}/{theirs.pk}", token).status_code == 404
    assert ask(ROOT, token).json() == {"items": [], "total": 0}


def test_the_secret_is_kept_nowhere(token: str):
    key = ApiKey.objects.get()
    assert token.split("_", 2)[2].encode() not in bytes(key.secret_hash)
    assert len(bytes(key.secret_hash)) == 32


def test_names_are_asked_for_and_unique(workspace: Workspace, owner: User):
    make_key(name="Shop", sees_money=False, by=owner)
    for name in ("", "  ", "Shop", "x" * 121):
        with pytest.raises(TeamProblem):
            make_key(name=name, sees_money=False, by=owner)
    assert ApiKey.objects.count() == 1


def test_the_description_is_open_and_names_every_figure():
    described = Client().get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {"/api/v1/campaigns", "/api/v1/campaigns/{campaign_id}"}
    assert "in_doubt" in described["components"]["schemas"]["Figures"]["properties"]


def test_nothing_can_be_written(token: str):
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(Client(), method)(ROOT, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 405


def test_so_many_requests_a_minute_and_no_more(token: str, owner: User, settings: Any):
    settings.NORTHPOST_API_PER_MINUTE = 3
    _key, other = make_key(name="Other", sees_money=False, by=owner)
    with clock.use(clock.VirtualClock(datetime(2026, 3, 4, 9, 0, tzinfo=UTC))) as virtual:
        assert [ask(ROOT, token).status_code for _each in range(2)] == [200, 200]
        virtual.advance(timedelta(seconds=20))
        # Whatever the answer is.
        assert ask(f"{ROOT}?limit=0", token).status_code == 422
        for _each in range(5):
            answer = ask(ROOT, token)
            assert (answer.status_code, answer["Retry-After"]) == (429, "40")
            assert answer.json() == {"detail": "Too many requests: ask again in 40 seconds."}
        assert ApiKey.objects.get(name="Shop").asked == 4
        assert ask(ROOT, other).status_code == 200
        virtual.advance(timedelta(seconds=39, milliseconds=500))
        assert ask(ROOT, token)["Retry-After"] == "1"
        virtual.advance(timedelta(milliseconds=500))
        assert [ask(ROOT, token).status_code for _each in range(4)] == [200, 200, 200, 429]


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_are_counted_together(workspace: Workspace, owner: User):
    key, _token = make_key(name="Shop", sees_money=False, by=owner)

    def one(_number: int) -> bool:
        try:
            with tenancy.workspace(workspace.pk):
                return count_request(key_id=key.pk, most=7) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        let_in = list(pool.map(one, range(20)))
    assert let_in.count(True) == 7
