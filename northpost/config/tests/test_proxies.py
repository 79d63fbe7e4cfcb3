"""Whose word is believed on a visitor's address: with the application as it is served, and a page that shows it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from granian.utils.proxies import wrap_asgi_with_proxy_headers


def seen(trusted: list[str], *, peer: str, forwarded: str) -> tuple[str, str]:
    """(address, scheme) that the application behind the wrapper sees."""
    scope: dict[str, Any] = {
        "type": "http",
        "client": (peer, 4000),
        "scheme": "http",
        "headers": [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")],
    }

    async def application(scope: Any, receive: Any, send: Any) -> None:
        pass

    asyncio.run(wrap_asgi_with_proxy_headers(application, trusted)(scope, None, None))
    return scope["client"][0], scope["scheme"]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ([], "127.0.0.1", "203.0.113.9", ("127.0.0.1", "http")),
        (["10.0.0.0/8"], "127.0.0.1", "203.0.113.9", ("127.0.0.1", "http")),
        (["127.0.0.1"], "127.0.0.1", "203.0.113.9", ("203.0.113.9", "https")),
        # What the visitor wrote there himself stands to the left of what the proxy added.
        (["127.0.0.1"], "127.0.0.1", "198.51.100.7, 203.0.113.9", ("203.0.113.9", "https")),
        (["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", "198.51.100.7, 203.0.113.9, 10.1.2.3", ("203.0.113.9", "https")),
    ],
)
def test_only_a_trusted_proxy_is_believed(trusted: list[str], peer: str, forwarded: str, expected: tuple[str, str]):
    assert seen(trusted, peer=peer, forwarded=forwarded) == expected
