"""What a replay finds: the rows of the record against those made now, told by the fields that differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

_MOST_FIELDS = 6
_AROUND = 60
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the record says and what the story made now; either is empty where the other stands alone, both where
    `what` says it all."""

    what: str
    recorded: str = ""
    now: str = ""

    def __str__(self) -> str:
        if not self.recorded and not self.now:
            return self.what
        return f"{self.what}\n    recorded  {self.recorded or '—'}\n    now       {self.now or '—'}"


@dataclass(slots=True)
class Report:
    """What one replay found. `remarks` say what it could not compare, or that it compared pseudonyms."""

    attempt: str
    story: str
    differences: list[Difference] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    compared: int = 0

    @property
    def same(self) -> bool:
        return not self.differences


def rows_apart(name: str, then: list[msgspec.Raw], now: list[msgspec.Raw]) -> Iterator[Difference]:
    """Compare the rows of one batch by their places; where one side has more, the others stand against nothing."""
    for place in range(max(len(then), len(now))):
        recorded = bytes(then[place]) if place < len(then) else b""
        made = bytes(now[place]) if place < len(now) else b""
        if recorded != made:
            yield _difference(f"{name} {place + 1}", recorded, made)


def rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _difference(name: str, then: bytes, now: bytes) -> Difference:
    recorded, made = _leaves(then), _leaves(now)
    whose = _whose(recorded or made)
    if then and now:
        apart = [path for path in {**recorded, **made} if recorded.get(path) != made.get(path)]
        recorded, made = ({path: side.get(path, "—") for path in apart} for side in (recorded, made))
        for path in apart:
            recorded[path], made[path] = _where_they_part(recorded[path], made[path])
    told = (_told(recorded), _told(made))
    if told[0] == told[1]:  # the same values, written in another way
        told = _where_they_part(then.decode(errors="replace"), now.decode(errors="replace"))
    return Difference(what=f"{name}{whose and f' ({whose})'}", recorded=told[0], now=told[1])


def _leaves(row: bytes) -> dict[str, str]:
    """Every value of a row of JSON by its path (`change.payload.priority`); none of no row."""
    return dict(_walk("", msgspec.json.decode(row))) if row else {}


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value and isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for name, each in inner:
            yield from _walk(f"{path}.{name}" if path else str(name), each)
    else:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _whose(leaves: dict[str, str]) -> str:
    """The key or id by which a person knows the row, if it has one."""
    return next((leaves[name] for name in ("key", "contact_id", "contact", "id", "1") if leaves.get(name)), "")[
        :_AROUND
    ]


def _told(leaves: dict[str, str]) -> str:
    words = [text if not path or path.isdecimal() else f"{path}: {text}" for path, text in leaves.items()]
    more = len(words) - _MOST_FIELDS
    shown = [_cut(word) for word in words[:_MOST_FIELDS]]
    return " · ".join([*shown, f"and {more} more"] if more > 0 else shown)


def _where_they_part(a: str, b: str) -> tuple[str, str]:
    """Both, from shortly before their first difference if they are long."""
    if max(len(a), len(b)) <= _LONGEST:
        return a, b
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    start = max(0, same - _AROUND)
    dots = "…" if start else ""
    return dots + _cut(a[start:]), dots + _cut(b[start:])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
