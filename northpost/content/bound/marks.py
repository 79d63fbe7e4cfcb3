"""Stand-ins for the tokens of one message, which are all of one length and hold letters, digits, - and _ only.

A text that is the same for everybody but for such tokens is worked out once, with marks in their place: no step on the
way (escaping, quoted-printable) changes a mark or what stands around it, as it would change no token.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

LENGTH = 40  # characters of a token, and of a mark

# Encoded text with places for tokens: bytes, and the numbers of the marks between them.
Plate = tuple[bytes | int, ...]


# Nobody can guess it, so no text holds a mark by chance. The process's own; it leaves it in no message.
_PREFIX = secrets.token_hex(LENGTH // 2 - 1)
_PATTERN = re.compile(f"{_PREFIX}([0-9]{{2}})")


class Marks:
    """``words``: one mark for each name, in their order."""

    prefix = _PREFIX
    pattern = _PATTERN

    def __init__(self, names: Sequence[str]) -> None:
        self.words: dict[str, str] = {name: f"{_PREFIX}{number:02d}" for number, name in enumerate(names)}

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    def replaced(self, text: str, tokens: Sequence[bytes]) -> str:
        """The text with tokens (in the order of the names) in place of their marks."""
        if self.prefix not in text:
            return text
        return self.pattern.sub(lambda match: tokens[int(match[1])].decode("ascii"), text)

    def cut(self, words: bytes) -> Plate:
        """Words of ASCII, with places for tokens where the marks stand."""
        pieces = self.pattern.split(words.decode("ascii"))
        return tuple(int(piece) if index % 2 else piece.encode("ascii") for index, piece in enumerate(pieces))

    def replaced_in(self, texts: Mapping[str, str], tokens: Sequence[bytes]) -> dict[str, str]:
        return {name: self.replaced(text, tokens) for name, text in texts.items()}


def filled(plate: Plate, tokens: Sequence[bytes]) -> bytes:
    """The plate's bytes with a message's tokens in their places."""
    return b"".join([tokens[piece] if isinstance(piece, int) else piece for piece in plate])
