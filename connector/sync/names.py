"""Names compared word by word: equal words, initials, a missing part. Never by likeness.

Only equality of words and "is the first letter of" are used, so that a keyed, prefix-preserving pseudonym of each
word gives the same verdicts as the words themselves.
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("['’`´]")
_NO_WORD = re.compile(r"[\W_]+")


def name_key(name: str) -> str:
    """The words of a name in their order, case-folded, without accents and punctuation; empty for no name."""
    if name.isascii():
        folded = name.lower()
        if folded.replace(" ", "").isalpha():
            return " ".join(folded.split()) if "  " in folded or folded.strip(" ") != folded else folded
    else:
        decomposed = unicodedata.normalize("NFKD", name.casefold())
        folded = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", folded)).strip()


def compatible(a: str, b: str) -> bool:
    """Whether two name keys may be one human being's. Symmetric, not transitive; no name contradicts nothing.

    The shorter name's words stand in the longer one in order, each equal or one the initial of the other, and at
    least one whole word is shared. Swapped words are equal words; nicknames are not.
    """
    if a == b or not a or not b:
        return True
    short, long = sorted((a.split(), b.split()), key=len)
    if len(short) == len(long) and sorted(short) == sorted(long):
        return True
    return _stands_in(short, long, shared=False)


def _stands_in(short: list[str], long: list[str], *, shared: bool) -> bool:
    if not short:
        return shared
    word, rest = short[0], short[1:]
    for place, other in enumerate(long[: len(long) - len(rest)]):
        whole = word == other and len(word) > 1
        initial = (len(word) == 1 or len(other) == 1) and word[0] == other[0]
        if (whole or initial) and _stands_in(rest, long[place + 1 :], shared=shared or whole):
            return True
    return False
