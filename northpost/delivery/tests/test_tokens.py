"""Signing in by XOAUTH2: a real server that takes tokens, and a real one that gives them."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from northpost.core import clock
from northpost.core.fetch import Answer, fetch
from northpost.delivery.actions import tokens
from northpost.delivery.actions.inboxes import update_inbox
from northpost.delivery.actions.tokens import Holder, NoToken, access_token, give_token, take_token_away
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Inbox, Route, SignInToken
from northpost.delivery.routes import RouteUnusable, endpoint_of
from northpost.delivery.transport import Endpoint, check
from northpost.delivery.transport.tests.rig import QUICK, scripted
from northpost.team.models import Workspace

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nine() -> Iterator[clock.VirtualClock]:
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        assert isinstance(virtual, clock.VirtualClock)
        yield virtual


@pytest.fixture
def route(workspace: Workspace) -> Route:
    made = Route.objects.create(
        name="Google", host="smtp.gmail.com", port=587, username="news@firm.example", created_at=NOW
    )
    give_token(
        holder=Holder("route", made.pk),
        provider="google",
        client_id="us",
        client_secret="s3cret",
        refresh_token="refresh-1",
    )
    return made


@contextmanager
def provider(*answers: tuple[int, Any]) -> Iterator[tuple[Callable[..., Answer], list[dict[str, str]]]]:
    """Gives tokens over HTTP; what it was asked, and a fetch that finds it whatever the address says."""
    asked: list[dict[str, str]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append({name: values[0] for name, values in parse_qs(body).items()})
            status, said = left.pop(0)
            made = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(made)))
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def ask(url: str, **details: Any) -> Answer:
        assert url.startswith("https://")
        return fetch(f"http://127.0.0.1:{server.server_port}/token", private=True, **details)

    try:
        yield ask, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_token_is_fetched_once_and_renewed_ahead_of_its_end(route: Route, nine: clock.VirtualClock) -> None:
    first = (200, {"access_token": "access-1", "expires_in": 3600})
    second = (200, {"access_token": "access-2", "expires_in": 3600, "refresh_token": "refresh-2"})
    third = (200, {"access_token": "access-3", "expires_in": 3600})
    with provider(first, second, third) as (ask, asked):
        assert [access_token(route, ask=ask) for _ in range(3)] == ["access-1"] * 3
        nine.advance(timedelta(minutes=49))
        assert access_token(route, ask=ask) == "access-1"
        nine.advance(timedelta(minutes=1))
        assert access_token(route, ask=ask) == "access-2"
        nine.advance(timedelta(hours=1))
        assert access_token(route, ask=ask) == "access-3"
    assert [one["refresh_token"] for one in asked] == ["refresh-1", "refresh-1", "refresh-2"]
    assert asked[0] == {
        "grant_type": "refresh_token",
        "client_id": "us",
        "client_secret": "s3cret",
        "refresh_token": "refresh-1",
    }
    stored = json.dumps(list(SignInToken.objects.values()), default=str)
    assert not any(secret in stored for secret in ("s3cret", "refresh-2", "access-3"))


@pytest.mark.parametrize(
    ("status", "said", "retryable"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been revoked"}, False),
        (401, {"error": "invalid_client"}, False),
        (503, {"error": "temporarily_unavailable"}, True),
        (500, "<html>", True),
        (200, {"token": "x"}, True),
        (200, {"access_token": "a\r\nb"}, True),
        (200, {"access_token": "a", "expires_in": "soon"}, True),
        (200, [], True),
    ],
)
def test_no_token(route: Route, status: int, said: Any, retryable: bool) -> None:
    with provider((status, said)) as (ask, _asked), pytest.raises(NoToken) as refused:
        access_token(route, ask=ask)
    assert refused.value.retryable is retryable
    assert SignInToken.objects.get().access_sealed == ""


def test_a_provider_that_is_away_is_asked_again_later(route: Route) -> None:
    with provider() as (ask, _asked):
        gone = ask
    with pytest.raises(NoToken) as refused:
        access_token(route, ask=gone)
    assert refused.value.retryable


def test_a_permission_is_for_its_server_and_user_only(route: Route) -> None:
    Route.objects.filter(pk=route.pk).update(host="smtp.stranger.example")
    route.refresh_from_db()
    with provider() as (ask, asked):
        with pytest.raises(NoToken) as refused:
            access_token(route, ask=ask)
        assert asked == []
    assert not refused.value.retryable
    with pytest.raises(RouteUnusable) as unusable:
        endpoint_of(route)
    assert not unusable.value.retryable


def test_where_it_is_asked(route: Route) -> None:
    assert tokens.token_url(SignInToken.objects.get()) == "https://oauth2.googleapis.com/token"
    there = give_token(
        holder=Holder("route", route.pk),
        provider="microsoft",
        client_id="us",
        client_secret="",
        refresh_token="r",
        tenant="firm.example",
    )
    assert tokens.token_url(there) == "https://login.microsoftonline.com/firm.example/oauth2/v2.0/token"
    with provider((200, {"access_token": "a", "expires_in": 60})) as (ask, asked):
        access_token(route, ask=ask)
    assert asked[0]["scope"] == "https://outlook.office.com/SMTP.Send offline_access"
    assert "client_secret" not in asked[0]


@pytest.mark.parametrize(("protocol", "scope"), [("imap", "IMAP"), ("pop3", "POP")])
def test_a_mailbox_that_is_read_has_one_of_its_own(route: Route, protocol: str, scope: str) -> None:
    inbox = Inbox.objects.create(
        protocol=protocol, name="Bounces", host="outlook.office365.com", username="post@firm.example", created_at=NOW
    )
    given = {"provider": "microsoft", "client_id": "us", "client_secret": "", "refresh_token": "refresh-2"}
    give_token(holder=Holder("inbox", inbox.pk), **given)
    with provider((200, {"access_token": "access-2", "expires_in": 3600})) as (ask, asked):
        assert access_token(inbox, ask=ask) == "access-2"
    assert asked[0]["scope"] == f"https://outlook.office.com/{scope}.AccessAsUser.All offline_access"
    assert asked[0]["refresh_token"] == "refresh-2"
    # What was given for the one protocol is none for the other.
    other = "pop3" if protocol == "imap" else "imap"
    inbox = update_inbox(inbox_id=inbox.pk, protocol=other, folder="", done_folder="")
    with provider((200, {"access_token": "access-3", "expires_in": 3600})) as (ask, asked):
        assert access_token(inbox, ask=ask) == "access-3"
    assert not asked[0]["scope"].startswith(f"https://outlook.office.com/{scope}")
    take_token_away(holder=Holder("inbox", inbox.pk))
    assert access_token(inbox) == ""
    assert SignInToken.objects.get().route_id == route.pk


def test_the_endpoint_carries_it_and_forgets_it_when_it_is_taken_away(route: Route) -> None:
    with provider((200, {"access_token": "access-1", "expires_in": 3600})) as (ask, _asked):
        access_token(route, ask=ask)
    endpoint = endpoint_of(route)
    assert endpoint.token == "access-1"
    assert "access-1" not in repr(endpoint)
    take_token_away(holder=Holder("route", route.pk))
    assert endpoint_of(route).token == ""
    with pytest.raises(NotHere):
        take_token_away(holder=Holder("route", route.pk))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "stranger"}, "provider"),
        ({"client_id": "a b"}, "client_id"),
        ({"refresh_token": "a\r\nb"}, "refresh_token"),
        ({"refresh_token": ""}, "refresh_token"),
        ({"tenant": "../x"}, "tenant"),
    ],
)
def test_what_is_no_permission(route: Route, changes: dict[str, str], field: str) -> None:
    given = {"provider": "google", "client_id": "us", "client_secret": "", "refresh_token": "r2", "tenant": ""}
    with pytest.raises(DeliveryProblem) as refused:
        give_token(holder=Holder("route", route.pk), **(given | changes))
    assert refused.value.field == field
    assert SignInToken.objects.get().client_id == "us"


def test_never_without_encryption(route: Route) -> None:
    Route.objects.filter(pk=route.pk).update(security="none")
    with pytest.raises(DeliveryProblem):
        give_token(
            holder=Holder("route", route.pk), provider="google", client_id="us", client_secret="", refresh_token="r"
        )


def try_out(offered: bytes, answers: list[bytes], *, token: str = "access-1") -> tuple[Any, list[bytes]]:
    """Sign in at a server that says just this; its report and what it heard."""
    heard: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"250-host\r\n250 AUTH " + offered + b"\r\n")
        for answer in answers:
            heard.append(await reader.readline())
            writer.write(answer)
        await reader.readline()

    async def run() -> Any:
        async with scripted(dialogue) as port:
            return await check(
                Endpoint("127.0.0.1", port, "none", "news@firm.example", "word", timeouts=QUICK, token=token)
            )

    return asyncio.run(run()), heard


def test_the_token_is_shown_as_google_and_microsoft_want_it() -> None:
    report, heard = try_out(b"LOGIN PLAIN XOAUTH2", [b"235 2.7.0 Accepted\r\n"])
    assert (report.ok, report.signed_in) == (True, True)
    [said] = heard
    assert base64.b64decode(said.removeprefix(b"AUTH XOAUTH2 ")) == (
        b"user=news@firm.example\x01auth=Bearer access-1\x01\x01"
    )


def test_a_refused_token_is_told_after_an_empty_line() -> None:
    report, heard = try_out(b"XOAUTH2", [b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", b"535 5.7.8 not accepted\r\n"])
    assert heard[1] == b"\r\n"
    assert (report.error.cause, report.error.code, report.signed_in) == ("auth_refused", 535, False)


def test_a_password_never_stands_in_for_a_token() -> None:
    report, heard = try_out(b"PLAIN LOGIN", [])
    assert report.error.cause == "auth_missing"
    assert heard == []


def test_without_a_token_it_is_the_password() -> None:
    report, heard = try_out(b"PLAIN XOAUTH2", [b"235 ok\r\n"], token="")
    assert report.ok
    assert heard[0].startswith(b"AUTH PLAIN ")


def test_a_line_break_in_a_name_ends_nothing() -> None:
    run = partial(try_out, b"XOAUTH2", [b"235 ok\r\n"])
    report, heard = run(token="a\x01auth=Bearer b")
    assert report.error.cause == "auth_refused"
    assert heard == []
