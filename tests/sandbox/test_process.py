"""The stand-in as a process of its own, as a bench starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from connector.sandbox import process as processes
from connector.sandbox.connectwise import run
from tests.processes import complaints, line, started

COMMAND = [sys.executable, "-m", "connector.sandbox.connectwise", "--contacts", "50", "--seed", "3"]


def test_the_first_line_says_where_it_is_and_how_to_sign_in() -> None:
    options = ["--latency-ms", "1", "--readings", "strict", "--companies", "9", "--group-members", "5"]
    with started([*COMMAND, *options]) as process:
        ready = json.loads(line(process))
        assert ready.keys() == {"url", "company", "public_key", "private_key", "client_id"}
        login = f"{ready['company']}+{ready['public_key']}"
        answer = requests.get(
            f"{ready['url']}/v4_6_release/apis/3.0/company/companies/count",
            auth=(login, ready["private_key"]),
            headers={"clientId": ready["client_id"]},
            timeout=10,
        )
        assert answer.json() == {"count": 9}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with started(COMMAND) as process:
        line(process)
        process.send_signal(number)
        assert (process.wait(timeout=30), complaints(process)) == (0, "")


def test_sigterm_ends_it_where_sigint_is_ignored() -> None:
    with started(COMMAND, ignores_sigint=True) as process:
        line(process)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
        process.send_signal(signal.SIGTERM)
        assert (process.wait(timeout=30), complaints(process)) == (0, "")


def test_run_forever_prints_the_address_and_the_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "_wait", lambda: None)
    before = signal.getsignal(signal.SIGTERM)
    run.run_forever(port=0, contacts=20, seed=1)
    assert signal.getsignal(signal.SIGTERM) == before
    printed = capsys.readouterr().out
    for word in (
        "http://127.0.0.1:",
        "acme",
        "sandbox-public",
        "sandbox-private",
        "init --from connectwise --base-url http",
    ):
        assert word in printed


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("strict", "strict"),
        ("summary_over_100=error", {"*": "lenient", "summary_over_100": "error"}),
        ("strict,summary_over_100=truncate", {"*": "strict", "summary_over_100": "truncate"}),
    ],
)
def test_readings_on_the_command_line(text: str, chosen: Any) -> None:
    assert processes.options(["--readings", text], kind="connectwise", example="x=y")["readings"] == chosen
