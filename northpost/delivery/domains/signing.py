"""The keys of a domain as the signer wants them."""

from __future__ import annotations

from functools import lru_cache

from northpost.core import signing
from northpost.delivery.dkim import Algorithm, Signer, SigningKey
from northpost.delivery.models import DkimKey, DkimKeyState


class SealedKey(ValueError):
    """A stored key can't be read any more. Permanent; the message says what to do."""

    retryable = False


def signer_for(domain: str) -> Signer | None:
    """What signs for a domain (ASCII) in the current workspace; None where no key is published and signing.

    RSA first: it is the one that every receiver knows. Raises SealedKey: mail that should be signed never leaves
    unsigned because a key is lost.
    """
    keys = DkimKey.objects.filter(domain=domain, state=DkimKeyState.SIGNING).order_by("-algorithm", "pk")
    read = [_read(key.selector, Algorithm(key.algorithm), key.private_sealed) for key in keys]
    return Signer(domain, read) if read else None


# Checking an RSA key costs a millisecond; a worker sends for few domains.
@lru_cache(maxsize=256)
def _read(selector: str, algorithm: Algorithm, sealed: str) -> SigningKey:
    try:
        return SigningKey.read(selector, algorithm, signing.unseal(sealed))
    except signing.BadToken as error:
        raise SealedKey(
            f"the DKIM key {selector} was sealed under another SECRET_KEY: make a new one, and retire this"
        ) from error
