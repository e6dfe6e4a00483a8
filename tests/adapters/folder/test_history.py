"""History of another tool: who was asked, scored, opted out, bounced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connector import registry
from connector.adapters.folder import read_history
from connector.ports import BadRow, Context, HistoryKind, HistoryRow
from tests.vaults import NoVault

FILE = """\
Kind;E-Mail;Contact ID;At;Score;Comment;Campaign;Reason;Colour
asked;ann@example.com;;2026-08-20T10:00:00Z;;;quarterly;;red
score;ann@example.com;42;2026-08-21T10:00:00+02:00;8.0;fine;quarterly;;
Unsubscribed;bob@example.com;;;;;;asked by phone;
bounce;;43;2026-08-20T10:00:00Z;;;;550 no such user;
asked;cy@example.com;;;;;;;
score;cy@example.com;;2026-08-20T10:00:00Z;;;;;
score;;;2026-08-20T10:00:00Z;8;;;;
forgot;cy@example.com;;;;;;;
;cy@example.com;;;;;;;
"""


def test_rows_are_judged_by_kind(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(FILE, encoding="utf-8")
    remarks: list[str] = []
    rows = list(read_history(path, remark=remarks.append))
    good = [row for row in rows if isinstance(row, HistoryRow)]
    assert [(row.kind, row.email, row.contact_id, row.score) for row in good] == [
        (HistoryKind.ASKED, "ann@example.com", "", None),
        (HistoryKind.SCORE, "ann@example.com", "42", 8),
        (HistoryKind.OPT_OUT, "bob@example.com", "", None),
        (HistoryKind.BOUNCE, "", "43", None),
    ]
    assert [row.at.isoformat() if row.at else None for row in good] == [
        "2026-08-20T10:00:00+00:00", "2026-08-21T10:00:00+02:00", None, "2026-08-20T10:00:00+00:00",
    ]  # fmt: skip
    assert good[2].reason == "asked by phone"
    assert good[1].comment == "fine"
    assert [f"{row.place} {row.why}" for row in rows if isinstance(row, BadRow)] == [
        "history.csv:6 at is missing",
        "history.csv:7 score is missing",
        "history.csv:8 neither contact_id nor email says who this is",
        'history.csv:9 kind "forgot" is none of asked, score, opt_out, bounce',
        "history.csv:10 kind is missing: asked, score, opt_out, bounce",
    ]
    assert remarks == ["columns left out: Colour"]


def test_the_adapter_serves_it(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("kind,email,at\nasked,bob@example.com,2026-08-20T10:00:00Z\n")
    (tmp_path / "a.csv").write_text("kind,email,at\nasked,ann@example.com,2026-08-20 10:00\nx,,\n")
    spec = registry.spec("folder")
    settings = spec.settings(path=tmp_path, zone="Europe/Berlin")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    context = Context(
        connection="old", wire=spec.wire(settings, lambda: None, NoVault()), now=lambda: now, sleep=lambda _: None
    )
    history = spec.open(settings, context).history
    assert history is not None
    rows = list(history.history())
    assert [row.email if isinstance(row, HistoryRow) else row.place for row in rows] == [
        "ann@example.com", "a.csv:3", "bob@example.com",
    ]  # fmt: skip
