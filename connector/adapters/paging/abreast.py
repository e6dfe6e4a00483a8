"""Several ranges read side by side, each in a thread of its own, handed on in turns.

In turns, not as they arrive: the same pages come in the same order again, whatever the network did, so that what is
made of them can be replayed. A range that is ahead waits with one batch in hand and one asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from connector.adapters.paging.reader import Reader

K = TypeVar("K")
B = TypeVar("B")
MOST = 4
"""Never more calls at once to one tenant."""


def abreast(ranges: Mapping[K, Callable[[], Generator[B, None, None]]]) -> Generator[tuple[K, B], None, None]:
    """Yield every batch of every range with the range's name: one of each in turn, in the order given.

    An error surfaces where its batch would have come. Closing the iterator starts nothing more. At most MOST ranges
    (ValueError).
    """
    if len(ranges) > MOST:
        raise ValueError(f"at most {MOST} ranges are read side by side, not {len(ranges)}")
    readers = {name: Reader(batches, name="range") for name, batches in ranges.items()}
    try:
        while readers:
            for name, reader in list(readers.items()):
                batch = reader.next()
                if batch is None:
                    del readers[name]
                else:
                    yield name, batch[0]
    finally:
        for reader in readers.values():
            reader.stop()
        for reader in readers.values():
            reader.join()
