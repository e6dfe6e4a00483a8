"""Rebuilt payloads, names changed; each file's name says what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
_FOLDER = Path(__file__).parent / "fixtures"


def raw(name: str) -> bytes:
    return (_FOLDER / f"{name}.json").read_bytes()


def read(name: str, kind: type[T]) -> T:
    return msgspec.json.decode(raw(name), type=kind, strict=False)
