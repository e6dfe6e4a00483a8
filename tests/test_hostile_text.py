"""Law 9: hostile text in any field reaches no query, page, ticket or file unescaped, and never stops other rows."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.cli import main
from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import outbox
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import runtime_for
from tests.settings import ENVIRON

HOSTILE = [
    "{{7*7}}",
    '"',
    "'",
    "*",
    "line\nbreak",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x.example","y")',
    "\u202egnp.exe",
    "\x1b[31mred",
    "[bold]rich[/bold]",
    "%s %(x)s {0}",
    "a' or '1'='1",
    "[click](http://x.example)",
    "'; drop table contact; --",
]
ALL = " ".join(HOSTILE)
FIELDS = ("firstName", "lastName", "title", "nickName", "school")
QUERY = re.compile(r"[A-Za-z0-9 /=<>!()\[\],.:\"@_+*-]*")


@pytest.fixture
def told(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> Iterator[tuple[Runtime, list[once.Step]]]:
    """Every text of forty contacts and their companies is hostile; Ann Example is not touched."""
    everyone = requests.get(f"{sandbox.url}/control/truth", timeout=30).json()["contacts"]
    hostile = [contact for contact in everyone if contact != "1001"][:40]
    for number, contact in enumerate(hostile):
        text = HOSTILE[number % len(HOSTILE)]
        _edit(sandbox, f"/company/contacts/{contact}", dict.fromkeys(FIELDS, f"{text} {number}"))
        if number % 3 == 0:
            _edit(sandbox, f"/company/contacts/{contact}", {"email": f"{text}@example.com"})
    for company in range(5003, 5010):
        requests.post(
            f"{sandbox.url}/control/edit",
            json={"path": f"/company/companies/{company}", "set": {"name": ALL}, "by": "someone"},
            timeout=30,
        )
    runtime = runtime_for(config_for(sandbox, limits={"tickets_per_day": 100}), store_url, clock)
    steps = once.run_once(runtime)
    answers = hostile_answers(tmp_path, hostile)
    steps.append(once.perform(runtime, "collect", "answers", {"file": str(answers)}))
    clock.move(minutes=20)
    steps += once.run_once(runtime)
    yield runtime, steps
    runtime.store.close()


def hostile_answers(folder: Path, hostile: list[str], ann: str = "1001") -> Path:
    """One harmless answer of Ann Example; every text of all others is hostile; the last row is no answer at all."""
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["external_id", "contact_id", "email", "score", "comment", "responded_at", "campaign", "channel"])
    writer.writerow(["ok", "", "ann@example.com", 2, "Tickets take days.", at, "quarterly", "mail"])
    for number, text in enumerate(HOSTILE):
        writer.writerow([text, hostile[number], text, 1, f"{text} {ALL}", at, text, text])
    writer.writerow(["big", ann, "", 0, "spam " * 2_000_000, at, "", ""])
    writer.writerow([ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL])
    path = folder / "answers.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def test_hostile_text_lands_harmless_and_stops_nobody(told: tuple[Runtime, list[once.Step]], sandbox: Server) -> None:
    runtime, steps = told
    collected = next(step for step in steps if step.story == "collect")
    assert collected.attempt is not None
    assert collected.attempt.counts["rejected"] == 1, "the one row that is no answer at all"
    assert collected.attempt.counts["responses"] == len(HOSTILE) + 2
    with runtime.store.read() as tx:
        states = outbox.counts(tx)
    assert set(states) <= {"applied", "waiting", "superseded"}, states
    records = requests.get(f"{sandbox.url}/control/records", timeout=30).json()
    _queries_hold_no_text(sandbox)
    _records_are_plain(records)
    mine = [ticket for ticket in records["tickets"] if ticket["contact"]["id"] == 1001]
    assert mine, "Ann's ticket is there all the same"


def _queries_hold_no_text(sandbox: Server) -> None:
    for call in requests.get(f"{sandbox.url}/control/log", timeout=30).json():
        query = json.dumps(call["query"], ensure_ascii=False)
        assert not [text for text in HOSTILE if len(text) > 1 and text in query], query
        assert "drop table" not in query


def _records_are_plain(records: dict[str, Any]) -> None:
    texts = [note["text"] for kind in ("ticket_notes", "contact_notes") for note in records[kind]]
    texts += [ticket["summary"] for ticket in records["tickets"]]
    assert texts
    for text in texts:
        assert not re.search("[\x00-\x1f<>\u202a-\u202e\u2066-\u2069]", text), text[:200]
        assert "](" not in text
        assert "49" not in text.replace("{{7*7}}", ""), "a template inside an answer was run"
        assert len(text) <= 9000
    assert any("{{7*7}}" in text for text in texts), "words are kept as they were said"
    assert max(len(ticket["summary"]) for ticket in records["tickets"]) <= 100
    assert records["mails"] == [], "nobody was mailed"


def test_hostile_text_is_harmless_in_what_commands_print(
    told: tuple[Runtime, list[once.Step]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runtime, _ = told
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", runtime.store.engine.url.render_as_string(hide_password=False))
    config = ["--config", str(tmp_path / "nps.yaml")]
    sheet = tmp_path / "hygiene.csv"
    for arguments in (
        ["preview", "--offline"],
        ["hygiene", "--csv", str(sheet)],
        ["explain", "1006", "--offline"],
        ["outbox", "list"],
        ["jobs", "list"],
        ["responses", "list"],
    ):
        code = main.run([*config, *arguments])
        said = capsys.readouterr()
        assert code == 0, f"{arguments}: {said.out}{said.err}"
        assert said.out, arguments
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", said.out), arguments
    with sheet.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells), "the file tells of the hostile contacts"
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.chromium
def test_hostile_text_runs_in_no_page(
    told: tuple[Runtime, list[once.Step]], sandbox: Server, chromium: str, tmp_path: Path
) -> None:
    records = requests.get(f"{sandbox.url}/control/records", timeout=30).json()
    pages = ["/contacts", "/companies", "/tickets", f"/tickets/{records['tickets'][-1]['id']}", "/contacts/1006"]
    for page in pages:
        dom = _dom(chromium, f"{sandbox.url}{page}", tmp_path)
        assert "<script" not in dom, page
        assert "http://x.example" not in re.sub(r">[^<]*<", "><", dom), f"{page}: a link was made of hostile text"
        assert "</html>" in dom


def _dom(chromium: str, url: str, folder: Path) -> str:
    """The page as a browser has it after running what it would run."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--virtual-time-budget=2000",
    ]
    profile = folder / f"profile-{time.monotonic_ns()}"
    command = [chromium, *flags, f"--user-data-dir={profile}", "--dump-dom", url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def _edit(sandbox: Server, path: str, values: dict[str, Any]) -> None:
    requests.post(f"{sandbox.url}/control/edit", json={"path": path, "set": values}, timeout=30).raise_for_status()
