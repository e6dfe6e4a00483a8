"""Terms for `conditions` and `childConditions`, made of ids, our own keys and dates only (never of people's text).

Grammar: https://developer.connectwise.com/Best_Practices/Manage_API_Requests. URLs stay below about 1,700
characters (the vendor's limit is 2,000), so long lists come in several pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from connector.errors import RejectedError

LIST_CAP = 1100  # characters of one list once encoded; path, fields and paging need the rest
_ID = re.compile(r"[1-9][0-9]{0,11}")
_KEY = re.compile(r"[a-z0-9-]{1,40}")
_ADDRESS = re.compile(r"[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]{1,190}")


def number(record_id: str) -> str:
    """The id, if it is one; raises RejectedError. Everything that goes into a path or a condition passes here."""
    if _ID.fullmatch(record_id) is None:
        raise RejectedError(f"{record_id[:40]!r} is no ConnectWise id (a whole number)", code="BadId")
    return record_id


def is_number(record_id: str) -> bool:
    """Whether `number` takes it."""
    return _ID.fullmatch(record_id) is not None


def id_in(field: str, ids: Iterable[str]) -> Iterator[str]:
    """`field in (1,2,3)`, in as many pieces as needed."""
    for piece in _pieces([number(record_id) for record_id in ids], len):
        yield f"{field} in ({','.join(piece)})"


def key_in(field: str, keys: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    """The keys of each piece and `field in ("k1","k2")` for it."""
    for piece in _pieces([_key(key) for key in keys], lambda key: len(key) + 7):
        yield piece, f"{field} in ({','.join(_quoted(key) for key in piece)})"


def key_equals(field: str, keys: Iterable[str]) -> str:
    """The same without `in`, for tenants that refuse it: `field="k1" or field="k2"`."""
    return " or ".join(f"{field}={_quoted(_key(key))}" for key in keys)


def key_begins(field: str, prefix: str) -> str:
    """Keys of ours that begin so; `*` is the vendor's wildcard."""
    return f'{field} like "{_key(prefix)}*"'


def changed_since(moment: datetime) -> str:
    """Strictly later; `>=` is reported to find nothing on some servers, so leave a margin instead."""
    return f"lastUpdated > [{moment_text(moment)}]"


def changed_after_day(moment: datetime) -> str:
    """The same by whole days, two earlier: nobody says in which zone the server's days begin."""
    return f"lastUpdated > [{(moment.astimezone(UTC) - timedelta(days=2)).date().isoformat()}]"


def moment_text(moment: datetime) -> str:
    """Whole seconds in UTC, the only form the API speaks."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def id_between(above: int, up_to: int | None) -> str:
    """`id > above and id <= up_to`; "" where neither bounds anything."""
    terms = [f"id > {above}"] * (above > 0) + [f"id <= {up_to}"] * (up_to is not None)
    return " and ".join(terms)


def any_type(ids: Iterable[str]) -> str | None:
    """`types/id=4 or types/id=5` (childConditions know no `in`); None when the list is too long for a URL."""
    text = " or ".join(f"types/id={number(record_id)}" for record_id in sorted(ids, key=int))
    return text if len(quote(text)) <= LIST_CAP else None


def has_address(address: str) -> str | None:
    """The childConditions for contacts with this address; None unless it is of the plainest kind.

    The one text from outside that goes into a condition: letters, digits and `. _ + - @`, nothing that could
    end a string or stand for other characters.
    """
    return f'communicationItems/value="{address}"' if _ADDRESS.fullmatch(address) else None


def _key(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise RejectedError(f"{key[:60]!r} is no key of ours", code="BadKey")
    return key


def _quoted(key: str) -> str:
    return f'"{key}"'


def _pieces(values: Sequence[str], size: Callable[[str], int]) -> Iterator[list[str]]:
    piece: list[str] = []
    room = LIST_CAP
    for value in dict.fromkeys(values):
        if piece and room < size(value) + 1:
            yield piece
            piece, room = [], LIST_CAP
        piece.append(value)
        room -= size(value) + 1
    if piece:
        yield piece
