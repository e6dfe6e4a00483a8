"""Opening the store: the schema is what the tables say, upgrades leave a backup, a newer schema is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from connector import log
from connector.errors import ConfigError
from connector.store import open_store, tables


def test_the_migrations_make_the_tables_as_they_are_written(new_store_url: str) -> None:
    store = open_store(new_store_url)
    with store.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    store.close()


def test_an_installation_keeps_its_id(new_store_url: str) -> None:
    first = open_store(new_store_url)
    made = first.installation()
    first.close()
    second = open_store(new_store_url)
    assert second.installation() == made
    second.close()


def test_a_newer_schema_is_refused(new_store_url: str) -> None:
    store = open_store(new_store_url)
    with store.write() as tx:
        tx.execute(text("update alembic_version set version_num = '9999'"))
    store.close()
    with pytest.raises(ConfigError, match="newer than this program knows"):
        open_store(new_store_url).close()


def test_two_processes_that_open_an_empty_store_at_once_make_one_schema(new_store_url: str) -> None:
    stores, errors = [], []

    def opening() -> None:
        try:
            stores.append(open_store(new_store_url))
        except Exception as error:  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({store.installation() for store in stores}) == 1
    for store in stores:
        store.close()


def test_the_file_of_people_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    open_store(f"sqlite:///{folder / 'nps.sqlite3'}").close()
    assert folder.stat().st_mode & 0o077 == 0


def test_what_must_not_be_lost_is_on_disk_before_the_write_returns(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'nps.sqlite3'}")
    levels = []
    for durable in (True, False, True):
        with store.write(durable=durable) as tx:
            levels.append(tx.exec_driver_sql("pragma synchronous").scalar_one())
    assert levels == [2, 1, 2], "FULL, NORMAL, FULL"
    store.close()


def test_another_kind_of_database_is_refused_with_what_is_served() -> None:
    with pytest.raises(ConfigError, match="use sqlite:/// or postgresql://"):
        open_store("mysql://localhost/nps")


def test_an_upgrade_leaves_a_copy_of_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.store import engine

    path = tmp_path / "nps.sqlite3"
    store = open_store(f"sqlite:///{path}")
    installation = store.installation()
    engine._backup(store, "0001")
    store.close()
    (copy,) = tmp_path.glob("nps.sqlite3.before-0001-*")
    with sqlite3.connect(copy) as raw:
        assert raw.execute("select id from installation").fetchone() == (installation,)
    raw.close()


def test_two_copies_in_the_same_second_have_names_of_their_own(tmp_path: Path) -> None:
    from connector.store import engine

    store = open_store(f"sqlite:///{tmp_path / 'nps.sqlite3'}")
    for _ in range(3):
        engine._backup(store, "0001")
    store.close()
    copies = list(tmp_path.glob("nps.sqlite3.before-0001-*"))
    assert len(copies) == 3
    assert all(copy.stat().st_mode & 0o777 == 0o600 for copy in copies)
    assert all(copy.read_bytes().startswith(b"SQLite format 3") for copy in copies)


def test_a_process_stopped_in_a_write_is_told_with_place_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal
    import subprocess
    import sys

    from connector.errors import UnavailableError
    from connector.store import engine

    path = tmp_path / "nps.sqlite3"
    open_store(f"sqlite:///{path}").close()
    other = subprocess.Popen(
        [sys.executable, "-c", "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
         "c.execute('begin immediate'); print('has it', flush=True); time.sleep(60)", str(path)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None
    try:
        other.stdout.readline()
        os.kill(other.pid, signal.SIGSTOP)
        monkeypatch.setattr(engine, "PATIENCE", 0.2)
        store = open_store(f"sqlite:///{path}")
        with (
            pytest.raises(UnavailableError, match=r"kept by another process.*end it, and try again") as told,
            store.write(),
        ):
            pass
        assert str(path) in str(told.value)
        with store.read() as tx:  # reading goes on
            assert tx.execute(text("select count(*) from installation")).scalar_one() == 1
        store.close()
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


def test_the_schema_of_another_version_is_a_problem_with_its_remedy(new_store_url: str) -> None:
    from connector.store.engine import schema_problem

    store = open_store(new_store_url)
    assert schema_problem(store) == ""
    with store.write() as tx:
        tx.execute(text("update alembic_version set version_num = '0001'"))
    assert "connector db upgrade" in schema_problem(store)
    store.close()


@pytest.mark.parametrize("way", ["engine.vacuum(store)", "erase.wipe(store, ())"])
def test_writing_the_database_anew_takes_no_memory_of_its_size(way: str, tmp_path: Path) -> None:
    """In a process of its own: the most memory that it ever had is what is measured."""
    script = f"""
import os, resource
from sqlalchemy import text
from connector.store import engine, erase
store = engine.open_store("sqlite:///{tmp_path}/nps.sqlite3")
with store.write() as tx:
    tx.execute(text("create table ballast (a blob)"))
    for _ in range(120):
        tx.execute(text("insert into ballast values (:a)"), {{"a": os.urandom(1 << 20)}})
store.close()
store = engine.open_store("sqlite:///{tmp_path}/nps.sqlite3")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{way}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60, "MB"


@pytest.mark.parametrize("url", ["garbage", "postgresql://nps:hunter2@127.0.0.1:x/nps", "mysql://nps:hunter2@x/nps"])
def test_an_address_that_is_none_is_a_mistake_of_the_configuration_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="CONNECTOR_DATABASE_URL") as told:
        open_store(url)
    assert "hunter2" not in str(told.value)


def test_the_password_of_the_database_is_hidden_like_every_secret() -> None:
    open_store("postgresql://nps:hunter%402@127.0.0.1:1/nps", migrate=False).close()
    assert log.holds_secret("it was hunter@2")
    assert log.holds_secret("postgresql://nps:hunter%402@x")
