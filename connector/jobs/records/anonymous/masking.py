"""Masking: of a text too long for a pseudonym only the shape remains, for so many words could be guessed one by one."""

from __future__ import annotations

import unicodedata

from connector.pseudonym import OWN_KEY

LONG = 48
"""Letters and digits above which a text is no name, title or number any more."""


def is_long(text: str) -> bool:
    """Whether a text has more than LONG letters and digits, our own keys not counted."""
    return sum(map(str.isalnum, OWN_KEY.sub("", text))) > LONG


def shape(text: str) -> str:
    """The text with x for letters and 0 for digits; our own keys, by which things are found, stay."""
    masked, end = [], 0
    text = unicodedata.normalize("NFC", text)
    for key in OWN_KEY.finditer(text):
        masked += [_masked(text[end : key.start()]), key[0]]
        end = key.end()
    return "".join((*masked, _masked(text[end:])))


def _masked(text: str) -> str:
    return "".join("0" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c for c in text)
