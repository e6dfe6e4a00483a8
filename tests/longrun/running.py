"""`connector run` as a real process in a folder of its own, and what can be seen of it from outside."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.settings import ENVIRON, load_config

STARTS_IN = 60.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class ServiceProcess:
    """A service on a stand-in PSA; a context manager that kills it. `changes` replace top-level keys of its file."""

    def __init__(self, psa_url: str, folder: Path, *, environ: Mapping[str, str] | None = None, **changes: Any) -> None:
        self.folder, self.url = folder, psa_url
        self.port = free_port()
        self.changes = {"answers": {"folder": "answers", "settle": "0 seconds"}, **changes}
        (folder / "answers").mkdir(parents=True, exist_ok=True)
        self.write()
        self.log = folder / "service.log"
        self._environ = {**os.environ, **ENVIRON, **(environ or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, **changes: Any) -> None:
        """Write the configuration anew."""
        self.changes |= changes
        self.config = load_config(
            self.url, self.folder, **{"listen": {"private": f"127.0.0.1:{self.port}"}, **self.changes}
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.longrun.service", "--config", str(self.folder / "nps.yaml")],
                stdout=log,
                stderr=log,
                env=self._environ,
            )
        self.until(lambda: self.get("/healthz")[0] == 200, "the service answers", STARTS_IN)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, seconds: float = 30.0) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def __enter__(self) -> ServiceProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def get(self, path: str) -> tuple[int, str]:
        """(status, text); 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def until(self, holds: Any, what: str, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the service left with {self.process.returncode}\n{self.tail()}")
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.tail()}")

    def lines(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == name]

    def tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-15:])

    def park(self) -> tuple[int, float]:
        """SIGTERM: (exit code, seconds it took)."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.wait(), time.monotonic() - begun
