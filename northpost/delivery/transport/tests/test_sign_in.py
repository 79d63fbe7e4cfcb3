"""Secured routes, and signing in."""

import asyncio
import ssl

import pytest

from northpost.delivery.transport import Outcome, RouteUnavailable, check

from .rig import (
    endpoint,
    envelopes,
    mailbox,
    run,
    scripted,
    self_signed,
    send,
    states,
)


def test_starttls_and_implicit_tls(tmp_path):
    async def test():
        for security, implicit in (("starttls", False), ("tls", True)):
            async with mailbox(tls=self_signed(tmp_path), implicit_tls=implicit) as (server, store):
                target = endpoint(server.port, security=security, verify_tls=False)
                assert states(await send(target, envelopes(8), connections=2)) == ["accepted"] * 8
                assert len(store.mails) == 8
                report = await check(target)
                assert report.ok
                assert report.tls is not None
                assert report.tls[0] == "TLSv1.3"
                with pytest.raises(RouteUnavailable) as caught:
                    await send(endpoint(server.port, security=security), envelopes(1))
                assert (caught.value.cause, caught.value.needs_mending) == ("certificate", True)
                assert "can't be trusted: self-signed certificate. Check the server's name" in str(caught.value)
                assert len(store.mails) == 8

    run(test())


def test_a_route_with_starttls_never_falls_back_to_clear():
    async def test():
        async with mailbox() as (server, store):
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(server.port, security="starttls"), envelopes(1))
            assert (caught.value.cause, caught.value.needs_mending) == ("starttls_missing", True)
            assert store.mails == []

    run(test())


def test_tls_spoken_to_a_server_in_clear():
    async def test():
        async with mailbox() as (server, _):
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(server.port, security="tls"), envelopes(1))
            assert (caught.value.cause, caught.value.needs_mending) == ("tls", True)

    run(test())


def test_replies_slipped_in_before_the_handshake_are_not_believed(tmp_path):
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-hi\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n")
        await reader.read()

    async def test():
        async with scripted(dialogue) as port:
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(port, security="starttls", verify_tls=False), envelopes(1))
            assert caught.value.cause in ("protocol", "lost")

    run(test())


def test_sign_in():
    def authenticate(name: str, word: str) -> bool:
        return (name, word) == ("workspace-1", "пароль")

    async def test():
        async with mailbox(authenticate=authenticate, open_access=False) as (server, store):
            right = endpoint(server.port, username="workspace-1", password="пароль")
            assert states(await send(right, envelopes(3))) == ["accepted"] * 3
            assert {mail.account for mail in store.mails} == {"workspace-1"}
            report = await check(right)
            assert (report.ok, report.signed_in) == (True, True)

            wrong = endpoint(server.port, username="workspace-1", password="guess")
            outcomes: dict[int, Outcome] = {}
            with pytest.raises(RouteUnavailable) as caught:
                await send(wrong, envelopes(3), outcomes=outcomes)
            assert outcomes == {}
            assert (caught.value.cause, caught.value.code, caught.value.needs_mending) == (
                "auth_refused",
                535,
                True,
            )
            assert "guess" not in str(caught.value) + repr(wrong)
            report = await check(wrong)
            assert (report.ok, report.signed_in) == (False, False)

            nobody = await send(endpoint(server.port), envelopes(2))
            assert states(nobody) == ["deferred"] * 2
            assert nobody[0][2:] == (530, "5.7.0", "5.7.0 sign in first", "mail", True)
            assert len(store.mails) == 3

    run(test())


def test_sign_in_the_old_way_where_only_login_is_offered():
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (
            b"250-hi\r\n250 AUTH LOGIN NTLM\r\n",
            b"334 VXNlcm5hbWU6\r\n",
            b"334 UGFzc3dvcmQ6\r\n",
        ):
            seen.append(await reader.readline())
            writer.write(answer)
        seen.append(await reader.readline())
        writer.write(b"235 welcome\r\n")
        await reader.readline()
        writer.write(b"221 bye\r\n")

    seen: list[bytes] = []

    async def test():
        async with scripted(dialogue) as port:
            assert (await check(endpoint(port, username="ann", password="secret"))).signed_in is True

    run(test())
    assert seen == [b"EHLO localhost\r\n", b"AUTH LOGIN\r\n", b"YW5u\r\n", b"c2VjcmV0\r\n"]


def test_a_server_that_offers_no_known_way_to_sign_in():
    async def test():
        async with mailbox() as (server, _):
            report = await check(endpoint(server.port, username="ann", password="secret"))
            assert report.error is not None
            assert report.error.cause == "auth_missing"

    run(test())


def test_old_tls_is_not_spoken():
    assert endpoint(25).tls_context().minimum_version == ssl.TLSVersion.TLSv1_2
