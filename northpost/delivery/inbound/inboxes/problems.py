"""Why a mailbox could not be read, as a code that is kept and words that a person understands."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# RFC 5530 (IMAP), RFC 3206 (POP3): it is nobody's mistake.
_PASSING = re.compile(r"\[(?:UNAVAILABLE|SYS/TEMP|INUSE|IN-USE|LOGIN-DELAY)\]", re.IGNORECASE)


class Trouble(StrEnum):
    """The value is stable and stored."""

    NO_SUCH_HOST = "no_such_host"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CERTIFICATE = "certificate"
    NO_TLS = "no_tls"
    SIGN_IN = "sign_in"
    LATER = "later"
    FOLDER = "folder"
    NO_PASSWORD = "no_password"  # noqa: S105
    PERMISSION = "permission"
    NOT_ALLOWED = "not_allowed"
    SEALED = "sealed"
    PROTOCOL = "protocol"


WORDS: dict[str, Promise] = {
    Trouble.NO_SUCH_HOST: _("There is no server of that name."),
    Trouble.UNREACHABLE: _("The server does not answer on that port."),
    Trouble.TIMED_OUT: _("The server took too long to answer."),
    Trouble.CERTIFICATE: _("The server's certificate can't be trusted: check the server's name."),
    Trouble.NO_TLS: _("The server does not encrypt in this way: try the other kind of encryption, and its port."),
    Trouble.SIGN_IN: _("The server refuses the user name or the password."),
    Trouble.LATER: _("The server can't answer just now; it is tried again by itself."),
    Trouble.FOLDER: _("There is no such folder in the mailbox."),
    Trouble.NO_PASSWORD: _("It has neither a password nor a permission to sign in with."),
    Trouble.PERMISSION: _("The permission to sign in no longer holds: give it anew."),
    Trouble.NOT_ALLOWED: _("The server does not take the permission: is it for this mailbox, and for reading it?"),
    Trouble.SEALED: _("The stored password can't be read any more: enter it again."),
    Trouble.PROTOCOL: _("The server answers in a way that is not understood."),
}


class InboxProblem(Exception):
    """A mailbox can't be read now. ``said``: the server's own words, safe to show."""

    retryable = True

    def __init__(self, trouble: Trouble, said: str = "") -> None:
        super().__init__(f"{trouble.value}: {said}")
        self.trouble = trouble
        self.said = "".join(character if character.isprintable() else " " for character in said)[:300].strip()


@contextmanager
def told(refusal: type[Exception], trouble: Trouble = Trouble.PROTOCOL) -> Iterator[None]:
    """Whatever goes wrong in the block becomes an InboxProblem; ``refusal`` of the library becomes ``trouble``."""
    try:
        yield
    except InboxProblem:
        raise
    except ssl.SSLCertVerificationError as error:
        raise InboxProblem(Trouble.CERTIFICATE, error.verify_message) from error
    except ssl.SSLError as error:
        raise InboxProblem(Trouble.NO_TLS, error.reason or "") from error
    except socket.gaierror as error:
        raise InboxProblem(Trouble.NO_SUCH_HOST, error.strerror or "") from error
    except TimeoutError as error:
        raise InboxProblem(Trouble.TIMED_OUT) from error
    except (OSError, EOFError) as error:
        raise InboxProblem(Trouble.UNREACHABLE, str(error)) from error
    except refusal as error:
        said = _words(error)
        raise InboxProblem(Trouble.LATER if _PASSING.search(said) else trouble, said) from error
    except (ValueError, LookupError, TypeError) as error:
        raise InboxProblem(Trouble.PROTOCOL, str(error)) from error


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
