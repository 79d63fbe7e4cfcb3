"""E-mail addresses: one way to read them, everywhere.

`normalise("  Ivan@Пример.БГ ")` gives an `Address`; text that is no address raises `AddressError` with a
`reason` a program can test and a message a person can read. Pure: no DNS is asked.
Sources: RFC 5321, 5322, 6531; IDNA 2008 (RFC 5890-5895) with the mapping of UTS 46.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import idna
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MAX_LOCAL_OCTETS = 64  # RFC 5321, 4.5.3.1.1
MAX_ADDRESS_OCTETS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets
_MAX_TEXT = 1000  # longer text is refused before any Unicode or IDNA work is spent on it

# What spreadsheets leave around a cell. Not CR and LF: those are refused wherever they stand.
_EDGES = " \t\u00a0\u200b\u200c\u200d\u2060\ufeff"
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_PLAIN = re.compile(
    rf"({_ATEXT}+(?:\.{_ATEXT}+)*)@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}})"
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ASCII_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-.")


class Reason(StrEnum):
    """Why text is no e-mail address; the value is stable and may be stored."""

    EMPTY = "empty"
    CONTROL = "control"
    SPACE = "space"
    TOO_LONG = "too_long"
    NO_AT = "no_at"
    MANY_AT = "many_at"
    NO_LOCAL = "no_local"
    LOCAL_TOO_LONG = "local_too_long"
    LOCAL_DOTS = "local_dots"
    LOCAL_CHARACTER = "local_character"
    NO_DOMAIN = "no_domain"
    DOMAIN_DOTLESS = "domain_dotless"
    DOMAIN_INVALID = "domain_invalid"


MESSAGES: dict[Reason, Promise] = {
    Reason.EMPTY: _("there is no e-mail address"),
    Reason.CONTROL: _("the e-mail address has a line break or another invisible character in it"),
    Reason.SPACE: _("the e-mail address has a space in it"),
    Reason.TOO_LONG: _("the e-mail address is too long"),
    Reason.NO_AT: _("the e-mail address has no @"),
    Reason.MANY_AT: _("the e-mail address has more than one @"),
    Reason.NO_LOCAL: _("nothing stands before the @"),
    Reason.LOCAL_TOO_LONG: _("the part before the @ is too long"),
    Reason.LOCAL_DOTS: _("the part before the @ begins or ends with a dot, or has two dots in a row"),
    Reason.LOCAL_CHARACTER: _("the part before the @ has a character that is not allowed there"),
    Reason.NO_DOMAIN: _("nothing stands after the @"),
    Reason.DOMAIN_DOTLESS: _("the part after the @ has no dot, as in example.com"),
    Reason.DOMAIN_INVALID: _("the part after the @ is not a domain name"),
}


class AddressError(ValueError):
    """The text is not an e-mail address that can be mailed. Permanent: the same text never becomes one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def message(self) -> str:
        """The reason in the language that is active now."""
        return str(MESSAGES[self.reason])

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Address:
    """An address that is well formed.

    `text`: to show and store, NFC, local part in the owner's own case, domain in lower case and Unicode.
    `key`: to compare: lower-cased local part and ASCII domain; two spellings of one mailbox have one key.
    `domain`: ASCII (A-labels), for DNS and the SMTP envelope.
    `envelope`: local part and ASCII domain, for RCPT TO.
    `needs_smtputf8`: the local part is not ASCII, so only a server with SMTPUTF8 (RFC 6531) takes it.
    """

    text: str
    key: str
    domain: str
    needs_smtputf8: bool

    @property
    def envelope(self) -> str:
        return f"{self.text.rpartition('@')[0]}@{self.domain}"


def normalise(text: str) -> Address:
    """Read one e-mail address. Raises AddressError."""
    text = text.strip(_EDGES)
    plain = _PLAIN.fullmatch(text)
    if plain is not None and "xn--" not in text.lower():
        local, domain = plain.group(1), plain.group(2).lower()
        if len(local) > MAX_LOCAL_OCTETS:
            raise AddressError(Reason.LOCAL_TOO_LONG)
        if len(text) > MAX_ADDRESS_OCTETS:
            raise AddressError(Reason.TOO_LONG)
        return Address(f"{local}@{domain}", f"{local.lower()}@{domain}", domain, False)
    return _normalise_with_care(text)


def is_address(text: str) -> bool:
    """Whether the text is one e-mail address."""
    try:
        normalise(text)
    except AddressError:
        return False
    return True


def _normalise_with_care(text: str) -> Address:
    if not text:
        raise AddressError(Reason.EMPTY)
    if len(text) > _MAX_TEXT:
        raise AddressError(Reason.TOO_LONG)
    text = unicodedata.normalize("NFC", text)
    _refuse_unseen(text)
    if "@" not in text:
        raise AddressError(Reason.NO_AT)
    if text.count("@") > 1:
        raise AddressError(Reason.MANY_AT)
    local, domain = text.split("@")
    _check_local(local)
    ascii_domain, shown_domain = _read_domain(domain)
    if len(local.encode()) + 1 + len(ascii_domain) > MAX_ADDRESS_OCTETS:
        raise AddressError(Reason.TOO_LONG)
    key_local = unicodedata.normalize("NFC", local.lower())
    key = f"{key_local}@{ascii_domain}"
    return Address(f"{local}@{shown_domain}", key, ascii_domain, not local.isascii())


def _refuse_unseen(text: str) -> None:
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "Z":  # spaces of every kind, line and paragraph separators
            raise AddressError(Reason.SPACE if category == "Zs" else Reason.CONTROL)
        if category[0] == "C":  # control, format (bidi overrides), surrogate, private, unassigned
            raise AddressError(Reason.CONTROL)


def _check_local(local: str) -> None:
    if not local:
        raise AddressError(Reason.NO_LOCAL)
    if len(local.encode()) > MAX_LOCAL_OCTETS:
        raise AddressError(Reason.LOCAL_TOO_LONG)
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise AddressError(Reason.LOCAL_DOTS)
    # A quoted local part ("a b"@example.com) is legal and used by nobody: refused, and with it what could
    # break a header or an SMTP command.
    if any(character.isascii() and character not in _ASCII_ATEXT for character in local):
        raise AddressError(Reason.LOCAL_CHARACTER)


def _read_domain(domain: str) -> tuple[str, str]:
    if not domain:
        raise AddressError(Reason.NO_DOMAIN)
    try:
        encoded = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
        shown = idna.decode(encoded)
    except (idna.IDNAError, UnicodeError):
        raise AddressError(Reason.DOMAIN_INVALID) from None
    labels = encoded.split(".")
    if len(labels) < 2:
        raise AddressError(Reason.DOMAIN_DOTLESS)
    if not all(_LABEL.fullmatch(label) for label in labels) or len(encoded) > 253:
        raise AddressError(Reason.DOMAIN_INVALID)
    top = labels[-1]
    if len(top) < 2 or top.isdigit():  # an IP address, or a slip of the keyboard
        raise AddressError(Reason.DOMAIN_INVALID)
    return encoded, shown
