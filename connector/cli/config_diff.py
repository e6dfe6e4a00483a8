"""Two configurations, and what changed between them, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

NOTHING = "—"


def difference(before: Any, after: Any) -> list[str]:
    """`rules[0].when.band: detractor → passive`, one line for each place that differs."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        f"{place}: {old.get(place, NOTHING)} → {new.get(place, NOTHING)}"
        for place in dict.fromkeys((*old, *new))
        if old.get(place, NOTHING) != new.get(place, NOTHING)
    ]


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _flat(child, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from _flat(child, f"{place}[{number}]")
    else:
        text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
        yield place, text if len(text) <= 80 else f"{text[:80]}…"
