"""A record as a replay reads it: what is where in its file, and whether it is as it was written.

Only places are held: each value is read from the file when it is wanted, so a replay needs no more memory than its
story.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, overload

import msgspec

from connector.errors import ContractError
from connector.jobs.records.anonymous.frames import without_words
from connector.jobs.records.compared import Difference
from connector.jobs.records.frames import Frames, Place
from connector.jobs.records.journal import Digest, body_in, checksum, exchange_line

_encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct):
    """One line of a record; which fields it has depends on its kind `t`."""

    t: str
    name: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")
    rows: msgspec.Raw = msgspec.Raw(b"[]")
    connection: str = ""
    call: dict[str, Any] = {}
    answer: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    sum: str = ""


read_frame = msgspec.json.Decoder(Frame).decode


class Kept(Sequence[msgspec.Raw]):
    """The values of one name in the order they were recorded; each is read from the file when it is wanted."""

    def __init__(self, frames: Frames, part: str) -> None:
        self._frames, self._part = frames, part
        self.places: list[Place] = []

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> msgspec.Raw: ...
    @overload
    def __getitem__(self, at: slice) -> list[msgspec.Raw]: ...
    def __getitem__(self, at: int | slice) -> msgspec.Raw | list[msgspec.Raw]:
        if isinstance(at, slice):
            return [self._value(place) for place in self.places[at]]
        return self._value(self.places[at])

    def _value(self, place: Place) -> msgspec.Raw:
        value: msgspec.Raw = getattr(read_frame(self._frames.line(place)), self._part)
        return value


class Asked(NamedTuple):
    """One recorded exchange: whose, a digest of the request, and where it stands."""

    connection: str
    request: bytes
    place: Place


@dataclass(slots=True)
class Recorded:
    """One attempt's record: what is where in its file. Only the places are held, never the record itself."""

    begin: dict[str, Any]
    frames: Frames
    reads: dict[str, Kept]
    outs: dict[str, Kept]
    exchanges: list[Asked]
    altered: list[Difference]
    end: dict[str, Any] | None
    inputs_digest: str

    @property
    def cut(self) -> bool:
        """Whether it ends where it was killed, or asked to leave: pages that were read ahead were made nothing of."""
        return self.end is None or self.end["outcome"] == "interrupted"

    def key_of(self, call: dict[str, Any]) -> bytes:
        """By what a request is known again. Where people were replaced, words about them are left aside: a text made
        of several has another pseudonym than its parts."""
        replaced = self.begin.get("pseudonyms") or self.begin.get("erased")
        return _call_key(call | {"body": without_words(call["body"])} if replaced else call)

    @classmethod
    def load(cls, path: Path) -> Recorded:
        """Read it once to its end, checking each answer against its checksum. Raises ContractError for no record."""
        frames = Frames(path)
        found = cls({}, frames, {}, {}, [], [], None, "")
        digest = Digest()
        for place, line in frames:
            try:
                found._add(place, line, digest)
            except (msgspec.DecodeError, KeyError, TypeError) as error:
                raise ContractError(f"{path.name}: the record is damaged: {error}") from error
        if not found.begin:
            raise ContractError(f"{path.name}: the record has no beginning; nothing to replay")
        found.inputs_digest = digest.inputs
        return found

    def _add(self, place: Place, line: bytes, digest: Digest) -> None:
        frame = read_frame(line)
        digest.add(frame.t, exchange_line(msgspec.structs.asdict(frame)) if frame.t == "exchange" else line)
        match frame.t:
            case "begin":
                self.begin = msgspec.json.decode(line)
            case "end":
                self.end = msgspec.json.decode(line)
            case "read":
                self.reads.setdefault(frame.name, Kept(self.frames, "value")).places.append(place)
            case "out":
                self.outs.setdefault(frame.name, Kept(self.frames, "rows")).places.append(place)
            case "exchange":
                self.exchanges.append(Asked(frame.connection, self.key_of(frame.call), place))
                if frame.answer is not None and frame.sum != checksum(body_in(frame.answer["body"])):
                    where = f"exchange {len(self.exchanges)}, {frame.call['method']} {frame.call['path']}"
                    self.altered.append(Difference(what=f"{where}: the recorded answer was altered"))


def _call_key(call: dict[str, Any]) -> bytes:
    asked = _encode([call["method"], call["path"], call["query"], call["body"]])
    return hashlib.blake2b(asked, digest_size=16).digest()
