"""Progress: a line that lives at a terminal, lines of the log elsewhere, nothing with --json."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading

import pytest
import structlog

from connector.cli import common, progress
from connector.cli.progress import Progress
from tests.cli.conftest import Connector, Desk


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_LOGGED", 0.0)


@pytest.mark.usefixtures("often")
def test_without_a_terminal_it_is_logged_every_few_seconds(desk: Desk, connector: Connector) -> None:
    said = connector("--log-level", "info", "pull")
    told = [line for line in said.err.splitlines() if '"progress"' in line]
    assert told
    assert re.search(r"\d+ contacts, \d+ companies|\d+ companies, \d+ contacts", told[-1])
    assert "progress" not in said.out


@pytest.mark.usefixtures("often")
def test_with_json_nothing_of_it_is_said(desk: Desk, connector: Connector) -> None:
    said = connector("--log-level", "info", "pull", "--json")
    assert said.facts["steps"]
    assert '"progress"' not in said.err


def test_a_short_work_says_nothing(desk: Desk, connector: Connector) -> None:
    assert '"progress"' not in connector("--log-level", "info", "pull").err


@pytest.mark.usefixtures("often")
def test_each_work_counts_for_itself_and_anew_after_its_end() -> None:
    common.reset()
    told = Progress()
    with structlog.testing.capture_logs() as lines:

        def hear(name: str) -> None:
            for _ in range(100):
                told("pull", name, "contacts", 10)

        threads = [threading.Thread(target=hear, args=(name,)) for name in ("psa", "crm")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told.end("pull", "psa")
        told("pull", "psa", "contacts", 1)
        told("pull", "crm", "segments", 5)
    last = {line["connection"]: line["done"] for line in lines}
    assert last == {"psa": "1 contacts", "crm": "1,000 contacts"}


def test_at_a_terminal_the_line_is_written_over_and_gone_at_the_end(desk: Desk) -> None:
    code = (
        "from connector.cli import main, progress; progress.EVERY_SHOWN = 0.0; import sys;sys.exit(main.run(['pull']))"
    )
    ours, theirs = pty.openpty()
    made = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, cwd=desk.folder)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other side closed
        pass
    os.close(ours)
    out, _ = made.communicate()
    assert made.returncode == 0
    assert b"\r\x1b[Kpull psa: " in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\x1b" not in out
