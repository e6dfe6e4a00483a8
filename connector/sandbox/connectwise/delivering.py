"""Post the callbacks from a thread of their own, outside the world's lock, and try again as the vendor does."""

from __future__ import annotations

import heapq
import http.client
import ipaddress
import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from .state import Row, State

if TYPE_CHECKING:
    from .world import World

TIMEOUT = 5.0
RETRY_WAITS = (2.0, 4.0)
_RETRIED = frozenset({404, 409, 419, 429})


def loopback(url: str) -> SplitResult | None:
    """Return the parts of a URL that leads to this machine; None for any other, names are not looked up."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
        return parts if near and parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        return None


@dataclass(slots=True, kw_only=True)
class Job:
    """One message to one callback; `shown` is what the lever tells of it."""

    # The state it belongs to: after a reset or a restore the world has another one, and the job is dropped.
    state: State
    shown: Row
    body: bytes
    signature: str


class Postman:
    """Delivers for one world; its thread starts with the first job."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()

    def take(self, job: Job, wait: float = 0.0) -> None:
        with self._wake:
            heapq.heappush(self._due, (time.monotonic() + wait, next(self._order), job))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, daemon=True, name="sandbox-callbacks")
                self._thread.start()
            self._wake.notify()

    def _next(self) -> Job | None:
        """Wait for the next job that is due; None when closed."""
        with self._wake:
            while not self._closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._wake.wait(wait)
        return None

    def _work(self) -> None:
        while (job := self._next()) is not None:
            if job.state is not self._world.state:
                continue
            status = _post(job)
            with self._world.lock:
                tries = job.shown["tries"] = job.shown["tries"] + 1
                again = status in _RETRIED and tries <= len(RETRY_WAITS)
                job.shown["status"] = "pending" if again else status
            if again:
                self.take(job, RETRY_WAITS[tries - 1])


def _post(job: Job) -> int | str:
    """Return the status of the answer, or what went wrong. Redirects are not followed and no proxy is used."""
    parts = loopback(job.shown["url"])
    if parts is None:
        return "refused: not a loopback address"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    # A name might lead elsewhere, so that none is looked up.
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    connection = kind(host, parts.port, timeout=TIMEOUT)
    headers = {"Host": parts.netloc, "Content-Type": "application/json", "x-content-signature": job.signature}
    try:
        connection.request("POST", parts._replace(scheme="", netloc="", fragment="").geturl(), job.body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
