"""collect: one answer however often it comes, in whatever order; never one person's answer over another's."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text

from connector.domain import OpenTicket, RecordResponse, WriteBackState
from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import codec, contacts, outbox, plans, responses
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.desk import assert_replays, colleagues
from tests.jobs.story import runtime_for
from tests.settings import RULES, TICKET

ANN = "ann@example.com"
COLUMNS = ("external_id", "email", "contact_id", "score", "comment", "responded_at", "campaign", "wave")
DETRACTORS_ONLY = [
    {"id": "d", "name": "d", "when": {"band": "detractor"}, "then": ["record_response", {"open_ticket": TICKET}]}
]


class Desk:
    """A runtime with everybody pulled, and answers as rows."""

    def __init__(self, runtime: Runtime, folder: Path, clock: ShiftedClock) -> None:
        self.runtime, self.folder, self.clock = runtime, folder, clock
        self.start = clock()
        once.run_once(runtime)

    def at(self, minutes: int) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def collect(self, *rows: dict[str, Any], **params: Any) -> dict[str, Any]:
        lines = [",".join(COLUMNS)]
        for row in rows:
            filled = {"external_id": "x1", "email": ANN, "score": 3, "responded_at": self.at(-60)} | row
            lines.append(",".join(str(filled.get(column, "")) for column in COLUMNS))
        file = self.folder / "rows.csv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.clock.move(seconds=1)
        step = once.perform(self.runtime, "collect", "answers", {"file": str(file)} | params)
        assert step.attempt is not None, step.why
        assert step.outcome in ("done", "partial"), step.why
        return step.attempt.counts

    def deliver(self) -> None:
        self.clock.move(minutes=20)
        once.perform(self.runtime, "deliver", "psa")

    def entries(self, external_id: str = "x1") -> list[outbox.Entry]:
        with self.runtime.store.read() as tx:
            keys = [r.key for r in responses.listed(tx) if r.external_id == external_id]
            return [e for key in keys for e in outbox.listed(tx, response_key=key)]

    def answers(self) -> list[tuple[str, str, int, int]]:
        with self.runtime.store.read() as tx:
            return [(r.external_id, r.email, r.score, r.revision) for r in responses.listed(tx)]

    def others(self) -> list[tuple[str, str]]:
        """(id, address) of contacts whose address nobody else has."""
        with self.runtime.store.read() as tx:
            stored = [contacts.contact(tx, "psa", contact_id) for contact_id in contacts.ids(tx, "psa")]
        found = [row.contact() for row in stored if row is not None and row.address_kind == "personal"]
        addresses = [c.email for c in found]
        return [(c.id, c.email) for c in found if c.email and addresses.count(c.email) == 1 and c.email != ANN]


@pytest.fixture
def opened(
    sandbox: Server, config_for: ConfigFor, tmp_path: Path, store_url: str, clock: ShiftedClock
) -> Iterator[Callable[..., Desk]]:
    made: list[Runtime] = []

    def open_(**changes: Any) -> Desk:
        made.append(runtime_for(config_for(sandbox, **changes), store_url, clock))
        return Desk(made[-1], tmp_path, clock)

    yield open_
    for runtime in made:
        runtime.store.close()


def waiting(entries: list[outbox.Entry]) -> list[outbox.Entry]:
    return [e for e in entries if e.write_back.state is WriteBackState.WAITING]


def states(entries: list[outbox.Entry], kind: str) -> list[str]:
    return [e.write_back.state.value for e in entries if e.write_back.kind == kind]


def test_an_answer_that_comes_back_to_detractor_has_its_ticket_again(opened: Callable[..., Desk]) -> None:
    desk = opened()
    for score in (3, 9, 2):
        desk.collect({"score": score})
    desk.deliver()
    assert states(desk.entries(), "open_ticket") == ["applied"]
    assert sorted(states(desk.entries(), "add_note")) == ["applied", "discarded"]


def test_a_ticket_a_person_gave_up_stays_given_up(opened: Callable[..., Desk]) -> None:
    from connector.rules import manual

    desk = opened()
    desk.collect({"score": 3})
    key = next(e.write_back.key for e in desk.entries() if e.write_back.kind == "open_ticket")
    with desk.runtime.store.write() as tx:
        manual.settle(tx, key, to="discarded", why="settled by hand: no", now=desk.clock())
    desk.collect({"score": 2})
    desk.deliver()
    assert states(desk.entries(), "open_ticket") == ["discarded"]


def _sequences() -> list[list[tuple[int, str, int]]]:
    chosen = random.Random(7)
    steps = [(score, words, minutes) for score in (3, 9, 2) for words in ("", "a") for minutes in (-60, -50)]
    return [[chosen.choice(steps) for _ in range(chosen.randint(2, 5))] for _ in range(25)]


@pytest.mark.parametrize("between", [False, True], ids=["within the settling time", "delivered in between"])
def test_whatever_the_revisions_the_newest_answer_decides(opened: Callable[..., Desk], between: bool) -> None:
    apart = json.loads(json.dumps(RULES))
    apart[0]["then"][1]["open_ticket"]["group"] = "none"
    desk = opened(limits={"tickets_per_day": 1000, "tickets_per_owner": 1000}, rules=apart)
    people = desk.others() if between else [("", ANN)] * 25
    for number, (steps, (_, address)) in enumerate(zip(_sequences(), people, strict=False)):
        external_id, newest = f"s{number}", steps[0]
        for step in steps:
            newest = step if step[2] >= newest[2] else newest
            desk.collect({"external_id": external_id, "email": address, "score": step[0], "comment": step[1],
                          "responded_at": desk.at(step[2])})  # fmt: skip
            if between:
                desk.deliver()
        entries = desk.entries(external_id)
        tickets = [e for e in entries if isinstance(e.write_back.change, OpenTicket)]
        assert len(tickets) <= 1, steps
        records = [e for e in entries if isinstance(e.write_back.change, RecordResponse)]
        standing = [e for e in records if e.write_back.state in (WriteBackState.WAITING, WriteBackState.APPLIED)]
        last = max(standing, key=lambda e: e.write_back.revision).write_back.change
        assert isinstance(last, RecordResponse)
        assert newest[0] in last.fields.values(), steps
        assert (newest[1] or None) in last.fields.values(), steps
        assert last.responded_at == desk.at(newest[2]), steps
        if not between:
            assert len(standing) == 1, steps
            assert states(entries, "open_ticket").count("waiting") == (newest[0] < 7), steps
            assert states(entries, "add_note").count("waiting") == (newest[0] < 7), steps
        elif any(score < 7 for score, _, minutes in steps[:1]):
            assert states(entries, "open_ticket") == ["applied"], steps


def test_an_external_id_of_somebody_else_is_refused(opened: Callable[..., Desk]) -> None:
    desk = opened()
    (_, one), (_, two) = desk.others()[:2]
    desk.collect({"external_id": "7", "email": one, "score": 1})
    counts = desk.collect({"external_id": "7", "email": two, "score": 10})
    assert counts["rejected"] == 1
    [(place, why)] = counts["not_taken"]
    assert place == "rows.csv:2"
    assert "make external_id unique" in why
    assert two not in why
    assert desk.answers() == [("7", one, 1, 1)]


def test_an_external_id_of_an_unknown_person_is_refused_for_another(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.collect({"email": "one@unknown.example"})
    assert desk.collect({"email": "two@unknown.example"})["rejected"] == 1
    assert desk.answers() == [("x1", "one@unknown.example", 3, 1)]


def test_the_same_person_by_another_address_is_no_somebody_else(opened: Callable[..., Desk]) -> None:
    desk = opened()
    contact_id, address = desk.others()[0]
    desk.collect({"email": address, "score": 1})
    assert desk.collect({"email": "private@home.example", "contact_id": contact_id, "score": 2})["revised"] == 1


def test_an_answer_from_the_future_is_refused(opened: Callable[..., Desk]) -> None:
    desk = opened()
    counts = desk.collect({"responded_at": desk.at(25 * 60)}, {"external_id": "x2", "responded_at": desk.at(23 * 60)})
    assert (counts["rejected"], counts["responses"]) == (1, 1)
    assert "in the future" in counts["not_taken"][0][1]


def test_an_older_revision_is_not_taken(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.collect({"score": 9, "responded_at": desk.at(-30)})
    assert desk.collect({"score": 2, "responded_at": desk.at(-60)})["older"] == 1
    assert desk.answers() == [("x1", ANN, 9, 1)]


def test_a_revision_too_late_for_the_rules_withdraws_nothing(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.collect({"score": 3})
    desk.clock.move(days=8)
    assert desk.collect({"score": 3, "comment": "still"})["rules_did_not_run"] == 1
    desk.deliver()
    assert {e.write_back.state.value for e in desk.entries()} == {"applied"}


def test_another_wave_is_kept_without_a_revision(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.collect({"score": 3})
    before = desk.entries()
    counts = desk.collect({"score": 3, "wave": "w2", "campaign": "q4"})
    assert (counts["already_there"], counts["updated"]) == (1, 1)
    assert "revised" not in counts
    assert desk.collect({"score": 3}).get("updated", 0) == 0
    with desk.runtime.store.read() as tx:
        [stored] = responses.listed(tx)
        assert "matches" in responses.judged(tx, stored.key)
    assert (stored.revision, stored.wave, stored.campaign) == (1, "w2", "q4")
    assert desk.entries() == before


def test_a_newer_answer_that_writes_nothing_supersedes_nothing(opened: Callable[..., Desk]) -> None:
    desk = opened(rules=DETRACTORS_ONLY)
    desk.collect({"score": 1, "responded_at": desk.at(-90)}, {"external_id": "x2", "score": 9})
    desk.deliver()
    assert states(desk.entries(), "record_response") == ["applied"]


def test_a_newer_answer_that_is_recorded_supersedes_the_older(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.collect({"score": 1, "responded_at": desk.at(-90)}, {"external_id": "x2", "score": 9})
    desk.deliver()
    assert states(desk.entries("x1"), "record_response") == ["superseded"]
    assert states(desk.entries("x2"), "record_response") == ["applied"]


def test_rows_are_taken_oldest_first(opened: Callable[..., Desk]) -> None:
    rule = [{"id": "fell", "when": {"previous_band": "promoter"}, "then": ["record_response"]}]
    desk = opened(rules=rule)
    desk.collect({"external_id": "new", "score": 3}, {"external_id": "old", "score": 9, "responded_at": desk.at(-90)})
    assert len(desk.entries("new")) == 1


def test_one_answer_by_id_and_by_address_is_one(opened: Callable[..., Desk]) -> None:
    desk = opened()
    contact_id, address = desk.others()[0]
    desk.collect({"external_id": "", "email": address})
    assert desk.collect({"external_id": "", "email": "", "contact_id": contact_id})["already_there"] == 1
    assert len(desk.answers()) == 1


def test_a_rehearsed_ticket_leaves_the_status_to_its_own_board(opened: Callable[..., Desk]) -> None:
    rule = [{"id": "d", "when": {"band": "detractor"}, "then": [{"open_ticket": TICKET | {"status": "New"}}]}]
    rehearsal = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode="rehearsal", rehearsal=rehearsal, rules=rule)
    desk.collect({"score": 3})
    changes = {e.rehearsal: e.write_back.change for e in desk.entries()}
    statuses = {key: change.status for key, change in changes.items() if isinstance(change, OpenTicket)}
    assert statuses == {True: "", False: "New"}


@pytest.mark.parametrize("external_id", ["x1", ""], ids=["with an id", "without one"])
def test_an_answer_of_nobody_that_names_a_contact_now_is_linked_and_judged(
    opened: Callable[..., Desk], external_id: str
) -> None:
    desk = opened()
    row = {"external_id": external_id, "email": "private@home.example", "responded_at": desk.at(-60)}
    contact_id, _ = desk.others()[0]
    assert desk.collect(row)["unmatched"] == 1
    counts = desk.collect(row | {"contact_id": contact_id})
    assert (counts["revised"], counts.get("unmatched", 0), counts.get("no_ticket", 0)) == (1, 0, 0)
    with desk.runtime.store.read() as tx:
        [stored] = responses.listed(tx)
    assert (stored.contact_id, stored.revision) == (contact_id, 2)
    assert desk.collect(row | {"contact_id": contact_id})["already_there"] == 1, "only once"
    assert desk.collect(row)["already_there"] == 1, "and the old file takes nothing away"
    with desk.runtime.store.read() as tx:
        assert [r.contact_id for r in responses.listed(tx)] == [contact_id]
    desk.deliver()
    assert states(desk.entries(external_id), "open_ticket") == ["applied"]
    assert_replays(desk.runtime)


def test_asked_are_only_those_on_record_as_asked(opened: Callable[..., Desk]) -> None:
    desk = opened()
    one, two = colleagues(desk.runtime, 2)
    desk.collect({"external_id": "1", "email": one, "score": 3})
    desk.collect({"external_id": "2", "email": two, "score": 2})

    def said(external_id: str) -> str:
        changes = [e.write_back.change for e in desk.entries(external_id)]
        return "".join(c.internal if isinstance(c, OpenTicket) else getattr(c, "text", "") for c in changes)

    assert "2 answers, 2 detractors." in said("2")
    assert "asked" not in said("2").replace("Asked by wave", "")
    history = desk.folder / "history.csv"
    history.write_text(f"kind,email,at\nasked,{one},{desk.at(-600)}\nasked,{two},{desk.at(-600)}\n", encoding="utf-8")
    once.perform(desk.runtime, "history", "psa", {"file": str(history)})
    desk.collect({"external_id": "3", "email": one, "score": 1, "responded_at": desk.at(-30)})
    assert "2 of 2 asked have answered, 2 detractors." in said("3")
    assert_replays(desk.runtime)


def test_an_answer_by_address_is_that_of_the_duplicate_who_was_invited(
    opened: Callable[..., Desk], sandbox: Server
) -> None:
    desk = opened()
    with desk.runtime.store.read() as tx:
        plan = plans.newest(tx, "decision-makers")
        assert plan is not None
        invited = [d.contact_id for d in plans.decisions(tx, plan.id) if d.invited]
        others = [d.contact_id for d in plans.decisions(tx, plan.id) if not d.invited]
        known = contacts.contact(tx, "psa", invited[0])
        assert known is not None
    with desk.runtime.store.write() as tx:  # somebody not asked has the same address, and changed since
        tx.execute(text("update contact set address_key = :a where id = :o"), {"a": known.address_key, "o": others[0]})
        newer = structs.replace(known.contact(), id=others[0], updated_at=desk.clock())
        tx.execute(text("update contact set doc = :d where id = :o"), {"d": codec.encode(newer), "o": others[0]})
    desk.collect({"email": known.contact().email})
    with desk.runtime.store.read() as tx:
        assert [r.contact_id for r in responses.listed(tx)] == [invited[0]]
