"""Erasure on both databases, and what a killed or busy process means for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import inspect, text

from connector.errors import LeaseLostError
from connector.jobs import forget
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.sandbox.connectwise import Server
from connector.store import codec, contacts, hints, leases
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import answers_file, records, runtime_for, tell
from tests.jobs.test_undo import ALL, delivered, undone

ANN = "ann@example.com"
COMMENT = "The purple printer of the Northgate depot jams every Tuesday."
WHOLE = ("Ann Example", ANN, "+1 555 0100", "purple printer")


def test_nothing_of_the_person_is_left_in_any_row_and_every_record_replays(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox), store_url, clock)
    try:
        tell(runtime, answers_file(tmp_path, ("a1", ANN, 3, COMMENT)), clock.move)

        def dump() -> str:
            with runtime.store.read() as tx:
                tables = inspect(tx).get_table_names()
                rows = [row for name in tables for row in tx.execute(text(f'select * from "{name}"'))]
            return "\n".join(
                bytes(v).decode() if isinstance(v, bytes | memoryview) else str(v) for r in rows for v in r
            )

        assert [each for each in WHOLE if each in dump()] == list(WHOLE)
        with runtime.store.write() as tx:
            held = leases.take(tx, "psa", "other", now=clock(), ttl=forget.LEASE, owner_is_dead=lambda _: False)
        with pytest.raises(LeaseLostError):
            forget.forget(runtime, forget.find(runtime, ANN))
        assert ANN in dump(), "nothing is erased while somebody else is at work"
        with runtime.store.write() as tx:
            leases.give_back(tx, held)
            hints.put(tx, "psa", "contact", forget.find(runtime, ANN).stored.contacts[0].id, at=clock())
        for path in records(runtime):
            os.utime(path, (1, 1))
        made = forget.forget(runtime, forget.find(runtime, ANN))
        assert made.records_rewritten > 0
        assert {path.stat().st_mtime for path in records(runtime)} == {1}, "it is kept no longer for that"
        assert [each for each in WHOLE if each in dump()] == []
        assert made.complete
        assert made.rows["hint"] == 1
        assert made.records_removed == []
        assert any("PostgreSQL" in line for line in made.still_to_do) == runtime.store.postgres
        assert all(replay(Recorded.load(path)).same for path in records(runtime))
    finally:
        runtime.store.close()


def test_what_an_undo_took_back_does_not_stay_and_the_fields_of_the_contact_are_named_beside_the_record(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox, rules=ALL), store_url, clock)
    try:
        job = delivered(runtime, tmp_path, clock)
        with runtime.store.write() as tx:  # as Salesforce keeps an answer: a record of its own, and fields beside it
            tx.execute(text("update receipt set record_type = 'response', record_id = 'a0B1' where record_type in "
                            "('contact_note', 'contact')"))  # fmt: skip

        def left() -> list[tuple[str, str, bool]]:
            return [(each.record_type, each.record_id, bool(each.fields)) for each in forget.find(runtime, ANN).in_crm]

        before = left()
        assert ("response", "a0B1", False) in before
        assert ("contact", "1001", True) in before
        assert undone(runtime, job).outcome == "done"
        kinds = [kind for kind, _, _ in left()]
        assert "ticket" in kinds, "it is closed and stands"
        assert not {"response", "contact"} & set(kinds)
    finally:
        runtime.store.close()


def test_another_connection_s_contact_with_the_same_id_and_whoever_shares_a_number_are_left_alone(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> None:
    runtime = runtime_for(config_for(sandbox), store_url, clock)
    try:
        tell(runtime, answers_file(tmp_path, ("a1", ANN, 3, COMMENT)), clock.move)
        with runtime.store.write() as tx:
            ann = contacts.contact(tx, "psa", "1001")
            other = contacts.contact(tx, "psa", "1002")
            assert ann is not None
            assert other is not None
            lars = structs.replace(
                other.contact(), connection="hub", id="1001", first_name="Lars", last_name="North",
                email="lars@example.com", phone=ann.contact().phone,
            )  # fmt: skip
            tx.execute(
                text(
                    "insert into contact (connection, id, person_id, person_since, address_key, address_kind, "
                    "name_key, inactive, doc) values ('hub', '1001', 'lars', :at, 'lars@example.com', 'personal', "
                    "'lars north', 0, :doc)"
                ),
                {"at": "2026-11-20T16:20:00.000000Z", "doc": codec.encode(lars)},
            )
        made = forget.forget(runtime, forget.find(runtime, ANN))
        assert made.rows["contact"] == 1
        with runtime.store.read() as tx:
            kept = contacts.contact(tx, "hub", "1001")
        assert kept is not None
        assert kept.contact() == lars
        assert made.complete
    finally:
        runtime.store.close()
