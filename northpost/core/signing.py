"""Tokens and secrets: every signature and every sealed value is made here.

A token is ``base64url(payload || mac)``, where mac is the first 16 bytes (128 bits) of HMAC-SHA256 over the
payload under a key derived for one purpose (HKDF, RFC 5869). A token made for one purpose is noise for another.
Where many tokens are made for one thing, as in every message that is sent, :class:`Keyed` gives one signature that is
cut into several.
Secrets at rest (a route's password) are sealed with Fernet under a key of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

MAC_BYTES = 16


class BadToken(ValueError):
    """The token was not made here for this purpose, or was changed on the way."""


@lru_cache(maxsize=64)
def _derived(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"northpost:{purpose}".encode())
    return kdf.derive(secret.encode())


def key_for(purpose: str) -> bytes:
    """The 32-byte key of one purpose."""
    return _derived(settings.SECRET_KEY, purpose)


def sign(purpose: str, payload: bytes) -> str:
    """A URL-safe token that carries ``payload`` and proves that we made it for ``purpose``."""
    mac = hmac.new(key_for(purpose), payload, hashlib.sha256).digest()[:MAC_BYTES]
    return base64.urlsafe_b64encode(payload + mac).rstrip(b"=").decode("ascii")


def verify(purpose: str, token: str) -> bytes:
    """The payload of a token; raises :class:`BadToken` for anything that :func:`sign` did not return."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise BadToken("not a token") from error
    payload, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    expected = hmac.new(key_for(purpose), payload, hashlib.sha256).digest()[:MAC_BYTES]
    # Base64 lets the last character vary without changing a byte: only the one spelling that we write counts.
    spelling = base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
    if not hmac.compare_digest(mac, expected) or spelling != token:
        raise BadToken("the signature does not fit")
    return payload


def sign_ids(purpose: str, *ids: int) -> str:
    """A token for a few 64-bit numbers (workspace, message, link ...)."""
    return sign(purpose, struct.pack(f">{len(ids)}q", *ids))


def verify_ids(purpose: str, token: str, count: int) -> tuple[int, ...]:
    """The ``count`` numbers of a token made by :func:`sign_ids`."""
    payload = verify(purpose, token)
    if len(payload) != 8 * count:
        raise BadToken("a token of another kind")
    return struct.unpack(f">{count}q", payload)


def keyed_hash(purpose: str, text: str) -> bytes:
    """32 bytes that stand for ``text`` without revealing it: what stays of an erased person."""
    return hmac.new(key_for(purpose), text.encode(), hashlib.sha256).digest()


class Keyed:
    """BLAKE2b under the key of one purpose (RFC 7693, 2.9): a signature of 64 bytes for a payload.

    Keyed BLAKE2b is a pseudorandom function: to whoever has no key, its 64 bytes are as good as dice. So they may be
    cut into slices of 16 bytes or more, one for each use: each slice proves as much as a signature of its own of that
    length, and to have seen some helps with no other. Twice as fast as HMAC-SHA512, which would do as well.
    """

    __slots__ = ("_fresh",)

    def __init__(self, purpose: str) -> None:
        # Copied for each payload: the key is taken in once.
        self._fresh = hashlib.blake2b(key=key_for(purpose))

    def __call__(self, payload: bytes) -> bytes:
        state = self._fresh.copy()
        state.update(payload)
        return state.digest()


@lru_cache(maxsize=64)
def _keyed(secret: str, purpose: str) -> Keyed:
    return Keyed(purpose)


def keyed(purpose: str) -> Keyed:
    """The :class:`Keyed` of a purpose, made once."""
    return _keyed(settings.SECRET_KEY, purpose)


@lru_cache(maxsize=4)
def _box(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, "sealed")))


def seal(text: str) -> str:
    """Encrypt a secret for storage."""
    return _box(settings.SECRET_KEY).encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """The secret again; raises :class:`BadToken` if SECRET_KEY changed since."""
    try:
        return _box(settings.SECRET_KEY).decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise BadToken("sealed under another SECRET_KEY") from error
