"""Where to connect, how to secure it, and how long to wait."""

import ssl
from dataclasses import dataclass, field
from typing import Literal

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait in each phase. The long ones are RFC 5321 4.5.3.2's, so that a slow server is not left
    in doubt.
    """

    connect: float = 30.0
    greeting: float = 60.0
    command: float = 300.0
    data: float = 180.0
    final: float = 600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One SMTP server as a route uses it. `verify_tls=False` is for servers with a self-signed certificate
    only.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    helo_name: str = "localhost"
    verify_tls: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
