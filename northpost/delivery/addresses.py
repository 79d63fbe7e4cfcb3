"""The addresses on our side that a message carries: each bound by a signature to message and purpose.

A *part* is 12 bytes that say what it is for and 18 (144 bits) that prove it, as 40 characters of base64url: fixed in
length, and with one spelling only. The numbers of a message are signed once; the signature is cut into slices, one for
each purpose (see :class:`northpost.core.signing.Keyed` for why that is sound).

    /m/o/<part>.gif          opened
    /m/u/<part>              unsubscribe; List-Unsubscribe
    /m/v/<part>              the mail as a page
    /m/c/<link>/<part>       click: <link> says which link, and is the same for everybody who gets the mailing
    bounce+<hexadecimal>@    return path (VERP): letters of one case, for servers that change them
    <part@domain>            Message-ID

Both halves of a click's address are signed together with the mark of the message's source, which <link> carries: the
link of one mailing and the person of another fit nowhere. An address with Liquid in it stands in <link> as it came out,
signed with the rest.
"""

from __future__ import annotations

import binascii
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

from northpost.core import signing

OPEN, CLICK, LEAVE, VIEW, BOUNCE, MESSAGE_ID = "open", "click", "leave", "view", "bounce", "message-id"
TOKENS = (OPEN, CLICK, LEAVE, VIEW, MESSAGE_ID)

PART = 40  # characters
_TAG = 18  # bytes
_BOUNCE_TAG = 16  # a local part has at most 64 characters (RFC 5321, 4.5.3.1.1)
_MARK = 6
_NUMBERS = struct.Struct(">IQ")  # workspace, message
_LINK = struct.Struct(">6sIH")  # mark, and the link's number in 32 and 16 bits
# Which bytes of which signature are whose: nothing is used twice.
_FROM_PAGE = {OPEN: slice(0, 18), LEAVE: slice(18, 36), VIEW: slice(36, 54)}
_FROM_ENVELOPE = {MESSAGE_ID: slice(0, 18), BOUNCE: slice(18, 34)}

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True)
class Origin:
    """The source that messages come from: its workspace, and what it is called in the ledger."""

    workspace_id: int
    kind: str
    id: int


@dataclass(frozen=True)
class ClickTarget:
    """Where a click came from; ``url`` only where the address had Liquid in it (else the link's row has it)."""

    workspace_id: int
    message_id: int
    link_id: int
    url: str


class Parts(NamedTuple):
    """What one message's addresses hold: ``tokens`` in the order of TOKENS, and that of its return path."""

    tokens: tuple[bytes, ...]
    bounce: str


class Addresses:
    """Makes the parts of all messages of one source; made once a run."""

    def __init__(self, origin: Origin) -> None:
        self._workspace_id = origin.workspace_id
        self._mark = _mark(origin)
        self._page = signing.keyed("message-page")
        self._envelope = signing.keyed("message-envelope")
        self._click = signing.keyed("message-click")

    def parts(self, message_id: int) -> Parts:
        numbers = _NUMBERS.pack(self._workspace_id, message_id)
        page, envelope, click = self._page(numbers), self._envelope(numbers), self._click(numbers + self._mark)
        # 12 bytes, and each 18 after them, are whole characters of base64: one call encodes all.
        raw = numbers + page[:18] + click[:18] + page[18:54] + envelope[:18]
        spelled = binascii.b2a_base64(raw, newline=False).translate(_TO_URL)
        who = spelled[:16]
        tokens = (
            who + spelled[16:40],
            who + spelled[40:64],
            who + spelled[64:88],
            who + spelled[88:112],
            who + spelled[112:136],
        )
        return Parts(tokens, (numbers + envelope[18:34]).hex())

    def link(self, link_id: int, url: str = "") -> str:
        """The first half of a click's address. url: where it leads, if that is not what the link's row says."""
        said = _LINK.pack(self._mark, link_id >> 16, link_id & 0xFFFF)
        address = url.encode()
        return _spelled(said + _link_tag(self._workspace_id, said, address) + address)


def open_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/o/{_message_part(OPEN, workspace_id, message_id)}.gif"


def click_url(origin: Origin, message_id: int, link_id: int, url: str = "") -> str:
    """``url``: where it leads, if that is not what the link's row says."""
    own = Addresses(origin)
    person = own.parts(message_id).tokens[TOKENS.index(CLICK)].decode("ascii")
    return f"{settings.NORTHPOST_URL}/m/c/{own.link(link_id, url)}/{person}"


def unsubscribe_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/u/{_message_part(LEAVE, workspace_id, message_id)}"


def web_version_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/v/{_message_part(VIEW, workspace_id, message_id)}"


def return_path(workspace_id: int, message_id: int, domain: str) -> str:
    """A return path of the message's own (VERP); its token proves that a bounce is one of ours."""
    numbers = _NUMBERS.pack(workspace_id, message_id)
    return f"bounce+{(numbers + _tag(BOUNCE, numbers)).hex()}@{domain}"


def message_id_header(workspace_id: int, message_id: int, domain: str) -> str:
    """The same for every try, so that a server that got it twice can tell."""
    return f"<{_message_part(MESSAGE_ID, workspace_id, message_id)}@{domain}>"


def read_message(purpose: str, token: str) -> tuple[int, int]:
    """(workspace, message) of an OPEN, LEAVE, VIEW, BOUNCE or MESSAGE_ID token. Raises BadToken."""
    if purpose == BOUNCE:
        raw = _read_hexadecimal(token)
    elif len(token) == PART:
        raw = _read_base64(token)
    else:
        raise signing.BadToken("not a token")
    numbers = raw[: _NUMBERS.size]
    _check(raw[_NUMBERS.size :], _tag(purpose, numbers))
    workspace_id, message_id = _NUMBERS.unpack(numbers)
    return workspace_id, message_id


def read_click(link: str, person: str) -> ClickTarget:
    """Both halves of a click's address. Raises BadToken; needs no database."""
    if len(person) != PART or len(link) < PART:
        raise signing.BadToken("not a token")
    who = _read_base64(person)
    numbers, proof = who[: _NUMBERS.size], who[_NUMBERS.size :]
    workspace_id, message_id = _NUMBERS.unpack(numbers)
    mark, link_id, url = _read_link(settings.SECRET_KEY, workspace_id, link)
    _check(proof, signing.keyed("message-click")(numbers + mark)[:_TAG])
    return ClickTarget(workspace_id, message_id, link_id, url)


# The same for everybody who got the mailing: read once, and clicked by many. What does not fit is not kept.
@lru_cache(maxsize=1024)
def _read_link(_secret: str, workspace_id: int, link: str) -> tuple[bytes, int, str]:
    raw = _read_base64(link)
    mark, high, low = _LINK.unpack_from(raw)
    address = raw[_LINK.size + _TAG :]
    _check(raw[_LINK.size : _LINK.size + _TAG], _link_tag(workspace_id, raw[: _LINK.size], address))
    return mark, high << 16 | low, address.decode()


def _mark(origin: Origin) -> bytes:
    said = struct.pack(">Iq", origin.workspace_id, origin.id) + origin.kind.encode()
    return signing.keyed("message-source")(said)[:_MARK]


def _message_part(purpose: str, workspace_id: int, message_id: int) -> str:
    numbers = _NUMBERS.pack(workspace_id, message_id)
    return _spelled(numbers + _tag(purpose, numbers))


def _tag(purpose: str, numbers: bytes) -> bytes:
    if purpose in _FROM_PAGE:
        return signing.keyed("message-page")(numbers)[_FROM_PAGE[purpose]]
    return signing.keyed("message-envelope")(numbers)[_FROM_ENVELOPE[purpose]]


def _link_tag(workspace_id: int, said: bytes, address: bytes) -> bytes:
    return signing.keyed("link")(struct.pack(">I", workspace_id) + said + address)[:_TAG]


def _check(given: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(given, expected):
        raise signing.BadToken("the signature does not fit")


def _spelled(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def _read_base64(text: str) -> bytes:
    """Only the one spelling that we write counts. Raises BadToken."""
    try:
        spelled = text.encode("ascii")
        raw = binascii.a2b_base64(spelled.translate(_FROM_URL) + b"=" * (-len(spelled) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise signing.BadToken("not a token") from error
    if _spelled(raw) != text:
        raise signing.BadToken("another spelling")
    return raw


def _read_hexadecimal(text: str) -> bytes:
    """In letters of either case: some servers change them in the local part of an address. Raises BadToken."""
    if len(text) != 2 * (_NUMBERS.size + _BOUNCE_TAG) or not (text.isascii() and text.isalnum()):
        raise signing.BadToken("not a token")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise signing.BadToken("not a token") from error
