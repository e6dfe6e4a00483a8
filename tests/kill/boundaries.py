"""The places where a process can die: before and after each commit, request and answer, counted from outside.

Product code is not touched: SQLAlchemy, requests and the wire are wrapped in the process that is to be killed. Commits
of transactions that only read are left out: nothing is there to lose.

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
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

from connector.adapters.transport.wire import HttpWire
from connector.ports import Answer, Call

READS = ("GET", "HEAD")


class Boundaries:
    """Counts boundaries; calls `at(number, label)` at each. Installed once in a child, for the rest of its life."""

    def __init__(self, at: Callable[[int, str], None]) -> None:
        self.labels: list[str] = []
        self.before_call: Callable[[str], None] = lambda place: None  # outside of the guard; not counted
        self._at = at
        self._lock = threading.Lock()
        self._writing = threading.local()

    def reach(self, label: str) -> None:
        with self._lock:
            number = len(self.labels)
            self.labels.append(label)
            self._at(number, label)

    def install(self) -> None:
        self._commits()
        self._requests()
        self._answers()

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
        send, reach = HTTPAdapter.send, self.reach

        def sent(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            place = _place(request.method or "", request.path_url.split("?")[0])
            reach(f"request:before {place}")
            answer = send(adapter, request, *args, **kwargs)
            if request.method not in READS:
                reach(f"request:left {place}")
            return answer

        _replace(HTTPAdapter, "send", sent)

    def _answers(self) -> None:
        send, reach = HttpWire.send, self.reach

        def answered(wire: HttpWire, call: Call) -> Answer:
            self.before_call(_place(call.method, call.path))
            answer = send(wire, call)
            reach(f"answer:after {_place(call.method, call.path)}")
            return answer

        _replace(HttpWire, "send", answered)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kind(label: str) -> str:
    """`commit:before`, or `request:before POST`: what a label counts as in a summary."""
    what, _, place = label.partition(" ")
    method = place.partition(" ")[0]
    return f"{what} {method}" if method else what


def writes(label: str) -> bool:
    """Whether an effect hangs on this boundary: a commit, or a request that changes something."""
    what, _, place = label.partition(" ")
    return what.startswith("commit") or place.partition(" ")[0] not in READS


def _place(method: str, path: str) -> str:
    return f"{method} {path.rpartition('/apis/3.0')[2]}"


def _replace(owner: type, name: str, by: Callable[..., Any]) -> None:
    setattr(owner, name, by)
