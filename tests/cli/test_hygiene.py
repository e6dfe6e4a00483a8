from __future__ import annotations

import csv
import io

from tests.cli.conftest import Connector, Desk


def test_findings_with_proposals(desk: Desk, connector: Connector) -> None:
    connector("pull")
    said = connector("hygiene", "--everybody", "--limit", "0")
    assert said.code == 0
    assert "missing address" in said.out
    assert "@example" not in said.out
    shown = connector("hygiene", "--everybody", "--addresses", "--json").facts
    assert sum(shown["counts"].values()) == len(shown["findings"])
    assert any(finding["proposal"] for finding in shown["findings"])


def test_csv_on_stdout_and_into_a_file(desk: Desk, connector: Connector) -> None:
    connector("pull")
    said = connector("hygiene", "decision-makers", "--everybody", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["connection"] for row in rows} == {"psa"}
    assert "findings in all.csv" in connector("hygiene", "--everybody", "--csv", "all.csv").out
    written = desk.folder / "all.csv"
    assert list(csv.DictReader(io.StringIO(written.read_text("utf-8")))) == rows
    assert written.stat().st_mode & 0o077 == 0


def test_csv_holds_no_formula(desk: Desk, connector: Connector) -> None:
    connector("pull")
    cells = [cell for row in csv.reader(io.StringIO(connector("hygiene", "--everybody", "--csv").out)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_without_contacts_it_says_what_to_do(desk: Desk, connector: Connector) -> None:
    said = connector("hygiene")
    assert (said.code, said.out) == (0, "\nnothing to put right\n")
    assert "connector pull" in said.err


def test_wrong_audience(desk: Desk, connector: Connector) -> None:
    assert connector("hygiene", "decision-makr").code == 2
