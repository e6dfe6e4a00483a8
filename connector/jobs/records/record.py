"""What a story is lent: its inputs, its outputs and its effects, so that the same code runs live and in replay.

A story takes everything from its Record (stored rows by `read`, the CRM by `wire`, the time by `now`), tells it
what it made (`emit`) and hands it what must be written (`commit`). `LiveRecord` keeps all that in the journal;
`replay.ReplayRecord` gives back what was kept, compares what is made and writes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from connector.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    LeaseLostError,
    OutcomeUnknownError,
    ParkedError,
    PausedError,
    ThrottledError,
    UnavailableError,
)
from connector.jobs.forgotten import ForgettingWire
from connector.jobs.meter import Meter
from connector.jobs.records.journal import JournalWriter, body_out, checksum
from connector.jobs.vaults import KeptSecrets
from connector.ports import Answer, Call, OpenWire, Wire
from connector.store import Store, Tx, forgotten, holds, leases

T = TypeVar("T")
LEASE = timedelta(seconds=180)


BATCH = 1000


OWNERS_TOGETHER = "owners_together"
LINKS_NOBODY = "links_nobody"
NAMES_OPEN_ANSWERS = "names_open_answers"
DUE_AT_CLOSING = "due_at_closing"
REHEARSES_ALL = "rehearses_all"
GIVES_UP_LOST = "gives_up_lost"
ASKS_ONCE = "asks_once"
PAGES_TOGETHER = "pages_together"
OTHER_ADDRESSES = "other_addresses"
COMPANY_IF_WRITTEN = "company_if_written"
SAYS_ZONE = "says_zone"
DOES = (
    OWNERS_TOGETHER, LINKS_NOBODY, NAMES_OPEN_ANSWERS, DUE_AT_CLOSING, REHEARSES_ALL, GIVES_UP_LOST, ASKS_ONCE,
    PAGES_TOGETHER, OTHER_ADDRESSES, COMPANY_IF_WRITTEN, SAYS_ZONE,
)  # fmt: skip
"""Ways of asking that records of before know nothing of; the beginning of a record names those it was made with."""


class RowForm(NamedTuple, Generic[T]):
    """How a streamed row stands in the journal: `out` makes it JSON-able, `back` reads it from JSON again."""

    out: Callable[[T], Any]
    back: Callable[[bytes], T]


class Record(Protocol):
    params: dict[str, Any]
    now: datetime
    seed: str
    installation: str

    @property
    def keeps(self) -> bool:
        """Whether this happens, or happened; not where it is only looked at what would be."""

    @property
    def token(self) -> int:
        """The fencing token under which effects are claimed."""

    def does(self, what: str) -> bool:
        """Whether the story goes this way (of DOES); not in the replay of a record of before, which went another."""

    def read(self, name: str, kind: Any, load: Callable[[Tx], T], *, claims: bool = False) -> T:
        """Rows of the store as this Attempt saw them; `kind` is their type, for reading them back.

        `claims`: reading moves rows, so it is a transaction of ours, under the lease.
        """

    def stream(
        self, name: str, load: Callable[[Tx], Iterator[T]], form: RowForm[T], *, keep: bool = True
    ) -> Iterator[T]:
        """Many rows of the store, a batch at a time. `keep` False: the same rows are read again by a later stream."""

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        """What the story made; JSON-able rows, or msgspec.Raw where they are encoded already."""

    def commit(self, apply: Callable[[Tx], None], *, durable: bool = True) -> None:
        """Write, in one transaction that first proves the lease."""

    def turn(self, take: Callable[[Tx], None], *, durable: bool = True) -> AbstractContextManager[None]:
        """What is read and committed within is one transaction, begun by `take`, which waits for others of its kind:
        none of them changes between what is changed here by what was read. No request is made within."""

    def wire(self, connection: str, settings: Any, build: OpenWire) -> Wire:
        """The wire of a connection, recorded or replayed; `build` makes the real one."""

    def sleep(self, seconds: float) -> None: ...

    def clock(self) -> datetime:
        """The time by the clock; `now` is when the Attempt began. For what `commit` stores, never for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What a running Attempt heeds and tells on its way.

    `stopping` is set when the process is asked to leave; `until` is when effects must have left; `told` is called with
    each name and number of rows made.
    """

    stopping: threading.Event = field(default_factory=threading.Event)
    until: datetime | None = None
    meter: Meter = field(default_factory=Meter)
    told: Callable[[str, int], None] = lambda _name, _rows: None


class LiveRecord:
    """The Record of an Attempt that really happens."""

    keeps = True

    def __init__(
        self,
        store: Store,
        writer: JournalWriter,
        lease: leases.Lease,
        *,
        params: dict[str, Any],
        now: datetime,
        seed: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        watching: Watching = Watching(),
    ) -> None:
        self.params, self.now, self.seed = params, now, seed
        self._watching = watching
        self.installation = store.installation()
        self.calls = 0
        self._store, self._writer, self._lease, self._clock, self._sleep = store, writer, lease, clock, sleep
        self._counting = threading.Lock()
        self._closing: list[Callable[[], None]] = []
        self._turn: Tx | None = None
        self._made: list[tuple[str, int]] = []

    def close(self) -> None:
        """Give back what its wires hold open, now and not when memory is next looked through."""
        while self._closing:
            self._closing.pop()()

    @property
    def token(self) -> int:
        return self._lease.token

    def does(self, what: str) -> bool:
        return what in DOES

    def read(self, name: str, kind: Any, load: Callable[[Tx], T], *, claims: bool = False) -> T:  # noqa: ARG002 - replay needs the kind
        if claims:
            with self._store.write() as tx:
                self._lease = leases.check(tx, self._lease, now=self._clock(), ttl=LEASE)
                value = load(tx)
        elif self._turn is not None:
            value = load(self._turn)
        else:
            with self._store.read() as tx:
                value = load(tx)
        self._writer.write({"t": "read", "name": name, "value": value})
        return value

    def stream(
        self, name: str, load: Callable[[Tx], Iterator[T]], form: RowForm[T], *, keep: bool = True
    ) -> Iterator[T]:
        with self._store.read() as tx:
            rows = load(tx)
            while batch := list(islice(rows, BATCH)):
                self.go_on()
                if keep:
                    self._writer.write({"t": "read", "name": name, "value": [form.out(row) for row in batch]})
                yield from batch

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        made = list(rows)
        self._writer.write({"t": "out", "name": name, "rows": made})
        if self._turn is not None:  # a terminal that somebody stopped must not keep the store
            self._made.append((name, len(made)))
        else:
            self._watching.told(name, len(made))

    def commit(self, apply: Callable[[Tx], None], *, durable: bool = True) -> None:
        if self._turn is not None:
            self._prove_and(apply, self._turn)
            return
        with self._store.write(durable=durable) as tx:
            self._prove_and(apply, tx)
        self.go_on()  # after, never before: what was done is written down first

    def _prove_and(self, apply: Callable[[Tx], None], tx: Tx) -> None:
        self._lease = leases.check(tx, self._lease, now=self._clock(), ttl=LEASE)
        apply(tx)

    @contextmanager
    def turn(self, take: Callable[[Tx], None], *, durable: bool = True) -> Iterator[None]:
        try:
            with self._store.write(durable=durable) as tx:
                take(tx)
                self._turn = tx
                try:
                    yield
                finally:
                    self._turn = None
        finally:
            made, self._made = self._made, []
            for name, rows in made:
                self._watching.told(name, rows)
        self.go_on()

    def go_on(self) -> None:
        """Raises ParkedError where the process is asked to leave."""
        if self._watching.stopping.is_set():
            raise ParkedError(f"{self._lease.connection}: stopped on request; it goes on at the next start")

    def before_call(self, call: Call) -> None:
        """Many reads between two commits (owners of a batch, states of all tickets) must not outlive the lease, or a
        slow tenant would never get past them: before one, a lease that is half gone is prolonged."""
        self.go_on()
        if not call.writes and self._lease.expires_at - self._clock() < LEASE / 2:
            with self._store.write(durable=False) as tx:
                self._lease = leases.check(tx, self._lease, now=self._clock(), ttl=LEASE)

    def wire(self, connection: str, settings: Any, build: OpenWire) -> Wire:
        built = build(settings, self.guard, KeptSecrets(self._store, connection))
        if hasattr(built, "close"):  # those of a network have
            self._closing.append(built.close)
        inner: Wire = _Heeding(built, self.before_call)
        with self._store.read() as tx:
            known = forgotten.load(tx)
        if known.digests:
            inner = ForgettingWire(inner, connection, known)
        return RecordingWire(inner, connection, self._writer, self._count)

    def guard(self) -> None:
        """Called immediately before a write leaves: the lease is ours by the clock of now, nobody said pause or stop,
        and it is not past the hours in which effects may leave."""
        self.go_on()
        until = self._watching.until
        if until is not None and self._clock() >= until:
            raise PausedError(f"{self._lease.connection}: its hours ended at {until:%H:%M %Z}; it goes on in the next")
        with self._store.read() as tx:
            leases.check(tx, self._lease, now=self._clock())
            hold = holds.on_connection(tx, self._lease.connection)
        if hold is not None:
            raise PausedError(f"{self._lease.connection}: {hold.cause}: {hold.reason}; connector resume lets it go on")

    def sleep(self, seconds: float) -> None:
        self._watching.meter.waited(self._lease.connection, seconds)
        self.go_on()
        self._sleep(seconds)
        self.go_on()

    def clock(self) -> datetime:
        return self._clock()

    def _count(self, status: int) -> None:
        with self._counting:
            self.calls += 1
        self._watching.meter.called(self._lease.connection, status)


FAILURES: dict[str, type[ConnectorError]] = {
    cls.__name__: cls for cls in (
        UnavailableError, ThrottledError, OutcomeUnknownError, LeaseLostError, PausedError, ParkedError,
        AuthError, ContractError,
    )
}  # fmt: skip
"""What a wire may raise, by the name under which it is recorded."""


class _Heeding:
    """A wire that begins no request before `before` has agreed: the process may be asked to leave."""

    def __init__(self, inner: Wire, before: Callable[[Call], None]) -> None:
        self._inner, self._before = inner, before

    def send(self, call: Call) -> Answer:
        self._before(call)
        return self._inner.send(call)


class RecordingWire:
    """Carries calls by another wire and keeps each with its answer or failure.

    `count` is called with each status, 0 where no answer came.
    """

    def __init__(self, inner: Wire, connection: str, writer: JournalWriter, count: Callable[[int], None]) -> None:
        self._inner, self._connection, self._writer, self._count = inner, connection, writer, count

    def send(self, call: Call) -> Answer:
        asked: dict[str, Any] = {
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "headers": call.headers,
            "body": body_out(call.body),
        }
        if call.reads:  # said only where it holds: records of before, which never knew it, keep their digests
            asked["reads"] = True
        frame: dict[str, Any] = {"t": "exchange", "connection": self._connection, "call": asked}
        try:
            answer = self._inner.send(call)
        except ConnectorError as error:
            self._count(0)
            frame["failure"] = {"type": type(error).__name__, "message": str(error)}
            if isinstance(error, ThrottledError) and error.retry_after:  # decides whether it is waited for
                frame["failure"]["retry_after"] = error.retry_after
            self._writer.write(frame)
            raise
        self._count(answer.status)
        frame["answer"] = {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": body_out(answer.body),
        }
        frame["sum"] = checksum(answer.body)
        self._writer.write(frame)
        return answer


def raw(encoded: bytes) -> msgspec.Raw:
    """Rows that are JSON already go into the journal as they are."""
    return msgspec.Raw(encoded)
