"""E-mail services in the settings: chosen, entered, and never shown what was entered as a secret."""

from __future__ import annotations

import pytest
from django.test import Client

from northpost.delivery.esp.provider import providers, unseal
from northpost.delivery.models import Route
from northpost.team.models import User, Workspace

pytestmark = pytest.mark.django_db
EU = "https://api.eu.mailgun.net/v3"
ENTERED = {
    "name": "Our Mailgun", "domain": "mg.firm.example", "api_key": "key-secret", "api_url": EU, "signing_key": "",
    "connections": "5", "weight": "0",
}  # fmt: skip


@pytest.fixture
def client(owner: User, workspace: Workspace) -> Client:
    made = Client()
    made.force_login(owner)
    return made


def test_every_service_has_its_form(client: Client):
    page = client.get("/w/firm/settings/sending/services/").content.decode()
    for key, provider in providers().items():
        assert provider.label in page
        form = client.get(f"/w/firm/settings/sending/services/new/{key}/")
        assert form.status_code == 200
        for field in provider.fields:
            assert f'name="{field.name}"' in form.content.decode(), (key, field.name)
    assert client.get("/w/firm/settings/sending/services/new/pigeon/").status_code == 404


def test_a_service_is_added_and_its_key_never_shown(client: Client):
    answer = client.post("/w/firm/settings/sending/services/new/mailgun/", ENTERED)
    route = Route.objects.get(kind="esp")
    assert (answer.status_code, route.name, route.provider) == (302, "Our Mailgun", "mailgun")
    assert unseal(route.password_sealed)["api_key"] == "key-secret"
    page = client.get(f"/w/firm/settings/sending/routes/{route.pk}/").content.decode()
    assert "mg.firm.example" in page
    assert "key-secret" not in page
    assert "Mailgun, by its API" in client.get("/w/firm/settings/sending/").content.decode()


def test_it_is_changed_without_entering_the_key_again(client: Client):
    client.post("/w/firm/settings/sending/services/new/mailgun/", ENTERED)
    route = Route.objects.get(kind="esp")
    changed = ENTERED | {"name": "Renamed", "api_key": "", "connections": "9"}
    assert client.post(f"/w/firm/settings/sending/routes/{route.pk}/", changed).status_code == 302
    route.refresh_from_db()
    assert (route.name, route.connections) == ("Renamed", 9)
    assert unseal(route.password_sealed)["api_key"] == "key-secret"
    # For another domain it has to be.
    answer = client.post(f"/w/firm/settings/sending/routes/{route.pk}/", changed | {"domain": "evil.example"})
    assert answer.status_code == 422
    assert "Fill this in." in answer.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"api_key": ""}, {"domain": ""}, {"api_url": "http://127.0.0.1/"}, {"connections": "0"}]
)
def test_what_is_wrong_is_said_at_its_field(client: Client, wrong: dict[str, str]):
    answer = client.post("/w/firm/settings/sending/services/new/mailgun/", ENTERED | wrong)
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Route.objects.filter(kind="esp").exists()
