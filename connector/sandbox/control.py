"""The levers behind every stand-in, under /control/: look at the truth, plan misfortunes, go back in time.

No sign-in, and no call is counted. The vendor's stand-in adds its own levers, and words for those that all have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

import msgspec

from .http import Answer, Refusal, Request

PREFIX = "/control/"
LARGEST = 20_000
Row = dict[str, Any]
# By method and name, as GET log: what needs no body.
Bare = Mapping[tuple[str, str], Callable[[], Any]]
# By name: what is posted with a JSON body, which it is given.
Told = Mapping[str, Callable[[Any], Any]]
T = TypeVar("T")


class State(Protocol):
    """What has happened in a world, as far as every stand-in keeps it."""

    log: deque[Row]
    faults: list[Any]
    offset: float


class World(Protocol):
    """The part of a vendor's world that all of them have."""

    @property
    def lock(self) -> AbstractContextManager[bool]: ...
    @property
    def state(self) -> State: ...
    @property
    def readings(self) -> Mapping[str, str]: ...
    def now(self) -> float: ...
    def forget_served(self) -> None: ...
    def snapshot(self) -> str: ...
    def restore(self, name: str) -> None: ...
    def reset(self) -> None: ...


class Control:
    """Answers control requests for one world. Call under the world's lock."""

    def __init__(
        self,
        world: World,
        *,
        settle: Callable[[], None],
        refuse: Callable[[int, str], Refusal],
        decoded: Callable[[bytes], Any],
        planned: Callable[[Any], Sequence[Any]],
        written: Callable[[], str],
        truth: Callable[[], Row],
        people: int,
        bare: Bare,
        told: Told,
    ) -> None:
        """Take the vendor's part; `bare` and `told` are the levers that only this stand-in has.

        `settle` does what is due by now, `refuse` makes a refusal of status and message, `decoded` reads a JSON body,
        `planned` makes faults of one, `written` is the time as the vendor writes it, and `people` is how many contacts
        `truth` would tell of.
        """
        self._world, self._settle, self._refuse, self._decoded = world, settle, refuse, decoded
        self._planned, self._written, self._tell, self._people = planned, written, truth, people
        self._bare: Bare = {
            ("POST", "served/reset"): world.forget_served,
            ("GET", "truth"): self._truth,
            ("GET", "log"): lambda: list(world.state.log),
            ("GET", "faults"): self._faults,
            ("DELETE", "faults"): lambda: world.state.faults.clear(),
            ("POST", "snapshot"): lambda: {"id": world.snapshot()},
            ("POST", "reset"): world.reset,
            ("GET", "clock"): self._clock,
            ("GET", "readings"): lambda: dict(world.readings),
            **bare,
        }
        self._told: Told = {"faults": self._plan, "restore": self._restore, "clock": self._advance, **told}

    def handles(self, path: str) -> bool:
        return path.startswith(PREFIX)

    def answer(self, request: Request) -> Answer:
        """Return the answer as JSON; `{}` where there is nothing to say."""
        name = request.path.removeprefix(PREFIX).strip("/")
        try:
            if (request.method, name) in self._bare:
                said = self._bare[request.method, name]()
            elif request.method == "POST" and name in self._told:
                said = self._told[name](self._decoded(request.body or b"{}"))
            else:
                raise self._refuse(404, f"no lever {request.method} {request.path}")
        except Refusal as refusal:
            return refusal.answer
        return Answer(status=200, body=msgspec.json.encode({} if said is None else said))

    def _truth(self) -> Row:
        if self._people > LARGEST:
            raise self._refuse(400, f"the truth is told of at most {LARGEST} contacts")
        return self._tell()

    def _faults(self) -> list[Row]:
        return [asdict(fault) for fault in self._world.state.faults]

    def _plan(self, body: Any) -> list[Row]:
        self._world.state.faults.extend(self._planned(body))
        return self._faults()

    def _restore(self, body: Row) -> None:
        try:
            self._world.restore(str(body.get("id")))
        except KeyError as error:
            raise self._refuse(404, f"no snapshot {error}") from None

    def _clock(self) -> Row:
        return {"now": self._world.now(), "written": self._written(), "offset": self._world.state.offset}

    def _advance(self, body: Row) -> Row:
        self._world.state.offset += float(body.get("advance", 0))
        self._settle()
        return self._clock()


def spread(count: int, over: Sequence[T]) -> list[T]:
    """Return that many of them, evenly spread; all where there are fewer."""
    count = min(count, len(over))
    return [over[place * len(over) // count] for place in range(count)]
