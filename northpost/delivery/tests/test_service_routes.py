"""A route to an e-mail service: entered, sealed, sent by, and everything the ledger promises."""

from __future__ import annotations

from typing import Any

import pytest

from northpost.delivery import addresses
from northpost.delivery.actions.routes import create_route, update_route
from northpost.delivery.engine import send_due
from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.esp.provider import seal, unseal
from northpost.delivery.esp.tests.services import CREDENTIALS, credentials, service, understood, yes
from northpost.delivery.models import Message, Route
from northpost.delivery.routes.trying import check_route
from northpost.delivery.tests import rig
from northpost.team.models import AuditEntry, User, Workspace

EU = "https://api.eu.mailgun.net/v3"
MAILGUN = CREDENTIALS["mailgun"] | {"api_url": EU}


def made(**changes: Any) -> Route:
    given: dict[str, Any] = {"name": "Service", "kind": "esp", "provider": "mailgun", "credentials": MAILGUN}
    return create_route(**(given | changes))


def led_to(route: Route, url: str) -> None:
    """As if the service were on this machine."""
    Route.objects.update(is_default=False)
    sealed = seal(credentials(route.provider, url))
    Route.objects.filter(pk=route.pk).update(password_sealed=sealed, is_default=True)


@pytest.mark.django_db
def test_credentials_are_sealed(workspace: Workspace, owner: User):
    route = made(by=owner)
    assert "key-1" not in route.password_sealed
    assert unseal(route.password_sealed) == MAILGUN
    assert "key-1" not in str(AuditEntry.objects.get(noun="route").detail)


@pytest.mark.django_db
def test_an_empty_secret_stays_as_long_as_the_account_does(workspace: Workspace):
    route = made()
    shown = {"domain": MAILGUN["domain"], "api_url": EU, "api_key": "", "signing_key": ""}
    update_route(route_id=route.pk, name="Renamed", credentials=shown)
    assert unseal(Route.objects.get(pk=route.pk).password_sealed) == MAILGUN
    with pytest.raises(DeliveryProblem) as refused:
        # It would be sent to another address than the one it was entered for.
        update_route(route_id=route.pk, credentials=shown | {"domain": "evil.example"})
    assert refused.value.field == "api_key"
    assert unseal(Route.objects.get(pk=route.pk).password_sealed) == MAILGUN


@pytest.mark.django_db
def test_what_proves_reports_is_entered_later_and_alone(workspace: Workspace):
    eu = "https://api.eu.sendgrid.com/v3/"
    route = made(provider="sendgrid", credentials={"api_key": "key-1", "api_url": eu})
    update_route(route_id=route.pk, credentials={"api_key": "", "api_url": eu, "verification_key": "MFkw"})
    kept = {"api_key": "key-1", "api_url": eu, "verification_key": "MFkw"}
    assert unseal(Route.objects.get(pk=route.pk).password_sealed) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "pigeon"}, "provider"),
        ({"credentials": MAILGUN | {"api_key": " "}}, "api_key"),
        ({"credentials": MAILGUN | {"api_url": "http://169.254.169.254/"}}, "api_url"),
        ({"credentials": MAILGUN | {"api_key": "a\r\nX-Header: 1"}}, "api_key"),
        ({"credentials": MAILGUN | {"domain": "x" * 501}}, "domain"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_right_is_refused(workspace: Workspace, changes: dict[str, Any], field: str):
    before = Route.objects.count()
    with pytest.raises(DeliveryProblem) as refused:
        made(**changes)
    assert refused.value.field == field
    assert Route.objects.count() == before


@pytest.mark.django_db
def test_trying_it_out_says_whether_the_key_is_right(workspace: Workspace):
    route = made()
    with service(lambda asked: (200, {}, {})) as playing:
        led_to(route, playing.url)
        assert check_route(route_id=route.pk).ok
    with service(lambda asked: (401, {"message": "Invalid key"}, {})) as playing:
        led_to(route, playing.url)
        report = check_route(route_id=route.pk)
    assert report.error is not None
    assert report.error.cause == "auth_refused"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["mailgun", "postmark"])
def test_a_mailing_leaves_by_it(workspace: Workspace, key: str):
    rig.register()
    rig.people(12)
    with service(lambda asked: yes(key, asked)) as playing:
        route = made(provider=key, credentials=CREDENTIALS[key] | ({"api_url": EU} if key == "mailgun" else {}))
        led_to(route, playing.url)
        rig.enqueue()
        report = send_due(workspace.pk)
        got = [one for asked in playing.asked for one in understood(key, asked)]
    assert (report.states["accepted"], report.alerts) == (12, [])
    assert sorted(one.recipient for one in got) == sorted(f"person{n}@mail.example" for n in range(12))
    for message in Message.objects.all():
        (own,) = (one for one in got if one.recipient == message.email)
        assert addresses.read_message(addresses.MESSAGE_ID, own.token) == (workspace.pk, message.pk)
        number = message.email.removeprefix("person").partition("@")[0] if message.email else ""
        assert own.subject == f"News for P{number}"
        assert f"Hello P{number} " in own.html


@pytest.mark.django_db(transaction=True)
def test_a_wrong_key_holds_the_route_and_nothing_is_lost(workspace: Workspace):
    rig.register()
    rig.people(5)
    route = made()
    with service(lambda asked: (401, {"message": "Invalid key"}, {})) as playing:
        led_to(route, playing.url)
        rig.enqueue()
        report = send_due(workspace.pk)
    assert rig.states() == {"queued": 5}
    route.refresh_from_db()
    assert route.paused_at is not None
    assert route.paused_until is None
    assert "Invalid key" in route.pause_reason
    assert len(report.alerts) == 1


@pytest.mark.django_db(transaction=True)
def test_a_lost_answer_is_in_doubt_and_never_sent_again(workspace: Workspace):
    rig.register()
    rig.people(3)
    route = made()
    lost = "person1@mail.example"

    def answer(asked: Any) -> Any:
        return None if understood("mailgun", asked)[0].recipient == lost else yes("mailgun", asked)

    with service(answer) as playing:
        led_to(route, playing.url)
        rig.enqueue()
        send_due(workspace.pk)
        send_due(workspace.pk)
    assert rig.states() == {"accepted": 2, "in_doubt": 1}
    assert Message.objects.get(state="in_doubt").email == lost
    assert len(playing.asked) == 3
