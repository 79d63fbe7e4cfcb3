"""Bytes of a transaction: commands, addresses, dot-stuffing. Pure."""

import re
from functools import lru_cache

import idna

from .capabilities import Capabilities
from .envelope import Envelope, Outcome

# Whatever could end the command or the path early. Quoted local parts with blanks are refused with them.
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>\u0080-\u00a0\u2028\u2029\ud800-\udfff]")
_BARE = re.compile(rb"\r\n|\r|\n")


class BadAddress(ValueError):
    """The address can't be written into an SMTP command."""


class NeedsSmtpUtf8(ValueError):
    """The part before the @ is not ASCII, so only a server with SMTPUTF8 can take it (RFC 6531)."""


def dot_stuff(data: bytes) -> bytes:
    """The message as DATA wants it, without the final dot: a dot doubled where it begins a line (RFC 5321
    4.5.2).

    Always ends in CRLF. A bare CR or LF becomes CRLF, so that no server can take one for a line end we did
    not mean.
    """
    breaks = data.count(b"\r\n")
    if data.count(b"\n") != breaks or data.count(b"\r") != breaks:
        data = _BARE.sub(b"\r\n", data)
    if b"\n." in data:
        data = data.replace(b"\n.", b"\n..")
    if data.startswith(b"."):
        data = b"." + data
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return data


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """The domain in its ASCII form (IDNA 2008). Raises BadAddress."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadAddress(f"the domain {domain} is not valid") from error


def encode_path(address: str, *, smtputf8: bool) -> bytes:
    """An address for MAIL FROM or RCPT TO, without the angle brackets. Raises BadAddress, NeedsSmtpUtf8."""
    if _UNSAFE.search(address):
        raise BadAddress("the address holds characters that no address may hold")
    if address.isascii():
        return address.encode("ascii")
    local, _, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    if not local.isascii() and not smtputf8:
        raise NeedsSmtpUtf8(address)
    return f"{local}@{domain}".encode()


def commands(envelope: Envelope, size: int, ascii_only: bool, offers: Capabilities) -> tuple[bytes, bytes] | Outcome:
    """(MAIL, RCPT) for the envelope, or the outcome if this server can't carry it."""
    if 0 < offers.size < size:
        text = f"the message has {size} bytes, and the server takes at most {offers.size}"
        return _refuse(envelope, "5.3.4", text)
    if not ascii_only and not offers.eightbit:
        return _refuse(envelope, "5.6.3", "the message holds 8-bit text, and the server does not offer 8BITMIME")
    if envelope.smtputf8 and not offers.smtputf8:
        return _refuse(envelope, "5.6.7", "the message needs SMTPUTF8, which the server does not offer")
    try:
        sender = encode_path(envelope.sender, smtputf8=offers.smtputf8)
    except BadAddress as error:
        return _refuse(envelope, "5.1.7", f"the return path: {error}")
    except NeedsSmtpUtf8 as error:
        return _refuse(envelope, "5.6.7", f"the return path {error} needs SMTPUTF8, which the server does not offer")
    try:
        recipient = encode_path(envelope.recipient, smtputf8=offers.smtputf8)
    except NeedsSmtpUtf8 as error:
        return _refuse(envelope, "5.6.7", f"the address {error} needs SMTPUTF8, which the server does not offer")
    except BadAddress as error:
        return _refuse(envelope, "5.1.3", str(error), route_fault=False)
    mail = b"MAIL FROM:<" + sender + b">"
    if offers.size >= 0:
        mail += b" SIZE=%d" % size
    if not ascii_only:
        mail += b" BODY=8BITMIME"
    if envelope.smtputf8 or not (sender.isascii() and recipient.isascii()):
        mail += b" SMTPUTF8"
    return mail + b"\r\n", b"RCPT TO:<" + recipient + b">\r\n"


def _refuse(envelope: Envelope, enhanced: str, text: str, *, route_fault: bool = True) -> Outcome:
    return Outcome(envelope.key, "rejected", None, enhanced, text, "check", route_fault)
