"""Key pairs, and the record that publishes one."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

RSA_BITS = 2048  # as the large providers ask; longer ones don't fit a TXT record's first string and cost three times


class Algorithm(StrEnum):
    """The value is what stands in a signature's ``a=`` before the hash."""

    RSA = "rsa"
    ED25519 = "ed25519"


class DkimKeyError(ValueError):
    """The text is no private key of this algorithm. Permanent."""

    retryable = False


def new_private_key(algorithm: Algorithm) -> str:
    """A new private key, as PEM (PKCS#8, not encrypted: seal it before it is stored)."""
    made: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm is Algorithm.RSA:
        made = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        made = ed25519.Ed25519PrivateKey.generate()
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def public_key(private_pem: str, algorithm: Algorithm) -> str:
    """What stands in the record's ``p=``: base64 of the SubjectPublicKeyInfo (RSA) or of the bare 32 bytes (Ed25519;
    RFC 8463, 4.2). Raises DkimKeyError."""
    key = _load(private_pem, algorithm)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    else:
        raw = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode("ascii")


def key_record(public: str, algorithm: Algorithm) -> str:
    """The TXT record to publish at ``<selector>._domainkey.<domain>`` (RFC 6376, 3.6.1)."""
    return f"v=DKIM1; k={algorithm.value}; p={public}"


@dataclass(frozen=True)
class SigningKey:
    """A private key under the selector that it is published at."""

    selector: str
    algorithm: Algorithm
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = field(repr=False)

    @classmethod
    def read(cls, selector: str, algorithm: Algorithm, private_pem: str) -> SigningKey:
        """Raises DkimKeyError."""
        return cls(selector, algorithm, _load(private_pem, algorithm))

    def sign(self, canonical: bytes) -> bytes:
        """The signature over canonical header fields. RFC 8463, 3: Ed25519 signs their SHA-256."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(canonical, _PADDING, _SHA256)
        digest = hashes.Hash(_SHA256)
        digest.update(canonical)
        return self.private.sign(digest.finalize())


_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()


def _load(private_pem: str, algorithm: Algorithm) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DkimKeyError("not a private key in PEM") from error
    wanted = rsa.RSAPrivateKey if algorithm is Algorithm.RSA else ed25519.Ed25519PrivateKey
    if not isinstance(key, wanted):
        raise DkimKeyError(f"not a private key for {algorithm.value}")
    return key
