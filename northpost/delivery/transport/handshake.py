"""From nothing to a connection that can carry mail: connect, greeting, EHLO, STARTTLS, AUTH."""

import asyncio
import base64
import errno
import socket
import ssl

from .capabilities import Capabilities, read_capabilities
from .connection import Connection
from .endpoint import Endpoint
from .errors import BadReply, Cause, ConnectionLost, RouteUnavailable
from .replies import Reply


async def open_connection(endpoint: Endpoint) -> Connection:
    """A connection that is secured and signed in as `endpoint` says. Raises RouteUnavailable; leaves nothing
    open.
    """
    connection = await _connect(endpoint)
    try:
        await _greet(endpoint, connection)
    except BaseException as error:
        connection.abort("not usable")
        if isinstance(error, ConnectionLost):
            cause: Cause = "timeout" if error.timed_out else "lost"
            raise RouteUnavailable(endpoint, cause, str(error)) from error
        if isinstance(error, BadReply):
            raise RouteUnavailable(endpoint, "protocol", str(error)) from error
        if isinstance(error, OSError):
            raise _from_os(endpoint, error) from error
        raise
    return connection


async def _connect(endpoint: Endpoint) -> Connection:
    loop = asyncio.get_running_loop()
    connection = Connection(endpoint.timeouts, loop)
    seconds = endpoint.timeouts.connect
    try:
        async with asyncio.timeout(seconds):
            if endpoint.security == "tls":
                await loop.create_connection(
                    lambda: connection,
                    endpoint.host,
                    endpoint.port,
                    ssl=endpoint.tls_context(),
                    server_hostname=endpoint.host,
                    ssl_handshake_timeout=seconds,
                )
            else:
                await loop.create_connection(lambda: connection, endpoint.host, endpoint.port)
    except TimeoutError as error:
        raise RouteUnavailable(endpoint, "timeout", f"nothing within {seconds:g} seconds") from error
    except (OSError, UnicodeError) as error:
        raise _from_os(endpoint, error) from error
    return connection


async def _greet(endpoint: Endpoint, connection: Connection) -> None:
    greeting = await connection.welcome
    if greeting.code != 220:
        raise RouteUnavailable(endpoint, "greeting", _said(greeting), code=greeting.code)
    connection.greeting = greeting.text
    connection.capabilities = await _ehlo(endpoint, connection)
    if endpoint.security == "starttls":
        await _starttls(endpoint, connection)
        # RFC 3207 4.2: what was offered in clear is forgotten.
        connection.capabilities = await _ehlo(endpoint, connection)
    if endpoint.username:
        await _sign_in(endpoint, connection)


async def _ehlo(endpoint: Endpoint, connection: Connection) -> Capabilities:
    name = endpoint.helo_name.encode("ascii")
    reply = await connection.ask(b"EHLO " + name + b"\r\n", "ehlo")
    if reply.code == 250:
        return read_capabilities(reply)
    if reply.code in (500, 501, 502, 504) and endpoint.security != "starttls" and not endpoint.username:
        reply = await connection.ask(b"HELO " + name + b"\r\n", "ehlo")
        if reply.code == 250:
            return Capabilities()
    raise RouteUnavailable(endpoint, "greeting", _said(reply), code=reply.code)


async def _starttls(endpoint: Endpoint, connection: Connection) -> None:
    if not connection.capabilities.starttls:
        raise RouteUnavailable(endpoint, "starttls_missing", "the server does not name it among its abilities")
    reply = await connection.ask(b"STARTTLS\r\n", "tls")
    if reply.code != 220:
        raise RouteUnavailable(endpoint, "starttls_missing", _said(reply), code=reply.code)
    loop = asyncio.get_running_loop()

    async def make_tls(transport: asyncio.Transport, protocol: asyncio.Protocol) -> asyncio.Transport:
        secured = await loop.start_tls(
            transport,
            protocol,
            endpoint.tls_context(),
            server_hostname=endpoint.host,
            ssl_handshake_timeout=endpoint.timeouts.connect,
        )
        if secured is None:
            raise ConnectionLost("the server closed the connection during the TLS handshake")
        return secured

    await connection.secure(make_tls)


async def _sign_in(endpoint: Endpoint, connection: Connection) -> None:
    offered = connection.capabilities.auth
    name, word = endpoint.username.encode(), endpoint.password.encode()
    if b"\0" in name + word:
        raise RouteUnavailable(endpoint, "auth_refused", "the user name or password holds a NUL character")
    if endpoint.token:
        reply = await _show_token(endpoint, connection)
    elif "PLAIN" in offered:
        reply = await connection.ask(b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + word) + b"\r\n", "auth")
    elif "LOGIN" in offered:
        reply = await connection.ask(b"AUTH LOGIN\r\n", "auth")
        for secret in (name, word):
            if reply.code == 334:
                reply = await connection.ask(base64.b64encode(secret) + b"\r\n", "auth")
    else:
        ways = ", ".join(sorted(offered)) or "none"
        raise RouteUnavailable(endpoint, "auth_missing", f"PLAIN or LOGIN is needed, offered: {ways}")
    if reply.code != 235:
        raise RouteUnavailable(endpoint, "auth_refused", _said(reply), code=reply.code)


def xoauth2(username: str, token: str) -> bytes:
    """What XOAUTH2 says in SMTP, IMAP and POP3, before base64; neither holds a control character."""
    return f"user={username}\1auth=Bearer {token}\1\1".encode()


async def _show_token(endpoint: Endpoint, connection: Connection) -> Reply:
    """XOAUTH2, as Google and Microsoft have it."""
    if "XOAUTH2" not in connection.capabilities.auth:
        ways = ", ".join(sorted(connection.capabilities.auth)) or "none"
        raise RouteUnavailable(endpoint, "auth_missing", f"XOAUTH2 is needed, offered: {ways}")
    if "\1" in endpoint.username + endpoint.token:
        raise RouteUnavailable(endpoint, "auth_refused", "the user name or token holds a control character")
    shown = base64.b64encode(xoauth2(endpoint.username, endpoint.token))
    reply = await connection.ask(b"AUTH XOAUTH2 " + shown + b"\r\n", "auth")
    if reply.code == 334:
        # Why it is refused, in base64; the refusal itself follows an empty line.
        reply = await connection.ask(b"\r\n", "auth")
    return reply


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.text}".strip().rstrip(".")


def _from_os(endpoint: Endpoint, error: OSError | UnicodeError) -> RouteUnavailable:
    cause: Cause = "network"
    detail = (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
    if isinstance(error, ssl.SSLCertVerificationError):
        cause, detail = "certificate", error.verify_message.rstrip(".")
    elif isinstance(error, ssl.SSLError):
        cause, detail = "tls", (error.reason or str(error)).replace("_", " ").lower()
    elif isinstance(error, (socket.gaierror, UnicodeError)):
        cause, detail = "unknown_host", "its address can't be found"
    elif isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        cause, detail = "refused", "connection refused"
    elif isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        cause, detail = "timeout", "no answer"
    elif isinstance(error, ConnectionError):
        cause, detail = "lost", "connection reset" if isinstance(error, ConnectionResetError) else detail
    return RouteUnavailable(endpoint, cause, detail)
