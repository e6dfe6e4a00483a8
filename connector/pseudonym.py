"""Keyed, shape-keeping pseudonyms: letters for letters, digits for digits, word by word; everything else stays.

Each character's substitute depends on the key and on the characters before it in its word, never on those after it.
So equal words stay equal, different ones different, initials remain initials, and what the program decides by
comparing, cutting, folding or judging it decides the same about the pseudonyms.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"nps-(?:r-)?[a-z2-7]{26}|[^\W_]+")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
OWN_KEY = re.compile(r"nps-(?:r-)?[a-z2-7]{26}")


class Pseudonyms:
    """One key's substitutes. Moments in ISO form and our own keys are left alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.word = lru_cache(maxsize=100_000)(self._word)

    def text(self, text: str) -> str:
        """Free text, names, phone numbers: each word replaced."""
        if _INSTANT.fullmatch(text):
            return text
        return _WORD.sub(lambda match: self.word(match[0]), unicodedata.normalize("NFC", text))

    def digest(self, text: str) -> str:
        """16 hexadecimal characters that stand for a text whose shape cannot be kept."""
        return hmac.digest(self._key, text.encode(), hashlib.sha256)[:8].hex()

    def _word(self, word: str) -> str:
        if OWN_KEY.fullmatch(word):
            return word
        made, before = [], ""
        for character in word:
            lower = character.lower()
            made.append(self._one(before, character, lower))
            before += lower
        return "".join(made)

    def _one(self, before: str, character: str, lower: str) -> str:
        alphabet = _alphabet(lower)
        if len(alphabet) < 2:
            return character
        seed = hmac.digest(self._key, f"{before}\0{alphabet[0]}".encode(), hashlib.sha256)
        place = (alphabet.index(lower) + int.from_bytes(seed[:4], "big")) % len(alphabet)
        chosen = alphabet[place]
        return chosen.upper() if character != lower else chosen


@lru_cache(maxsize=4096)
def _alphabet(letter: str) -> str:
    """The characters that may stand for this one: a-z, 0-9, or the lower-case letters of its neighbourhood."""
    if letter in string.ascii_lowercase:
        return string.ascii_lowercase
    if letter in string.digits:
        return string.digits
    if len(letter) != 1 or letter.isascii():
        return letter
    start = ord(letter) & ~31
    category = unicodedata.category(letter)
    near = [chr(point) for point in range(start, start + 32)]
    return "".join(c for c in near if unicodedata.category(c) == category and _folds(c)) if _folds(letter) else letter


def _folds(letter: str) -> bool:
    """Whether case, composition and folding leave the letter a single one, so that substitutes behave like it."""
    return (
        letter.lower() == letter
        and len(letter.upper()) == 1
        and letter.upper().lower() == letter
        and letter.casefold() == letter
        and unicodedata.normalize("NFKC", letter) == letter
    )
