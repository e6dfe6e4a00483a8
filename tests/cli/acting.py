"""A story told on the command line: pulled, answered, delivered."""

from __future__ import annotations

import csv
from typing import Any

from tests.cli.conftest import Connector, Desk

ANN = "ann@example.com"
NOW = "2026-11-21T10:00:00+00:00"


def answer(desk: Desk, connector: Connector, *rows: dict[str, Any], name: str = "answers.csv", code: int = 0) -> None:
    """Import answers from a file: score and email at least, the rest filled in."""
    file = desk.folder / name
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "email", "score", "comment", "responded_at", "campaign"])
        writer.writeheader()
        for number, row in enumerate(rows):
            writer.writerow(
                {"id": f"{name}-{number}", "comment": "", "responded_at": NOW, "campaign": "quarterly"} | row
            )
    said = connector("responses", "import", str(file), "--run-rules")
    assert said.code == code, said.out + said.err


def pulled(desk: Desk, connector: Connector, mode: str = "live") -> None:
    desk.write(mode)
    assert connector("pull").code == 0


def delivered(desk: Desk, connector: Connector) -> dict[str, dict[str, Any]]:
    """Ann gave 3, and the ticket is open; the write-backs by kind."""
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 3, "comment": "Nobody calls back."})
    assert connector("deliver").code == 0
    return {each["kind"]: each for each in outbox(connector)}


def outbox(connector: Connector, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connector("outbox", "list", "--json", *options).facts["write_backs"]
    return found


def jobs(connector: Connector, story: str) -> list[dict[str, Any]]:
    """Newest first."""
    return [job for job in connector("jobs", "list", "--json").facts["jobs"] if job["story"] == story]


def tickets(desk: Desk) -> int:
    world = desk.server.world
    with world.lock:
        return len(world.tables["tickets"].ids(0))
