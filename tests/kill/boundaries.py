"""The places where a process can die: before and after each commit, request and answer, counted from outside.

Product code is not touched: SQLAlchemy, urllib3 (which all vendors' clients stand on) and the wire are wrapped in the
process that is to be killed. Commits of transactions that only read are left out: nothing is there to lose.

    commit:before    all statements done, nothing of them on disk
    commit:after     on disk, the program does not know yet
    request:before   the lease was proved, the request has not left (the guard lies before this)
    request:left     the request is gone, no answer was read (writes only: a read has no effect)
    answer:after     the whole answer is read, nothing was made of it
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from urllib3.connectionpool import HTTPConnectionPool

from connector.ports import Answer, Call, Wire
from connector.store import Store, Tx
from tests.kill.crm import Crm


class Boundaries:
    """Counts boundaries; calls `at(number, label)` at each. Installed once in a child, for the rest of its life."""

    def __init__(self, crm: Crm, at: Callable[[int, str], None]) -> None:
        self.labels: list[str] = []
        self.before_call: Callable[[str], None] = lambda place: None  # outside of the guard; not counted
        self._crm, self._at = crm, at
        # Held through each transaction that writes: what dies or stops in another thread does so between two of them,
        # never with the store locked.
        self._lock = threading.RLock()
        self._writing = threading.local()

    def reach(self, label: str) -> None:
        with self._lock:
            number = len(self.labels)
            self.labels.append(label)
            self._at(number, label)

    def install(self) -> None:
        self._transactions()
        self._commits()
        self._requests()
        self._answers()

    def _transactions(self) -> None:
        write = Store.write

        @contextmanager
        def alone(store: Store, **how: Any) -> Iterator[Tx]:
            with self._lock, write(store, **how) as tx:
                yield tx

        _replace(Store, "write", alone)

    def _commits(self) -> None:
        commit: Callable[[Any, Any], None] = DefaultDialect.do_commit
        reach, writing = self.reach, self._writing

        @event.listens_for(Engine, "commit")
        def commits(connection: Connection) -> None:
            writing.now = connection.get_execution_options().get("writes")

        def do_commit(dialect: Any, connection: Any) -> None:
            if not getattr(writing, "now", None):
                commit(dialect, connection)
                return
            reach("commit:before")
            commit(dialect, connection)
            reach("commit:after")

        _replace(DefaultDialect, "do_commit", do_commit)

    def _requests(self) -> None:
        urlopen, reach, crm = HTTPConnectionPool.urlopen, self.reach, self._crm

        def opened(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            path, _, query = url.partition("?")
            place = crm.place(method, path, query, _text(kwargs.get("body")))
            reach(f"request:before {place}")
            answer = urlopen(pool, method, url, *args, **kwargs)
            if not crm.is_read(method, path):
                reach(f"request:left {place}")
            return answer

        _replace(HTTPConnectionPool, "urlopen", opened)

    def _answers(self) -> None:
        send, crm = self._crm.wire.send, self._crm

        def answered(wire: Wire, call: Call) -> Answer:
            place = crm.place(call.method, call.path, urlencode(call.query), _text(call.body))
            with self._lock:
                self.before_call(place)
            answer = send(wire, call)
            self.reach(f"answer:after {place}")
            return answer

        _replace(crm.wire, "send", answered)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kind(label: str) -> str:
    """`commit:before`, or `request:before POST`: what a label counts as in a summary."""
    what, _, place = label.partition(" ")
    method = place.partition(" ")[0]
    return f"{what} {method}" if method else what


def _text(body: Any) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")


def _replace(owner: type, name: str, by: Callable[..., Any]) -> None:
    setattr(owner, name, by)
