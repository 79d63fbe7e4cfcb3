"""Why a route can't be used, in words that say what to look at."""

from typing import Literal

from .endpoint import Endpoint

Cause = Literal[
    "unknown_host",
    "refused",
    "timeout",
    "network",
    "lost",
    "greeting",
    "protocol",
    "starttls_missing",
    "certificate",
    "tls",
    "auth_missing",
    "auth_refused",
    "unstable",
]


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogue. Whoever shows it translates `msgid` and fills in `params`."""
    return text


ADVICE: dict[str, str] = {
    "unknown_host": gettext_noop(
        "There is no server called %(host)s (port %(port)s): %(detail)s. Check the spelling of the server's name."
    ),
    "refused": gettext_noop(
        "%(host)s does not take connections on port %(port)s: %(detail)s. Check the port, and that "
        "the server is running."
    ),
    "timeout": gettext_noop(
        "%(host)s did not answer on port %(port)s: %(detail)s. Check the port and the encryption "
        "setting, and whether a firewall is in the way."
    ),
    "network": gettext_noop(
        "%(host)s can't be reached on port %(port)s: %(detail)s. Check the network connection of this machine."
    ),
    "lost": gettext_noop(
        "%(host)s closed the connection on port %(port)s: %(detail)s. Check that the encryption "
        "suits the port (465 is TLS, 587 is STARTTLS)."
    ),
    "greeting": gettext_noop(
        "%(host)s (port %(port)s) turns this machine away: %(detail)s. Check whether the server "
        "allows connections from here."
    ),
    "protocol": gettext_noop(
        "What answers at %(host)s, port %(port)s, does not speak SMTP properly: %(detail)s. Check the "
        "port and the encryption."
    ),
    "starttls_missing": gettext_noop(
        "%(host)s (port %(port)s) does not offer STARTTLS: %(detail)s. Choose TLS with port 465, or another port."
    ),
    "certificate": gettext_noop(
        "The certificate of %(host)s (port %(port)s) can't be trusted: %(detail)s. Check the server's "
        "name; a server of your own needs a certificate that this machine trusts."
    ),
    "tls": gettext_noop(
        "No secure connection to %(host)s (port %(port)s) could be made: %(detail)s. Check that the "
        "encryption suits the port (465 is TLS, 587 is STARTTLS)."
    ),
    "auth_missing": gettext_noop(
        "%(host)s (port %(port)s) offers no way to sign in that is known here: %(detail)s. Check the "
        "encryption, or leave the user name empty."
    ),
    "auth_refused": gettext_noop("%(host)s (port %(port)s) refuses the user name or password: %(detail)s. Check both."),
    "unstable": gettext_noop(
        "%(host)s (port %(port)s) breaks off every connection before a message is through: "
        "%(detail)s. Check the server's own log and its limits."
    ),
}


class RouteUnavailable(Exception):
    """No connection that could carry mail can be made. Retryable; nothing without an outcome has been sent.

    `needs_mending`: trying again will not help until somebody changes the route (wrong password, bad
    certificate).
    """

    retryable = True

    def __init__(self, endpoint: Endpoint, cause: Cause, detail: str, *, code: int | None = None) -> None:
        self.cause: Cause = cause
        self.code = code
        self.msgid = ADVICE[cause]
        self.params: dict[str, object] = {"host": endpoint.host, "port": endpoint.port, "detail": detail}
        super().__init__(self.msgid % self.params)

    @property
    def needs_mending(self) -> bool:
        if self.cause == "auth_refused":
            return self.code is None or self.code >= 500
        return self.cause in ("unknown_host", "starttls_missing", "certificate", "tls", "auth_missing")


class ConnectionLost(Exception):
    """The connection ended while an answer was awaited. `timed_out`: it was this side that gave up."""

    retryable = True

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


class BadReply(Exception):
    """What came from the server is no SMTP reply, or is larger than any reply may be."""

    retryable = True
