"""What the transport's tests share: a mailbox on loopback, a scripted server, a certificate."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from northpost.delivery.transport import ConnectionPool, Endpoint, Envelope, Outcome, Timeouts
from northpost.mailbox.faults import Fault, Faults
from northpost.mailbox.received import MemoryStore
from northpost.mailbox.server import MailboxServer

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
QUICK = Timeouts(connect=5, greeting=5, command=5, data=5, final=5)
HASTY = Timeouts(connect=5, greeting=0.2, command=0.2, data=0.2, final=0.2)


def run(test: Coroutine[Any, Any, None], *, quick: bool = True) -> None:
    """Run it on uvloop, as the sender does, or on asyncio's own loop."""

    async def limited() -> None:
        async with asyncio.timeout(20):
            await test

    uvloop.run(limited()) if quick else asyncio.run(limited())


def envelope(key: int, recipient: str = "", data: bytes = b"Subject: hello\r\n\r\nbody\r\n") -> Envelope:
    return Envelope(key, f"bounce-{key}@shop.example", recipient or f"person{key}@mail.example", data)


def envelopes(count: int) -> list[Envelope]:
    return [envelope(key) for key in range(count)]


@asynccontextmanager
async def mailbox(*rules: Fault, **options: Any) -> AsyncIterator[tuple[MailboxServer, MemoryStore]]:
    store = MemoryStore()
    scripted = {name: options.pop(name) for name in ("greylist", "messages_per_connection") if name in options}
    options.setdefault("open_access", True)
    faults = Faults(rules=rules, **scripted)
    async with MailboxServer(store, now=lambda: NOON, faults=faults, **options) as server:
        yield server, store


def endpoint(port: int, **options: Any) -> Endpoint:
    options.setdefault("security", "none")
    options.setdefault("timeouts", QUICK)
    return Endpoint("127.0.0.1", port, **options)


async def send(
    target: Endpoint, batch: list[Envelope], connections: int = 1, outcomes: dict[int, Outcome] | None = None
) -> dict[int, Outcome]:
    """Outcomes by key; asserts that none came twice."""
    found: dict[int, Outcome] = {} if outcomes is None else outcomes

    def note(outcome: Outcome) -> None:
        assert outcome.key not in found
        found[outcome.key] = outcome

    async with ConnectionPool(target, connections, attempts=2, pause=0.01) as pool:
        await pool.send(batch, note)
    return found


def states(outcomes: dict[int, Outcome]) -> list[str]:
    return [outcomes[key].state for key in sorted(outcomes)]


def recipients(store: MemoryStore) -> list[str]:
    return sorted(mail.recipient for mail in store.mails)


Dialogue = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def scripted(dialogue: Dialogue) -> AsyncIterator[int]:
    """A server that does exactly what `dialogue` says; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await dialogue(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def closed_port() -> int:
    """A port on which nothing listens."""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate for localhost that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
