"""A former tool's history: no opt-out is lost, whatever names the person; what binds to nobody is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import contacts, people
from connector.store.contacts import StoredContact
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import first, runtime_for

HEADER = "kind,contact_id,email,at,score,reason\n"


@pytest.fixture
def runtime(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Runtime]:
    made = runtime_for(config_for(sandbox, rules=[]), store_url, clock)
    once.perform(made, "pull", "psa")
    yield made
    made.store.close()


def taken(runtime: Runtime, folder: Path, *rows: str) -> dict[str, Any]:
    """Import the rows; replaying the import must make the same."""
    path = folder / "former.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    step = once.perform(runtime, "history", "answers", {"file": str(path)})
    assert step.attempt is not None, step.why
    assert replay(Recorded.load(first(runtime, "history"))).differences == []
    return step.attempt.counts


def suppressed(runtime: Runtime) -> list[tuple[str, str, str]]:
    with runtime.store.read() as tx:
        return [(s.kind, s.value, s.reason) for s in people.suppressions(tx, now=runtime.now())]


def without_address(runtime: Runtime) -> StoredContact:
    with runtime.store.read() as tx:
        stored = [contacts.contact(tx, "psa", id) for id in contacts.ids(tx, "psa")]
    return next(row for row in stored if row is not None and row.address_key is None)


def test_an_opt_out_of_a_contact_that_was_not_pulled_is_kept_under_its_id(runtime: Runtime, tmp_path: Path) -> None:
    counts = taken(runtime, tmp_path, "opt_out,999999,,,,asked by phone", 'opt_out,999998,"bob(at)x",,,')
    assert counts["opt_out"] == 2
    assert counts["rejected"] == 0
    assert suppressed(runtime) == [
        ("contact", "psa/999998", "opted out in the former tool"),
        ("contact", "psa/999999", "asked by phone"),
    ]


def test_an_opt_out_of_a_contact_without_a_usable_address_holds_for_its_person(
    runtime: Runtime, tmp_path: Path
) -> None:
    stored = without_address(runtime)
    assert taken(runtime, tmp_path, f"opt_out,{stored.id},,,,no")["opt_out"] == 1
    assert suppressed(runtime) == [("person", stored.person_id, "no")]


def test_an_opt_out_by_address_holds_for_address_and_person(runtime: Runtime, tmp_path: Path) -> None:
    taken(runtime, tmp_path, "opt_out,,Ann@Example.com,,,no")
    kinds = {kind: value for kind, value, _ in suppressed(runtime)}
    assert kinds["address"] == "ann@example.com"
    assert set(kinds) == {"address", "person"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('opt_out,,"bob(at)x",,,', "address"),
        ("asked,999999,,2026-01-01T00:00:00Z,,", "no contact with this id was pulled"),
        ("bounce,999999,,,,", "no contact with this id was pulled"),
    ],
)
def test_what_binds_to_nobody_is_told_and_not_counted_as_taken(
    runtime: Runtime, tmp_path: Path, row: str, why: str
) -> None:
    counts = taken(runtime, tmp_path, row)
    assert counts["rejected"] == 1
    assert sum(counts.get(kind, 0) for kind in ("opt_out", "asked", "bounce")) == 0
    ((place, told),) = counts["not_taken"]
    assert place == "former.csv:2"
    assert why in told


def test_a_person_without_address_was_asked_all_the_same(runtime: Runtime, tmp_path: Path) -> None:
    stored = without_address(runtime)
    assert taken(runtime, tmp_path, f"asked,{stored.id},,2026-01-01T00:00:00Z,,")["asked"] == 1
    with runtime.store.read() as tx:
        assert people.last_asked(tx)[stored.person_id].year == 2026


def test_a_score_of_a_contact_that_is_gone_counts_for_the_trend(runtime: Runtime, tmp_path: Path) -> None:
    counts = taken(runtime, tmp_path, "score,999999,,2026-01-01T00:00:00Z,9,")
    assert (counts["score"], counts["rejected"]) == (1, 0)


@pytest.mark.parametrize("kind", ["asked", "opt_out", "bounce", "score"])
def test_a_time_in_the_future_is_refused_and_one_of_the_next_day_is_not(
    runtime: Runtime, tmp_path: Path, kind: str
) -> None:
    score = "9" if kind == "score" else ""
    times = [(runtime.now() + timedelta(hours=hours)).isoformat() for hours in (23, 26)]
    counts = taken(runtime, tmp_path, *(f"{kind},,ann@example.com,{at},{score}," for at in times))
    assert (counts[kind], counts["rejected"]) == (1, 1)
    assert counts["not_taken"] == [["former.csv:3", "at is in the future"]]
