"""Where to connect, how to secure it, and how long to wait."""

import re
import ssl
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

Security = Literal["none", "starttls", "tls"]

# A domain name in ASCII, or an address literal (RFC 5321 4.1.3).
_NAME = re.compile(r"[A-Za-z0-9._-]+|\[[A-Za-z0-9.:]+\]")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait in each phase; the long ones are those of RFC 5321 4.5.3.2.

    A shorter `final` than the server's own leaves messages in doubt that it accepts a moment later.
    """

    connect: float = 30.0
    greeting: float = 60.0
    command: float = 300.0
    data: float = 180.0
    final: float = 600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One SMTP server as a route uses it.

    `verify_tls=False` is for servers with a self-signed certificate only. `helo_name` is what this machine calls
    itself: a domain name in ASCII, or an address literal; anything else raises ValueError. With a `token` the
    route signs in by XOAUTH2, and not with the password.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    helo_name: str = "localhost"
    verify_tls: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)
    token: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def __post_init__(self) -> None:
        if not self.helo_name.isascii() or not _NAME.fullmatch(self.helo_name):
            raise ValueError(f"not a name to greet with: {self.helo_name!r}")

    def tls_context(self) -> ssl.SSLContext:
        return _tls_context(self.verify_tls)


# Reading the machine's certificates takes tens of milliseconds: once is enough.
@cache
def _tls_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
