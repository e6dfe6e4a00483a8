from __future__ import annotations

from tests.cli.conftest import Connector, Desk

FORMER = """\
kind,at,email,score,reason
asked,2026-11-01T00:00:00Z,ann@example.com,,
score,2026-08-01T00:00:00Z,ann@example.com,8,
opt_out,,someone@example.com,,no more
bounce,,other@example.com,,
bunce,,other@example.com,,
"""


def test_counts_and_rejected_lines(desk: Desk, connector: Connector) -> None:
    connector("pull")
    (desk.folder / "former.csv").write_text(FORMER, encoding="utf-8")
    said = connector("history", "import", "former.csv")
    assert said.code == 5
    assert "taken: askings 1, scores 1, opt-outs 1, bounces 1; rejected: 1" in said.out
    assert 'former.csv:6: kind "bunce"' in said.out


def test_runs_no_rule(desk: Desk, connector: Connector) -> None:
    connector("pull")
    (desk.folder / "former.csv").write_text(FORMER.replace(",8,", ",2,").rsplit("bunce")[0], encoding="utf-8")
    assert connector("history", "import", "former.csv").code == 0
    assert connector("deliver", "--json").facts["outbox"] == {}


def test_missing_file(desk: Desk, connector: Connector) -> None:
    assert connector("history", "import", "former.csv").code == 2
