"""Which encoding a file is in, told from its first bytes.

A byte order mark decides; then zero bytes in every other place (UTF-16); then UTF-8, which hardly any other
text is by chance. Between the 8-bit encodings the letters decide: a Cyrillic text has the frequencies of
Russian
and Bulgarian only in its own one, and Western text has single accented letters between plain ones.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
WESTERN = "cp1252"
# What the import page offers to choose from.
CHOICES = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be"),
    *("cp1251", "koi8-r", "cp866", "iso8859-5", "cp1252", "cp1250"),
)

# Letters of Russian and Bulgarian by how often they are met, in parts of a thousand (both languages' mean,
# rounded).
_LETTERS = "оаеинтсрвлкдмпузягбычйхжщшьюцфъэ"
_PER_THOUSAND = (
    *(97, 97, 83, 80, 66, 69, 52, 47, 43, 35, 34, 33, 29, 29, 22, 20),
    *(20, 18, 16, 9, 14, 9, 8, 8, 6, 6, 8, 5, 6, 2, 8, 2),
)
_FREQUENCY = dict(zip(_LETTERS, _PER_THOUSAND, strict=True))
_SIGNS = frozenset("№«»–—„“”…’\u00a0 ")
_WORD = re.compile(r"[^\W\d_]+")


def detect(head: bytes, *, whole: bool) -> str | None:
    """The encoding of text that begins so; None if it is no text. `whole`: nothing follows these bytes."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        wide = _utf16_without_mark(head)
        if wide is not None:
            return wide
        if head.count(b"\0") > max(8, len(head) // 100):
            return None
    if head.isascii() or _is_utf8(head, whole=whole):
        return "utf-8"
    return _eight_bit(head)


def _utf16_without_mark(head: bytes) -> str | None:
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    # Delimiters, digits and line ends are ASCII in a table of any language: zeros on one side, hardly any on
    # the other.
    if odd > pairs * 0.2 and even < pairs * 0.01:
        return "utf-16-le"
    if even > pairs * 0.2 and odd < pairs * 0.01:
        return "utf-16-be"
    return None


def _is_utf8(head: bytes, *, whole: bool) -> bool:
    """UTF-8, a few broken bytes allowed: a file with one bad row is still UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = decoder.decode(head, final=whole)
    wrong = text.count("\ufffd") - head.count("\ufffd".encode())
    if wrong <= 0:
        return True
    good = sum(1 for character in text if character > "\x7f") - wrong
    return good > wrong * 10


def _eight_bit(head: bytes) -> str:
    best, best_score = WESTERN, 0.0
    for name in CYRILLIC:
        score = _cyrillic_score(head.decode(name, errors="replace"))
        if score > best_score + 1e-9:
            best, best_score = name, score
    return best if best_score >= 0.5 else WESTERN


def _cyrillic_score(text: str) -> float:
    """From below 0 to about 1: how much words with letters beyond ASCII look Russian or Bulgarian."""
    points, letters = 0.0, 0
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        letters += len(word)
        small = word.lower()
        if any(character.isascii() for character in word):
            continue  # a Latin letter within a Cyrillic word: "café" read in the wrong way
        known = sum(min(_FREQUENCY.get(character, -30), 50) for character in small)
        points += known / 50
        if not (word.islower() or word.istitle() or word.isupper()):
            points -= len(word)
        elif len(word) > 3 and word.isupper():
            points -= 0.2 * len(word)  # koi8-r read as cp1251 is the same letters' other case
    strange = sum(1 for sign in text if sign > "\x7f" and not sign.isalpha() and sign not in _SIGNS)
    return (points - strange) / letters if letters else 0.0
