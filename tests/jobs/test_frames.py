from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import zstandard

from connector.errors import ContractError
from connector.jobs.records.frames import Frames
from connector.jobs.records.journal import JournalWriter
from connector.jobs.records.recorded import Recorded

MB = 2**20


def record(path: Path, frames: int, size: int) -> Path:
    writer = JournalWriter(path)
    writer.write({"t": "begin", "story": "plan"})
    for number in range(frames):
        writer.write({"t": "read", "name": "rows", "value": [str(number) * (size // len(str(number)))]})
    writer.close()
    return path


def test_a_line_is_read_again_by_its_place(tmp_path: Path) -> None:
    frames = Frames(record(tmp_path / "r.jsonl.zst", 5, 100))
    found = list(frames)
    assert len(found) == 6
    assert [frames.line(place) for place, _ in reversed(found)] == [line for _, line in reversed(found)]


def test_a_record_is_never_held_in_memory(tmp_path: Path) -> None:
    path = record(tmp_path / "r.jsonl.zst", 150, MB)
    tracemalloc.start()
    try:
        recorded = Recorded.load(path)
        assert sum(len(bytes(value)) for value in recorded.reads["rows"]) > 140 * MB
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


def test_a_cut_frame_ends_the_reading_wherever_it_is_cut(tmp_path: Path) -> None:
    path = record(tmp_path / "r.jsonl.zst", 2, 30)
    whole, sizes = path.read_bytes(), [place.start + place.size for place, _ in Frames(path)]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert len(list(Frames(path))) == sum(end <= length for end in sizes)


def test_what_is_no_record_and_what_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.zst"
    path.write_bytes(b"mode: live\nconnections: {psa: {}}\n")
    with pytest.raises(ContractError, match="damaged"):
        list(Frames(path))
    path.write_bytes(zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 100))
    with pytest.raises(ContractError, match="longer than 256 MB"):
        list(Frames(path))
