"""Services' reports: only from the service, each once, and what follows from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.test import Client

from northpost.contacts.models import Consent, ConsentState
from northpost.core import clock, signing, tenancy
from northpost.core.fetch import Answer
from northpost.delivery import actions, addresses
from northpost.delivery.esp.provider import find, providers, seal
from northpost.delivery.esp.providers.amazon_ses.events import SesReader
from northpost.delivery.esp.reading import USER, address_token, password, report_address
from northpost.delivery.esp.tests.services import CREDENTIALS
from northpost.delivery.models import Message, Resolution, Route, ServiceReport, Suppression
from northpost.delivery.tests import rig
from northpost.delivery.webhooks.applying import apply_reports
from northpost.events.models import Event
from northpost.public.tests.reporting import (
    CERT_URL,
    FORM,
    SIGNED_BY_PASSWORD,
    SNS_KEY,
    TOPIC,
    proven,
    said,
)
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
ALL = sorted(CREDENTIALS)


@pytest.fixture
def message(workspace: Workspace) -> Message:
    rig.register()
    rig.people(1)
    rig.enqueue()
    Message.objects.update(state="accepted", sending_at=clock.now(), settled_at=clock.now() - timedelta(hours=1))
    return Message.objects.get()


def route_to(key: str) -> Route:
    own = CREDENTIALS[key] | ({"topic": TOPIC} if key == "amazon_ses" else {})
    return Route.objects.create(name=key, kind="esp", provider=key, password_sealed=seal(own), created_at=clock.now())


def token_of(message: Message) -> str:
    return addresses.message_id_header(message.workspace_id, message.pk, "x").strip("<>").partition("@")[0]


@pytest.fixture(autouse=True)
def amazon(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Amazon's certificate server is not on this machine: a certificate of our own; what was asked for, in order."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = clock.now() - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(SNS_KEY.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9))
        .sign(SNS_KEY, hashes.SHA256())
    )
    asked: list[str] = []

    def fetch(url: str, **given: Any) -> Answer:
        asked.append(url)
        return Answer(200, {}, certificate.public_bytes(serialization.Encoding.PEM))

    monkeypatch.setattr(SesReader, "fetch", staticmethod(fetch))
    return asked


def post(client: Client, route: Route, body: bytes, headers: dict[str, str]) -> int:
    path = f"/m/w/{address_token(route.workspace_id, route.pk)}/{route.provider}"
    headers = dict(headers)
    kind = headers.pop("content-type", "application/json")
    return client.post(path, body, content_type=kind, headers=headers).status_code


def report(client: Client, key: str, kind: str, message: Message, route: Route | None = None, **more: Any) -> Route:
    route = route or route_to(key)
    assert post(client, route, *proven(key, route, said(key, kind, token_of(message), **more))) == 200
    return route


# --- the tests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ALL)
def test_delivered_settles_a_doubt_and_nothing_else(client: Client, message: Message, key: str):
    Message.objects.update(state="in_doubt")
    rig.note_doubts()
    report(client, key, "delivered", message)
    assert apply_reports() == 1
    assert Message.objects.get().state == "accepted"
    assert Resolution.objects.get().evidence == "webhook"
    assert not Suppression.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("key", ALL)
def test_a_hard_bounce_suppresses(client: Client, message: Message, key: str):
    report(client, key, "hard", message)
    apply_reports()
    assert Suppression.objects.get().reason == "hard_bounce"
    assert Message.objects.get().bounced_at is not None
    assert [(event.kind, event.properties["kind"]) for event in Event.objects.all()] == [("mail.bounced", "hard")]


@pytest.mark.parametrize("key", ALL)
def test_a_complaint_ends_it(client: Client, message: Message, key: str):
    report(client, key, "complained", message)
    apply_reports()
    assert Suppression.objects.get().reason == "complaint"
    assert Consent.objects.get().state == ConsentState.WITHDRAWN


@pytest.mark.parametrize("key", ALL)
def test_told_fifty_times_it_is_one(client: Client, message: Message, key: str):
    route = route_to(key)
    for number in range(50):
        # Mailgun signs each try anew; the others say the same again.
        body, headers = proven(key, route, said(key, "hard", token_of(message)), nonce=f"{number:050d}")
        assert post(client, route, body, headers) == 200
    assert ServiceReport.objects.count() == 1
    assert apply_reports() == 1
    assert Event.objects.count() == 1


@pytest.mark.parametrize("key", ALL)
def test_who_cannot_prove_it_is_refused(client: Client, message: Message, key: str):
    route = route_to(key)
    body, headers = proven(key, route, said(key, "hard", token_of(message)))
    changed = body.replace(b"p@x.example", b"q@x.example").replace(b"p%40x.example", b"q%40x.example")
    assert changed != body
    attempts: list[tuple[bytes, dict[str, str]]] = [(body, {}), (changed, {}), (b"", headers), (b"{}", {})]
    if key in SIGNED_BY_PASSWORD:
        other = route_to(key)
        attempts = [(body, {}), (body, proven(key, other, {})[1]), (body, {"authorization": "Basic !"})]
    elif key == "mailgun":
        attempts = [(body.replace(b'"token": "t', b'"token": "u'), {}), (b"", {}), (b'{"signature": 1}', {})]
    elif key in ("resend", "sendgrid", "mandrill", "mailtrap", "mailersend"):
        attempts.append((changed, headers))
    elif key == "unisender_go":
        attempts = [(changed, {}), (b"", {}), (b"{}", {}), (b'{"auth": 1}', {})]
    else:
        attempts.append((changed, headers))
        attempts = attempts[1:]
    for tried, with_headers in attempts:
        assert post(client, route, tried, with_headers) == 403, (tried, with_headers)
    assert not ServiceReport.objects.exists()


def test_whoever_signs_with_something_of_its_own_is_asked_for_it():
    signing = {key for key, provider in providers().items() if provider.proof}
    # Unisender Go signs with the key that it is asked with.
    assert signing | SIGNED_BY_PASSWORD | {"unisender_go"} == set(ALL)
    assert not signing & SIGNED_BY_PASSWORD


@pytest.mark.parametrize("key", sorted(key for key, provider in providers().items() if provider.proof))
def test_without_a_secret_nothing_is_believed(client: Client, message: Message, key: str):
    route, proof = route_to(key), find(key).proof
    body, headers = proven(key, route, said(key, "hard", token_of(message)))
    own = {name: value for name, value in (CREDENTIALS[key] | {"topic": TOPIC}).items() if name != proof}
    Route.objects.filter(pk=route.pk).update(password_sealed=seal(own))
    assert post(client, route, body, headers) == 403
    assert not ServiceReport.objects.exists()


def test_a_signature_of_mailguns_serves_one_report_only(client: Client, message: Message):
    """It covers a time and a token: with the same, another report could be told."""
    route = route_to("mailgun")
    body, _headers = proven("mailgun", route, said("mailgun", "delivered", token_of(message)))
    assert post(client, route, body, {}) == 200
    other, _headers = proven("mailgun", route, said("mailgun", "complained", token_of(message)))
    assert post(client, route, other, {}) == 403
    assert list(ServiceReport.objects.values_list("kind", flat=True)) == ["delivered"]


@pytest.mark.parametrize(("key", "hours"), [("mailgun", 13), ("resend", 1), ("sendgrid", 26)])
def test_an_old_signature_is_refused(client: Client, message: Message, key: str, hours: int):
    route = route_to(key)
    body, headers = proven(key, route, said(key, "hard", token_of(message)))
    with clock.use(clock.VirtualClock(clock.now() + timedelta(hours=hours))):
        assert post(client, route, body, headers) == 403


@pytest.mark.parametrize(
    ("key", "body", "kind"),
    [
        ("mandrill", b"mandrill_events=%5B%5D", FORM),
        ("mailersend", b'{"type": "webhook.test", "data": {}}', "application/json"),
    ],
)
def test_whoever_only_knocks_is_answered(client: Client, message: Message, key: str, body: bytes, kind: str):
    """Before the webhook is there, and with it the key that would prove it."""
    route = route_to(key)
    assert post(client, route, body, {"content-type": kind}) == 200
    assert not ServiceReport.objects.exists()


def test_a_webhook_of_mailersends_of_another_version_is_refused(client: Client, message: Message):
    """So that its log there shows it."""
    route = route_to("mailersend")
    told = {"type": "activity.delivered", "data": {"id": "1", "type": "delivered", "email_id": "m1"}}
    assert post(client, route, *proven("mailersend", route, told)) == 400
    assert not ServiceReport.objects.exists()


def test_delivered_after_a_bounce_lifts_nothing(client: Client, message: Message):
    route = report(client, "brevo", "hard", message)
    apply_reports()
    report(client, "brevo", "delivered", message, route, when=1_790_000_100)
    apply_reports()
    assert Suppression.objects.get().reason == "hard_bounce"
    assert Message.objects.get().bounced_at is not None


def test_others_mail_of_the_same_account_is_passed_over(client: Client, message: Message, rival: Workspace):
    route = route_to("brevo")
    theirs = addresses.message_id_header(rival.pk, message.pk, "x").strip("<>").partition("@")[0]
    for token in ("", "something-else", theirs, token_of(message)[:-1] + "!"):
        assert post(client, route, *proven("brevo", route, said("brevo", "hard", token))) == 200
    assert not ServiceReport.objects.exists()


def test_an_address_is_bound_to_its_route(client: Client, message: Message, rival: Workspace):
    route = route_to("brevo")
    body, headers = proven("brevo", route, said("brevo", "hard", token_of(message)))
    token = address_token(route.workspace_id, route.pk)
    changed = ("A" if token[5] != "A" else "B").join((token[:5], token[6:]))
    for path in (
        f"/m/w/{changed}/brevo",
        f"/m/w/{token}/postmark",
        f"/m/w/{address_token(rival.pk, route.pk)}/brevo",
        f"/m/w/{address_token(route.workspace_id, route.pk + 99)}/brevo",
        f"/m/w/{signing.sign_ids('other', 1, 1)}/brevo",
    ):
        assert client.post(path, body, content_type="application/json", headers=headers).status_code == 404, path
    assert client.get(f"/m/w/{token}/brevo").status_code == 200
    assert client.put(f"/m/w/{token}/brevo").status_code == 405
    with tenancy.workspace(rival.pk):
        assert not ServiceReport.objects.exists()


@pytest.mark.parametrize("key", sorted(SIGNED_BY_PASSWORD))
@pytest.mark.parametrize(
    "body", [b"", b"[", b"null", b"7", b'{"event": {}}', b"\xff", b'[{"msys": 3}]', b'{"RecordType": "Inbound"}']
)
def test_what_cannot_be_read_is_no_error_of_ours(client: Client, message: Message, key: str, body: bytes):
    route = route_to(key)
    status = post(client, route, body, proven(key, route, {})[1])
    assert status in (200, 400)
    assert not ServiceReport.objects.exists()


def test_a_subscription_is_confirmed_at_amazon_only(client: Client, message: Message, amazon: list[str]):
    route = route_to("amazon_ses")
    asked = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "1",
        "TopicArn": TOPIC,
        "Message": "You have chosen",
        "Token": "t",
        "Timestamp": "2026-11-22T10:00:00.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": CERT_URL,
    }
    good = asked | {"SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"}
    assert post(client, route, *proven("amazon_ses", route, good)) == 200
    assert amazon[-1] == good["SubscribeURL"]
    bad = asked | {"SubscribeURL": "https://sns.evil.example/"}
    assert post(client, route, *proven("amazon_ses", route, bad)) == 403
    assert amazon[-1] == good["SubscribeURL"]


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com/bucket/SimpleNotificationService-0123456789abcdef.pem",
        "https://s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    ],
)
def test_a_certificate_is_amazons_or_none(client: Client, message: Message, amazon: list[str], url: str):
    route = route_to("amazon_ses")
    told = said("amazon_ses", "hard", token_of(message)) | {"SigningCertURL": url}
    assert post(client, route, *proven("amazon_ses", route, told)) == 403
    assert url not in amazon


def test_an_opening_is_judged_like_any_other(client: Client, message: Message):
    route = route_to("postmark")
    told = {
        "RecordType": "Open",
        "ReceivedAt": "2026-11-05T16:33:54Z",
        "UserAgent": "curl/8",
        "Recipient": "p@x.example",
        "MessageID": "m1",
        "Metadata": {"northpost": token_of(message)},
    }
    assert post(client, route, *proven("postmark", route, told)) == 200
    apply_reports()
    with clock.use(clock.VirtualClock(clock.now() + timedelta(seconds=12))):
        actions.classify_hits()
    assert [(event.kind, event.machine) for event in Event.objects.all()] == [("mail.opened", True)]


def test_the_address_to_enter_holds_the_password_where_nothing_is_signed(message: Message):
    def address(key: str) -> str:
        return report_address(find(key), message.workspace_id, 5)

    assert f"{USER}:{password(message.workspace_id, 5)}@" in address("postmark")
    assert "@" not in address("mailgun")
    assert address("mailgun").endswith("/mailgun")
