"""A stand-in CRM as a process of its own, so that this one has no threads and may fork."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from types import TracebackType
from typing import Any, Self


class StandIn:
    """A context manager; `control` speaks to the levers behind it; `login` is what it says when it is ready."""

    def __init__(self, kind: str, *, contacts: int = 60, seed: int = 7, readings: str = "lenient") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"connector.sandbox.{kind}", "--port", "0", "--contacts", str(contacts),
             "--seed", str(seed), "--readings", readings],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.login: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.url: str = self.login["url"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def control(self, lever: str, body: Any = None, *, method: str = "") -> Any:
        request = urllib.request.Request(
            f"{self.url}/control/{lever}",
            data=None if body is None else json.dumps(body).encode(),
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def now(self) -> float:
        return float(self.control("clock")["now"])

    def set_clock(self, to: float) -> None:
        self.control("clock", {"advance": to - self.now()})

    def records(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("records")
        return found

    def idle(self) -> None:
        """Wait until a request whose sender was killed has surely been worked off."""
        time.sleep(0.01)
        self.control("clock")
