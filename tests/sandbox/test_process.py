"""The stand-in as a process of its own, as a bench starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from connector.sandbox.connectwise import run


def test_the_first_line_says_where_it_is_and_how_to_sign_in() -> None:
    command = [sys.executable, "-m", "connector.sandbox.connectwise", "--contacts", "50", "--seed", "3"]
    options = ["--latency-ms", "1", "--readings", "strict", "--companies", "9", "--group-members", "5"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready.keys() == {"url", "company", "public_key", "private_key", "client_id"}
            login = f"{ready['company']}+{ready['public_key']}"
            answer = requests.get(
                f"{ready['url']}/v4_6_release/apis/3.0/company/companies/count",
                auth=(login, ready["private_key"]),
                headers={"clientId": ready["client_id"]},
                timeout=10,
            )
            assert answer.json() == {"count": 9}
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_run_forever_prints_the_address_and_the_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "_wait", lambda: None)
    run.run_forever(port=0, contacts=20, seed=1)
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
    assert run._readings(text) == chosen
