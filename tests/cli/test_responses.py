from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import Connector, Desk

HEADER = "external_id,email,score,comment,responded_at\n"


def answers(folder: Path, *rows: str, days: int = 0) -> Path:
    at = (datetime.now(UTC) - timedelta(days=days, hours=1)).isoformat()
    path = folder / "answers.csv"
    path.write_text(HEADER + "".join(f"{row},{at}\n" for row in rows), encoding="utf-8")
    return path


def test_taken_once_with_what_follows(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,too slow", "2,nobody@example.com,9,", "3,ann@example.com,33,")
    said = connector("responses", "import", "answers.csv")
    assert said.code == 5
    assert "2 taken, 0 already there, 1 rejected, 1 of nobody known" in said.out
    assert 'answers.csv:4: score "33"' in said.out
    assert "open_ticket" in said.out
    assert "none goes in mode preview" in said.out
    again = connector("responses", "import", "answers.csv", "--json").facts
    assert again["counts"]["already_there"] == 2
    assert again["write_backs"] == []


def test_json_names_the_write_backs(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,too slow")
    found = connector("responses", "import", "answers.csv", "--json")
    assert found.code == 0
    assert sorted(made["kind"] for made in found.facts["write_backs"]) == ["open_ticket", "record_response"]
    assert "too slow" not in found.out
    assert "ann@example.com" not in found.err


def test_old_answers_run_no_rules_unless_asked(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,", days=30)
    first = connector("responses", "import", "answers.csv")
    assert "1 older than 7 days: no rule ran on them; --run-rules runs them" in first.out
    assert "no write-back follows" in first.out
    assert "open_ticket" in connector("responses", "import", "answers.csv", "--run-rules").out


def test_defaults_for_rows_that_do_not_say(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,9,")
    assert connector("responses", "import", "answers.csv", "--campaign", "autumn", "--connection", "psa").code == 0
    listed = connector("responses", "list", "--json").facts["responses"]
    assert [(response["campaign"], response["band"]) for response in listed] == [("autumn", "promoter")]


def test_listed_without_words_and_addresses(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,too slow")
    connector("responses", "import", "answers.csv")
    said = connector("responses", "list")
    assert "detractor" in said.out
    assert "ann@example.com" not in said.out
    assert "too slow" not in said.out
    assert "ann@example.com" in connector("responses", "list", "--addresses").out


def test_missing_file(desk: Desk, connector: Connector) -> None:
    said = connector("responses", "import", "answers.csv")
    assert said.code == 2
    assert "there is no such file" in said.err


def test_hostile_text_is_visible_not_obeyed(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,\x1b[31m3\u202e,", "2,ann@example.com,3,")
    said = connector("responses", "import", "answers.csv")
    assert "1 taken" in said.out
    assert "\x1b" not in said.out + said.err
    assert "\u202e" not in said.out + said.err


def test_a_ticket_nobody_can_open_is_named_with_its_line(desk: Desk, connector: Connector) -> None:
    connector("pull")
    answers(desk.folder, "1,ann@example.com,3,too slow", "2,nobody@example.com,2,")
    said = connector("responses", "import", "answers.csv")
    assert (
        "answers.csv:3: detractor, no ticket: the response belongs to no company; "
        "give a contact_id, or add a notify action"
    ) in said.out
    assert "answers.csv:2" not in said.out
