"""What was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word most like `word`, or None where nothing is like it. Case and `-`/`_`/space do not count."""
    plain = {_plain(name): name for name in sorted(valid)}
    found = difflib.get_close_matches(_plain(word[:100]), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def hint(word: str, valid: Iterable[str], *, known: str = "known are") -> str:
    """`did you mean "band"?`, or the list of what is valid."""
    names = sorted(valid)
    near = nearest(word, names)
    if near is not None:
        return f'did you mean "{near}"?'
    return f"{known} {', '.join(names)}" if names else "there are none"


def _plain(word: str) -> str:
    return word.lower().replace("_", "-").replace(" ", "-")
