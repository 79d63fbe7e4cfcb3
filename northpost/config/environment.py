"""What an installation may set, all of it by environment variables; everything has a working default.

``NORTHPOST_DATA_DIR``  directory for the database, uploads and the secret key (default: ``var`` where it is started)
``DATABASE_URL``        a PostgreSQL of your own, 15 or newer (default: the embedded one)
``SECRET_KEY``          signs and seals (default: made once, kept in the data directory)
``NORTHPOST_URL``       the address that links in mail begin with (default: http://127.0.0.1:8000)
``NORTHPOST_SMTP_URL``  the server for the program's own mail (invitations, new passwords), e.g.
                        smtp+starttls://user:password@mail.firm.example:587; also smtp:// and smtps://
                        (default: none; such mail is printed on the console)
``NORTHPOST_FROM_EMAIL``  whom that mail comes from (default: northpost@ the host of NORTHPOST_URL)
``NORTHPOST_MAILBOX_PORT``  where on loopback the local mailbox listens (default: 2525)
``NORTHPOST_DNS``       name servers to ask about sending domains, e.g. 9.9.9.9,[2620:fe::fe],10.0.0.2:5353; none: ask
                        nobody (default: those of this machine)
``NORTHPOST_TRUSTED_PROXIES``  addresses or networks of proxies in front of the program, e.g. 127.0.0.1,10.0.0.0/8: what
                        they say of a visitor's address and of https is believed (default: none is)
``NORTHPOST_API_PER_MINUTE`` how many requests a minute each key of the API may make (default: 600)
``NORTHPOST_MAX_UPLOAD_MB``  the largest file, or form, that is taken in (default: 512)
``NORTHPOST_LEASE_SECONDS``  how long a worker may be silent before others take over what it was sending (default: 60);
                        the same on every machine
``RSPAMD_URL``          a rspamd that looks at mailings before they leave, e.g. http://127.0.0.1:11333 (default: none)
``RSPAMD_PASSWORD``     its controller's password, where it asks for one
``NORTHPOST_DEBUG``     1 shows tracebacks in the browser; for development only
"""

from __future__ import annotations

import os
import secrets
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from northpost.core.postgres import EmbeddedServer

DATABASE_NAME = "northpost"
# A machine that loses its network tells nobody. So that the locks that it holds in the database go within half a
# minute, and so that it notices itself, both ends ask after each other (in seconds; by default that takes two hours).
_SERVER_ASKS = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2 -c tcp_user_timeout=20s"
)
_CLIENT_ASKS = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",
    "connect_timeout": "10",
}


def data_dir() -> Path:
    return Path(os.environ.get("NORTHPOST_DATA_DIR", "var")).expanduser().resolve()


def embedded_server() -> EmbeddedServer | None:
    """The embedded cluster of this installation, or None where ``DATABASE_URL`` names another."""
    if os.environ.get("DATABASE_URL"):
        return None
    # A throw-away cluster of a test need not survive a power cut.
    settings = {"fsync": "off"} if os.environ.get("NORTHPOST_TESTING") else None
    return EmbeddedServer(data_dir() / "postgres", settings=settings)


def secret_key() -> str:
    """The installation's secret, from the environment or from a file made on first use."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    directory = data_dir()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "secret_key"
    try:
        # Exclusive: of two processes that start at once, one writes and both read the same.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def trusted_proxies() -> list[str]:
    """Addresses and networks. Raises ImproperlyConfigured for anything else; nobody can mean to trust everybody."""
    found = [each.strip() for each in os.environ.get("NORTHPOST_TRUSTED_PROXIES", "").split(",") if each.strip()]
    for each in found:
        try:
            ip_network(each)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"NORTHPOST_TRUSTED_PROXIES: {each!r} is no address or network, such as 127.0.0.1 or 10.0.0.0/8"
            ) from error
    return found


def max_upload_bytes() -> int:
    """Raises ImproperlyConfigured for what is no whole number of megabytes."""
    told = os.environ.get("NORTHPOST_MAX_UPLOAD_MB", "512")
    if not told.isdecimal() or not int(told):
        raise ImproperlyConfigured(f"NORTHPOST_MAX_UPLOAD_MB: {told!r} is no number of megabytes")
    return int(told) * 1024 * 1024


def api_requests_per_minute() -> int:
    """How many requests each key of the API may make. Raises ImproperlyConfigured for what is no whole number."""
    told = os.environ.get("NORTHPOST_API_PER_MINUTE", "600")
    if not (told.isascii() and told.isdecimal() and 0 < int(told) < 2**31 - 1):
        raise ImproperlyConfigured(f"NORTHPOST_API_PER_MINUTE: {told!r} is no number of requests")
    return int(told)


# Statements are prepared where the code says so (core.sql.fetch_prepared), and none by being run often. Without a
# number Django switches preparing off altogether.
_ONLY_WHEN_TOLD = 1_000_000_000


def databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES: ``default`` for the program, ``owner`` for migrations."""
    server = embedded_server()
    if server is None:
        owner = _from_url(os.environ["DATABASE_URL"])
        options = _CLIENT_ASKS | owner["OPTIONS"]
        options["options"] = f"{_SERVER_ASKS} {options.get('options', '')} -c role=northpost_app"
        default = owner | {"OPTIONS": options}
    else:
        owner = {
            "HOST": str(server.socket_directory),
            "PORT": "5432",
            "NAME": DATABASE_NAME,
            "USER": "postgres",
            "OPTIONS": {},
        }
        default = owner | {"USER": "northpost_app"}
    default = default | {"ENGINE": "northpost.core.postgres_backend"}
    default["OPTIONS"] = default["OPTIONS"] | {"prepare_threshold": _ONLY_WHEN_TOLD}
    owner = owner | {"ENGINE": "django.db.backends.postgresql"}
    if os.environ.get("NORTHPOST_POOL"):
        default["OPTIONS"] = default["OPTIONS"] | {"pool": {"min_size": 2, "max_size": 16, "timeout": 20}}
    else:
        default["CONN_MAX_AGE"] = None
        default["CONN_HEALTH_CHECKS"] = True
    return {"default": default, "owner": owner}


def name_servers() -> list[tuple[str, int]] | None:
    """(address, port) of each name server to ask; None: those of this machine; empty: nobody is asked.

    Raises ValueError for what is no address.
    """
    text = os.environ.get("NORTHPOST_DNS", "").strip()
    if not text:
        return None
    if text.lower() == "none":
        return []
    found = []
    for one in text.split(","):
        parts = urlsplit(f"//{one.strip()}")
        host = str(ip_address(parts.hostname or ""))  # a name would have to be looked up first
        found.append((host, parts.port or 53))
    return found


def lease_seconds() -> float:
    """How long a claim holds unless its worker says that it lives. Raises ValueError for what is no lease."""
    seconds = float(os.environ.get("NORTHPOST_LEASE_SECONDS") or 60)
    if not 1 <= seconds <= 86_400:
        raise ValueError("NORTHPOST_LEASE_SECONDS must be between 1 and 86400")
    return seconds


_SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def own_mail() -> dict[str, Any]:
    """Django's EMAIL_ settings for the program's own mail; raises ValueError for an address that is none."""
    url = os.environ.get("NORTHPOST_SMTP_URL")
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(url)
    if parts.scheme not in _SMTP_PORTS or not parts.hostname:
        raise ValueError("NORTHPOST_SMTP_URL must look like smtp+starttls://user:password@host:587")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or _SMTP_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 15,
    }


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    return {
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": query,
    }
