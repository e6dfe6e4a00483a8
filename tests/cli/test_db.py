"""The database as a thing: copied while in use, upgraded on request, tidied, looked at."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Connector, Desk


@pytest.fixture
def filled(desk: Desk, connector: Connector) -> Path:
    assert connector("pull").code == 0
    return desk.folder / "nps-data" / "nps.sqlite3"


def test_a_backup_is_whole_private_and_never_written_over(desk: Desk, connector: Connector, filled: Path) -> None:
    said = connector("db", "backup", "copy.sqlite3")
    assert said.code == 0
    copy = desk.folder / "copy.sqlite3"
    assert copy.stat().st_mode & 0o777 == 0o600
    counts = []
    for path in (filled, copy):
        raw = sqlite3.connect(path)
        counts.append(raw.execute("select count(*) from contact").fetchone()[0])
        assert raw.execute("pragma integrity_check").fetchone()[0] == "ok"
        raw.close()
    assert counts[0] == counts[1] > 0
    before = copy.read_bytes()
    again = connector("db", "backup", "copy.sqlite3")
    assert again.code == 2
    assert "is there already and stays as it is" in again.err
    assert copy.read_bytes() == before


def test_a_backup_while_somebody_writes_holds_what_was_committed(
    desk: Desk, connector: Connector, filled: Path
) -> None:
    writer = sqlite3.connect(filled, isolation_level=None)
    writer.execute("begin immediate")
    writer.execute("delete from contact")
    try:
        found = connector("db", "backup", "--json").facts
    finally:
        writer.execute("rollback")
        writer.close()
    raw = sqlite3.connect(found["file"])
    assert raw.execute("select count(*) from contact").fetchone()[0] > 0
    raw.close()
    assert found["file"].startswith(f"{filled}.backup-") or Path(found["file"]).name.startswith("nps.sqlite3.backup-")


def test_a_backup_into_a_folder_that_is_not_there_says_so(connector: Connector, filled: Path) -> None:
    said = connector("db", "backup", "nowhere/copy.sqlite3")
    assert said.code == 6
    assert "name a file in a folder you may write to" in said.err


def test_postgres_is_copied_by_its_own_tools(
    connector: Connector, desk: Desk, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres")
    with server.database() as url:
        monkeypatch.setenv("CONNECTOR_DATABASE_URL", url)
        assert connector("pull").code == 0
        said = connector("db", "backup")
        assert said.code == 2
        assert "pg_dump --format=custom" in said.err
        found = connector("db", "info", "--json").facts
        assert found["rows"]["contact"] > 0
        assert connector("db", "vacuum").code == 0


def test_info_tells_schema_size_and_rows(connector: Connector, filled: Path) -> None:
    found = connector("db", "info", "--json").facts
    assert found["schema"] == found["needs"]
    assert found["rows"]["contact"] > 0
    assert found["bytes"] >= filled.stat().st_size
    assert "contact" in connector("db", "info").out


def test_vacuum_gives_room_back(connector: Connector, filled: Path) -> None:
    raw = sqlite3.connect(filled)
    raw.execute("create table ballast (x)")
    raw.executemany("insert into ballast values (?)", [("x" * 4000,) for _ in range(2000)])
    raw.commit()
    raw.execute("drop table ballast")
    raw.commit()
    raw.close()
    found = connector("db", "vacuum", "--json").facts
    assert found["bytes_after"] < found["bytes_before"] - 7_000_000


def test_upgrade_says_from_where_to_where(connector: Connector, filled: Path) -> None:
    assert "nothing to do" in connector("db", "upgrade").out
    from alembic import command
    from alembic.config import Config

    from connector.store import engine

    older = filled.with_name("older.sqlite3")
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    store = engine.open_store(f"sqlite:///{older}", migrate=False)
    with store.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0001")
    needs = engine.revisions(store)[1]
    store.close()
    for end in ("", "-wal", "-shm"):
        filled.with_name(filled.name + end).unlink(missing_ok=True)
    older.rename(filled)
    assert "connector db upgrade" in connector("db", "info").out
    said = connector("db", "upgrade")
    assert said.code == 0
    assert f"schema 0001 → {needs}" in said.out
    assert len(list(filled.parent.glob("nps.sqlite3.before-0001-*"))) == 1


def test_without_a_database_each_says_how_to_make_one(desk: Desk, connector: Connector) -> None:
    for words in (("backup",), ("upgrade",), ("vacuum",), ("info",)):
        said = connector("db", *words)
        assert said.code == 2
        assert "connector pull makes it" in said.err
    assert not (desk.folder / "nps-data").exists()
