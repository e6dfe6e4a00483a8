"""The stand-in as a process of its own, as a bench starts it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import requests

from connector.sandbox import process as processes
from connector.sandbox.hubspot import run
from connector.sandbox.hubspot.readings import Readings
from tests.processes import line, started


def test_the_first_line_says_where_it_is_and_how_to_sign_in() -> None:
    command = [sys.executable, "-m", "connector.sandbox.hubspot", "--contacts", "50", "--seed", "3"]
    options = ["--latency-ms", "1", "--readings", "strict,rate_limits=off", "--companies", "9", "--group-members", "5"]
    with started([*command, *options]) as process:
        ready = json.loads(line(process))
        assert ready.keys() == {"url", "token", "client_id", "client_secret", "refresh_token", "portal"}
        headers = {"Authorization": f"Bearer {ready['token']}"}
        url = f"{ready['url']}/crm/objects/2026-09/companies"
        answer = requests.get(url, params={"limit": 100}, headers=headers, timeout=10)
        assert len(answer.json()["results"]) == 9


def test_run_forever_prints_the_address_and_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "_wait", lambda: None)
    run.run_forever(port=0, contacts=20, seed=1)
    printed = capsys.readouterr().out
    for word in ("http://127.0.0.1:", "adapter: hubspot", "pat-na1-sandbox"):
        assert word in printed


@pytest.mark.parametrize("wrong", ["loose", {"nothing": "x"}, {"cursor": "x"}, {"*": "x"}])
def test_an_unknown_reading_or_answer_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="readings"):
        Readings(wrong)
