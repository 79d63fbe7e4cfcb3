"""The part of the check that asks others: a real name server, and a server that speaks rspamd's protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.cache import cache

from northpost.campaigns import actions, spam
from northpost.campaigns.models import Campaign
from northpost.campaigns.outside import check_outside
from northpost.content.actions import create_template
from northpost.content.models import TemplateVersion
from northpost.delivery.domains.tests.name_server import name_server, txt
from northpost.delivery.models import Route, RouteKind, Sender
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
ZONE = {
    ("firm.example", "TXT"): [txt("v=spf1 ip4:1.2.3.4 -all")],
    ("firm.example", "MX"): ["10 relay.firm.example."],
    ("relay.firm.example", "A"): ["1.2.3.4"],
    ("4.3.2.1.in-addr.arpa", "PTR"): ["relay.firm.example."],
    ("_dmarc.firm.example", "TXT"): [txt("v=DMARC1; p=reject")],
}


@pytest.fixture
def draft(workspace: Workspace) -> Iterator[Campaign]:
    cache.clear()
    now = workspace.created_at
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=now)
    Route.objects.update(is_default=False)
    Route.objects.create(name="Ours", host="relay.firm.example", port=25, is_default=True, created_at=now)
    template = create_template(languages=["en", "bg"], kind="newsletter")
    yield actions.create_campaign(name="Spring", template_id=template.pk, default_language="en")
    cache.clear()


def found(campaign: Campaign, key: str) -> list[tuple[str, str]]:
    return [(one.level.value, one.sentence) for one in check_outside(campaign) if one.key == key]


def test_a_domain_in_order_and_what_is_missing(draft: Campaign, settings: Any) -> None:
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        said = found(draft, "dns")
    assert [level for level, _words in said] == ["doubtful", "done"]
    assert "is not signed by Northpost" in said[0][1]
    assert said[1][1] == "firm.example: SPF, DMARC, MX, PTR as providers want it."


def test_what_was_asked_a_moment_ago_is_not_asked_again(draft: Campaign, settings: Any) -> None:
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        first = found(draft, "dns")
        asked = len(server.asked)
        assert found(draft, "dns") == first
        assert len(server.asked) == asked > 0


def test_who_does_not_answer_is_not_called_wrong_and_is_asked_again(draft: Campaign, settings: Any) -> None:
    key, unknown = found(draft, "dns")
    assert "is not signed by Northpost" in key[1]
    assert unknown == ("doubtful", "4 things about firm.example could not be looked up, which says nothing about it.")
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        assert ("done", "firm.example: SPF, DMARC, MX, PTR as providers want it.") in found(draft, "dns")


def test_a_rehearsal_asks_nobody(draft: Campaign, settings: Any) -> None:
    rehearsal = Route.objects.get(kind=RouteKind.MAILBOX)
    draft = actions.update_campaign(campaign_id=draft.pk, route_id=rehearsal.pk)
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        assert found(draft, "dns") == []
        assert server.asked == []


@contextmanager
def rspamd(answer: dict[str, Any] | str, *, status: int = 200, password: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Answers /checkv2 as rspamd does."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers), body))
            allowed = not password or self.headers.get("Password") == password
            said = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status if allowed else 403)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answered(score: float) -> dict[str, Any]:
    return {
        "is_skipped": False,
        "score": score,
        "required_score": 15.0,
        "action": "no action",
        "symbols": {
            "MISSING_DATE": {"name": "MISSING_DATE", "score": 1.5, "description": "Message date is missing"},
            "R_BAD_CTE": {"name": "R_BAD_CTE", "score": score - 1.0},
            "GOOD": {"name": "GOOD", "score": -0.5, "description": "A good sign"},
        },
    }


def test_without_a_spam_filter_nothing_is_said(draft: Campaign) -> None:
    assert found(draft, "spam") == []


def test_each_language_goes_past_the_spam_filter(draft: Campaign, settings: Any) -> None:
    with rspamd(answered(1.25)) as (url, asked):
        settings.RSPAMD_URL = url
        said = found(draft, "spam")
    assert [level for level, _words in said] == ["done", "done"]
    assert {words for _level, words in said} >= {"English: the spam filter gives it 1.2 points; at 15 it is spam."}
    path, headers, body = asked[0]
    assert (path, headers["From"], headers["Rcpt"]) == ("/checkv2", "news@firm.example", "somebody@mail.example")
    assert b"\r\nFrom: Firm <news@firm.example>\r\n" in body
    assert b"multipart/alternative" in body


@pytest.mark.parametrize(("score", "words"), [(9.0, "has doubts, with 9 points"), (16.0, "takes it for spam, with 16")])
def test_what_looks_like_spam_says_why(draft: Campaign, settings: Any, score: float, words: str) -> None:
    with rspamd(answered(score)) as (url, _asked):
        settings.RSPAMD_URL = url
        [first, _second] = found(draft, "spam")
    assert first[0] == "doubtful"
    assert words in first[1]
    assert "R_BAD_CTE" in first[1]
    assert "Message date is missing (1.5)" in first[1]
    assert "A good sign" not in first[1]


def test_its_password_is_sent(draft: Campaign, settings: Any) -> None:
    with rspamd(answered(1), password="word") as (url, _asked):
        settings.RSPAMD_URL = url
        assert [level for level, _words in found(draft, "spam")] == ["doubtful"]
        settings.RSPAMD_PASSWORD = "word"
        assert [level for level, _words in found(draft, "spam")] == ["done", "done"]


@pytest.mark.parametrize(
    "answer", ["", "nonsense", "[]", '{"score": 1}', '{"score": NaN, "required_score": 15}', '{"score": "x"}']
)
def test_a_spam_filter_that_talks_nonsense_is_said_to_be_away(draft: Campaign, settings: Any, answer: str) -> None:
    with rspamd(answer) as (url, _asked):
        settings.RSPAMD_URL = url
        [(level, words)] = found(draft, "spam")
    assert level == "doubtful"
    assert "could not be asked" in words


def test_a_spam_filter_that_is_away_stops_nothing(draft: Campaign, settings: Any) -> None:
    with rspamd(answered(1)) as (url, _asked):
        gone = url
    settings.RSPAMD_URL = gone
    [(level, words)] = found(draft, "spam")
    assert level == "doubtful"
    assert "could not be asked" in words
    with pytest.raises(spam.NoAnswer):
        spam.check_spam(b"", sender="a@firm.example", recipient="b@mail.example")


def test_a_mail_that_cannot_be_made_is_not_asked_about(draft: Campaign, settings: Any) -> None:
    TemplateVersion.objects.update(subject="{% if %}")
    with rspamd(answered(1)) as (url, asked):
        settings.RSPAMD_URL = url
        assert found(draft, "spam") == []
        assert asked == []
