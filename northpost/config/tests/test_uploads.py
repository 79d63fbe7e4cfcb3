"""A body beyond the limit is refused, announced or not, and the application never has all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from northpost.config import environment
from northpost.config.uploads import limit_uploads


def post(chunks: Iterable[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[list[dict[str, Any]], int]:
    """What an application behind a limit of ten bytes answers to a body in chunks, and how much it was given."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    answered: list[dict[str, Any]] = []
    given = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal given
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            given += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    asyncio.run(limit_uploads(application, 10)({"type": "http", "headers": headers}, receive, send))
    return answered, given


def test_up_to_the_limit_all_is_taken():
    answered, given = post([b"12345", b"67890"], [(b"content-length", b"10")])
    assert (answered[0]["status"], answered[1]["body"], given) == (200, b"taken", 10)


def test_an_announced_excess_is_refused_unread():
    answered, given = post([b"x" * 11], [(b"content-length", b"11")])
    assert (answered[0]["status"], given) == (413, 0)
    assert b"NORTHPOST_MAX_UPLOAD_MB" in answered[1]["body"]


def test_an_endless_body_is_broken_off_at_the_limit():
    answered, given = post((b"x" * 4 for _ in range(1000)), [])
    assert (answered[0]["status"], len(answered), given) == (413, 2, 8)


@pytest.mark.parametrize("told", ["0", "-1", "much", "1.5", ""])
def test_a_limit_is_a_number(monkeypatch: pytest.MonkeyPatch, told: str):
    monkeypatch.setenv("NORTHPOST_MAX_UPLOAD_MB", told)
    with pytest.raises(ImproperlyConfigured, match="NORTHPOST_MAX_UPLOAD_MB"):
        environment.max_upload_bytes()


def test_proxies_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NORTHPOST_TRUSTED_PROXIES", raising=False)
    assert environment.trusted_proxies() == []
    monkeypatch.setenv("NORTHPOST_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1")
    assert environment.trusted_proxies() == ["127.0.0.1", "10.0.0.0/8", "::1"]
    for told in ("*", "proxy.example", "10.0.0.1/8"):
        monkeypatch.setenv("NORTHPOST_TRUSTED_PROXIES", told)
        with pytest.raises(ImproperlyConfigured, match="NORTHPOST_TRUSTED_PROXIES"):
            environment.trusted_proxies()
