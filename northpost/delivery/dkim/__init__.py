"""DKIM signatures (RFC 6376; Ed25519 by RFC 8463): canonical forms, keys, and the signer. No database, no network.

`Signer.sign` takes a finished message and returns it with its signatures in front. Nearly all of its time is spent in
OpenSSL, which lets go of the interpreter meanwhile: sign in a few threads.
"""

from .keys import Algorithm, DkimKeyError, SigningKey, key_record, new_private_key, public_key
from .signer import Signer

__all__ = [
    "Algorithm",
    "DkimKeyError",
    "Signer",
    "SigningKey",
    "key_record",
    "new_private_key",
    "public_key",
]
