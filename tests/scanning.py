"""Searching what the program leaves behind for people and secrets: files raw, unpacked, and archives member by member.

`everybody(server)` are the stand-in's people; `traces(where, needles)` names what of them stands where.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from connector.sandbox.connectwise import Server

ZSTD = b"\x28\xb5\x2f\xfd"


def everybody(server: Server) -> set[str]:
    """Every full name of some length, every address and every phone number of the stand-in's contacts."""
    found: set[str] = set()
    world = server.world
    with world.lock:
        contacts = world.tables["contacts"]
        for number in contacts.ids(0):
            row = contacts.row(0, number) or {}
            name = f"{row.get('firstName') or ''} {row.get('lastName') or ''}".strip()
            if " " in name and len(name) > 8:
                found.add(name)
            for item in row.get("communicationItems") or []:
                value = str(item.get("value") or "").strip()
                if "@" in value or sum(map(str.isdigit, value)) >= 8:
                    found.add(value)
    return found


def secrets(server: Server) -> set[str]:
    login = server.login
    return {login.public_key, login.private_key, login.client_id}


def traces(where: Path | bytes | str, needles: Iterable[str]) -> list[str]:
    """`file: needle` for each needle found: in a text, a file, or every file below a folder; in any case, as UTF-8, as
    JSON escapes it, and as an address writes it."""
    forms = {form.lower(): needle for needle in needles for form in _forms(needle)}
    if isinstance(where, Path):
        files = sorted(path for path in ([where] if where.is_file() else where.rglob("*")) if path.is_file())
        parts = [(path.name, part) for path in files for part in _unpacked(path.read_bytes())]
    else:
        parts = [("text", where.encode() if isinstance(where, str) else where)]
    found = set()
    for name, part in parts:
        low = part.lower()
        found |= {f"{name}: {needle}" for form, needle in forms.items() if form in low}
    return sorted(found)


def _forms(needle: str) -> Iterator[bytes]:
    yield needle.encode()
    escaped = needle.encode("ascii", "backslashreplace")
    yield escaped
    yield escaped.replace(b"\\", b"\\\\")
    if "@" in needle:
        yield needle.replace("@", "%40").encode()


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data.startswith(ZSTD):
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
            yield stream.read()
    elif data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _unpacked(archive.read(member))
