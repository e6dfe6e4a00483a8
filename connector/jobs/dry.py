"""A Record for looking: reads the store and the CRM as they are, keeps nothing and lets no write leave.

For whatever must be said before it is done: what a rerun would change, what rules would make of an answer, who owns
a company's tickets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from connector.errors import ContractError
from connector.jobs.records.record import DOES, RowForm, T
from connector.jobs.runtime import Runtime
from connector.jobs.vaults import KeptSecrets
from connector.ports import Answer, Call, OpenWire, Wire
from connector.store import Tx

Watch = Callable[[str, list[Any]], None]


class DryRecord:
    """The Record of something that does not happen. `watch` hears what a story makes; else `made` keeps it by name."""

    keeps = False

    def __init__(self, runtime: Runtime, *, params: dict[str, Any] | None = None, watch: Watch | None = None) -> None:
        self.params, self.now, self.seed = params or {}, runtime.now(), ""
        self.installation = runtime.store.installation()
        self.token = 0
        self.calls = 0
        self.made: dict[str, list[Any]] = defaultdict(list)
        self._store, self._sleep = runtime.store, runtime.sleep
        self._watch = watch or (lambda name, rows: self.made[name].extend(rows))

    def does(self, what: str) -> bool:
        return what in DOES

    def read(self, name: str, kind: Any, load: Callable[[Tx], T], *, claims: bool = False) -> T:  # noqa: ARG002
        if claims:
            raise ContractError(f"{name}: a look at things claims nothing")
        with self._store.read() as tx:
            return load(tx)

    def stream(
        self,
        name: str,  # noqa: ARG002
        load: Callable[[Tx], Iterator[T]],
        form: RowForm[T],  # noqa: ARG002
        *,
        keep: bool = True,  # noqa: ARG002
    ) -> Iterator[T]:
        with self._store.read() as tx:
            yield from load(tx)

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        self._watch(name, list(rows))

    def commit(self, apply: Callable[[Tx], None], *, durable: bool = True) -> None:
        pass

    def turn(self, take: Callable[[Tx], None], *, durable: bool = True) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def wire(self, connection: str, settings: Any, build: OpenWire) -> Wire:
        return _Counted(build(settings, _refuse, KeptSecrets(self._store, connection)), connection, self)

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    def clock(self) -> datetime:
        return self.now


class _Counted:
    def __init__(self, inner: Wire, connection: str, record: DryRecord) -> None:
        self._inner, self._connection, self._record = inner, connection, record

    def send(self, call: Call) -> Answer:
        if call.writes:
            raise ContractError(f"{self._connection}: {call.method} {call.path} would write, and this is only a look")
        self._record.calls += 1
        return self._inner.send(call)


def _refuse() -> None:
    raise ContractError("this is only a look; no write may leave")
