"""Record ids: a key prefix for the object, a serial number in base 62, and a suffix that makes case unnecessary.

The 15-character form is case-sensitive; the last three of the 18 tell which of the first 15 are capitals.
"""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {letter: place for place, letter in enumerate(_ALPHABET)}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_MIDDLE = "5g000000"  # the same in all ids of the tenant, between the prefix and five letters of serial number
_SPAN = 62**5


def _suffix(five: str) -> str:
    return _SUFFIX[sum(1 << place for place, letter in enumerate(five) if letter.isupper())]


def suffixed(fifteen: str) -> str:
    """Return the 18-character form of a 15-character id."""
    return fifteen + "".join(_suffix(fifteen[start : start + 5]) for start in (0, 5, 10))


def _capitals(letters: str) -> int:
    return sum(1 << place for place, letter in enumerate(letters) if letter.isupper())


# The serial number is looked up in two halves: three letters, then two.
_THREE = [(a + b + c, _capitals(a + b + c)) for a in _ALPHABET[:2] for b in _ALPHABET for c in _ALPHABET]
_TWO = [(a + b, _capitals(a + b) << 3) for a in _ALPHABET for b in _ALPHABET]


class Ids:
    """The ids of one object's records, by position."""

    FIRST = 1000

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._head = prefix + _MIDDLE[: 10 - len(prefix)]
        self._tail = _suffix(self._head[:5]) + _suffix(self._head[5:])

    def of(self, position: int) -> str:
        """Return the 18-character id of a position; ids sort as positions do."""
        high, low = divmod(position + self.FIRST, 3844)
        left, bits = _THREE[high]
        right, more = _TWO[low]
        return f"{self._head}{left}{right}{self._tail}{_SUFFIX[bits | more]}"

    def position(self, given: str) -> int | None:
        """Return the position of an id in either form, None for what is no id of this object."""
        if len(given) not in (15, 18) or given[:10] != self._head or not given.isalnum() or not given.isascii():
            return None
        if len(given) == 18 and suffixed(given[:15]) != given:
            return None
        number = 0
        for letter in given[10:15]:
            number = number * 62 + _VALUE[letter]
        return number - self.FIRST if self.FIRST <= number < _SPAN else None


def whole(given: str) -> str:
    """Return the 18-character form of anything that looks like an id, other text as it is."""
    return suffixed(given) if len(given) == 15 and given.isalnum() and given.isascii() else given
