"""The record of one Attempt on disk: a file of independent zstd frames, each one JSON line, beside the database.

`zstdcat FILE` prints it. A kill leaves at most one cut frame at the end, which reading stops at. Frames:
`begin` (story, params, clock, seed, configuration), `exchange` (one request and its answer or failure), `read` (rows
taken from the store), `out` (rows the story made), `end`. Credentials are never in a Call, so they are never here.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from connector.jobs.records.frames import Frames

_encoder = msgspec.json.Encoder()
_encode, _encode_lines = _encoder.encode, _encoder.encode_lines
_MASK = (1 << 128) - 1


class JournalWriter:
    """Appends frames; safe from several threads. The digests name what went in and what came out."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._file = path.open("ab", buffering=0)
        path.chmod(0o600)
        self._compressor = zstandard.ZstdCompressor(level=-1)
        self._lock = threading.Lock()
        self._digest = Digest()

    def write(self, frame: dict[str, Any]) -> None:
        line = _encode_lines((frame,))  # with its end, so that megabytes need not be copied to add one
        digested = exchange_line(frame) if frame["t"] == "exchange" else memoryview(line)[:-1]
        with self._lock:
            self._digest.add(frame["t"], digested)
            self._file.write(self._compressor.compress(line))

    def close(self) -> None:
        self._file.close()

    @property
    def inputs_digest(self) -> str:
        return self._digest.inputs

    @property
    def outputs_digest(self) -> str:
        return self._digest.outputs


def exchange_line(frame: Mapping[str, Any]) -> bytes:
    """What the digest takes of an exchange: all but the answer's body, for which its checksum stands."""
    answer = frame.get("answer")
    status = answer["status"] if answer else None
    return _encode([frame["connection"], frame["call"], status, frame.get("sum", ""), frame.get("failure")])


class Digest:
    """Inputs: order-independent, for exchanges may run side by side. Outputs: in the order they were made."""

    def __init__(self) -> None:
        self._inputs = 0
        self._outputs = hashlib.blake2b(digest_size=16)

    def add(self, kind: str, line: bytes | memoryview) -> None:
        if kind in ("exchange", "read"):
            self._inputs += int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "big")
        elif kind == "out":
            self._outputs.update(line)

    @property
    def inputs(self) -> str:
        return f"{self._inputs & _MASK:032x}"

    @property
    def outputs(self) -> str:
        return self._outputs.hexdigest()


def read_lines(path: Path) -> Iterator[bytes]:
    """The frames' JSON lines, one after the other. A cut last one ends the reading; damage raises ContractError."""
    return (line for _, line in Frames(path))


def body_out(body: bytes) -> str | dict[str, str]:
    """A body as it stands in a frame: text where it is UTF-8, else base64."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def body_in(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def checksum(body: bytes) -> str:
    """What stands beside each recorded answer, so that an altered one is named; that nothing was altered at all is
    what the digests prove."""
    return f"{zlib.crc32(body):08x}"
