"""What every answer tells the browser: no script but ours, no frame but ours, cookies out of reach."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from northpost.team.models import User, Workspace
from northpost.web.frame.safety import POLICY

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


def test_the_policy_lets_no_script_in_from_a_page_or_elsewhere() -> None:
    said = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert said["default-src"] == "'self'"
    assert "script-src" not in said
    assert (said["object-src"], said["base-uri"], said["form-action"]) == ("'none'", "'none'", "'self'")
    assert said["frame-ancestors"] == "'self'"


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/accounts/login/", "testserver", 200),
        ("/w/firm/people/", "testserver", 200),
        ("/w/firm/people/1/", "testserver", 404),
        ("/w/no-such-firm/", "testserver", 404),
        ("/m/u/no-token", "testserver", 404),
        ("/w/firm/", "evil.example", 400),
    ],
)
def test_every_page_and_every_refusal_says_so(
    owner: User, workspace: Workspace, path: str, host: str, status: int
) -> None:
    client = Client()
    if path.startswith("/w/"):
        client.force_login(owner)
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert b"Traceback" not in answer.content


def test_a_form_from_elsewhere_is_refused_under_the_policy(owner: User, workspace: Workspace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/w/firm/people/new/", {"email": "ann@example.com"})
    assert answer.status_code == 403
    assert answer["Content-Security-Policy"] == POLICY


def test_the_session_s_cookie_is_out_of_reach_of_scripts_and_other_sites(owner: User) -> None:
    client = Client()
    client.cookies["sessionid"] = "chosen-by-somebody-else"
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert cookie.value != "chosen-by-somebody-else"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE == settings.NORTHPOST_URL.startswith("https:")


def test_a_failure_tells_nothing_of_the_inside(
    owner: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("the password is s3cret")

    monkeypatch.setattr("northpost.web.frame.home.read", fail)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    answer = client.get("/w/firm/")
    assert answer.status_code == 500
    assert answer["Content-Security-Policy"] == POLICY
    for inside in (b"s3cret", b"Traceback", b"RuntimeError", b"northpost/web"):
        assert inside not in answer.content
