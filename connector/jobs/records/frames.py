"""The frames of a record: found one after the other, and read again by their place, so that nothing need be held.

A record is zstd frames (https://www.rfc-editor.org/rfc/rfc8878), each with its size in its head. Where a frame ends is
found from its block heads alone; a frame is only unpacked when its head says that it fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import zstandard

from connector.errors import ContractError

LONGEST = 256 * 2**20
"""Bytes of a line at most: an answer of 64 MB, escaped, fits; a file made to fill the memory does not."""
_HEAD = 18
_RLE = 1


class Place(NamedTuple):
    """Where a line stands: in which packed frame, and at which place in it (0: ours have one line each)."""

    start: int
    size: int
    within: int = 0


class Frames:
    """The lines of one record on disk; each reading opens the file anew, so several threads may read."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise ContractError(f"{path.name}: the record is gone (storage.keep_exchanges); nothing to replay")
        self.path = path

    def __iter__(self) -> Iterator[tuple[Place, bytes]]:
        """Each line with its place. A cut frame ends the reading; damage raises ContractError."""
        start = 0
        with self.path.open("rb") as file:
            while (packed := self._packed(file, start)) is not None:
                for within, line in enumerate(self._lines(packed)):
                    yield Place(start, len(packed), within), line
                start += len(packed)

    def line(self, place: Place) -> bytes:
        with self.path.open("rb") as file:
            file.seek(place.start)
            return self._lines(file.read(place.size))[place.within]

    def _packed(self, file: IO[bytes], start: int) -> bytes | None:
        """The packed frame that begins here; None where the file ends, also in its midst."""
        file.seek(start)
        head = file.read(_HEAD)
        try:
            checked = zstandard.get_frame_parameters(head).has_checksum
            at = start + zstandard.frame_header_size(head)
        except zstandard.ZstdError as error:
            if len(head) < _HEAD:
                return None
            raise self._damaged(error) from error
        last = False
        while not last:
            file.seek(at)
            block = file.read(3)
            if len(block) < 3:
                return None
            number = int.from_bytes(block, "little")
            last = bool(number & 1)
            at += 3 + (1 if number >> 1 & 3 == _RLE else number >> 3)
        size = at + (4 if checked else 0) - start
        if size > 2 * LONGEST:
            raise self._too_long()
        file.seek(start)
        packed = file.read(size)
        return packed if len(packed) == size else None

    def _lines(self, packed: bytes) -> list[bytes]:
        try:
            if not 0 < zstandard.get_frame_parameters(packed).content_size <= LONGEST:
                raise self._too_long()
            text = zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError as error:
            raise self._damaged(error) from error
        return text.removesuffix(b"\n").split(b"\n")

    def _damaged(self, error: Exception) -> ContractError:
        return ContractError(f"{self.path.name}: the record is damaged: {error}")

    def _too_long(self) -> ContractError:
        size = LONGEST // 2**20
        return ContractError(f"{self.path.name}: a line is longer than {size} MB; this is no record of ours")
