"""The rows of the outbox: which may take a new change, what is due, and how they are found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain import AddNote, Change, JoinTicket, Mode, Notify, OpenTicket, Receipt, RecordResponse, WriteBack
from connector.rules import manual, ordering
from connector.rules import outbox as rules
from connector.rules.fuses import Limits
from connector.store import Store, fuses, open_store, outbox, receipts, tickets
from connector.store import work as store_work

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TICKET = OpenTicket(company_id="7", contact_id=None, board="b", summary="s")


def limits(per_day: int) -> Limits:
    return Limits(per_day=per_day, per_owner=1000)


NOTE = AddNote(on="contact", contact_id="11", text="n")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def made(key: str, change: Change = TICKET, *, at: datetime = NOW, on: str = "psa", parent: str = "") -> WriteBack:
    return WriteBack(
        key=key, connection=on, change=change, response_key="r", revision=1, rule_id="a", action_id="b", not_before=at,
        depends_on=parent or None,
    )  # fmt: skip


def put(store: Store, *write_backs: WriteBack) -> None:
    with store.write() as tx:
        outbox.put(tx, write_backs, rehearsal=False, now=NOW)


def state(store: Store, key: str) -> str:
    with store.read() as tx:
        entry = outbox.get(tx, key)
    assert entry is not None
    return entry.write_back.state.value


def claim(store: Store, *, tickets: int = 10, limit: int = 50, on: str = "psa") -> tuple[list[str], int]:
    with store.write() as tx:
        claimed = rules.claim(tx, on, token=1, now=NOW, mode=Mode.LIVE, limits=limits(tickets), limit=limit)
    return [wb.key for wb in claimed.write_backs], claimed.held_by_fuse


@pytest.mark.parametrize(
    ("to", "error", "tries", "takes"),
    [
        ("waiting", "", 0, True),
        ("waiting", "", 1, False),
        ("discarded", outbox.WITHDRAWN, 0, True),
        ("discarded", outbox.ORPHANED, 0, True),
        ("discarded", outbox.WITHDRAWN, 1, False),
        ("discarded", "settled by hand: no", 0, False),
        ("rejected", "no board", 1, False),
        ("applied", "", 1, False),
        ("superseded", "", 0, False),
    ],
)
def test_only_what_never_left_and_nobody_decided_takes_a_change(
    store: Store, to: str, error: str, tries: int, takes: bool
) -> None:
    put(store, made("nps-a"))
    with store.write() as tx:
        outbox.move(tx, "nps-a", from_states=("waiting",), to=to, now=NOW, error=error, tries=tries)
    put(store, made("nps-a", OpenTicket(company_id="7", contact_id=None, board="b", summary="new")))
    with store.read() as tx:
        entry = outbox.get(tx, "nps-a")
    assert entry is not None
    assert isinstance(entry.write_back.change, OpenTicket)
    assert (entry.write_back.change.summary == "new") is takes
    assert entry.write_back.state.value == ("waiting" if takes else to)


def test_one_released_after_it_was_refused_may_be_withdrawn(store: Store) -> None:
    put(store, made("nps-a"))
    claim(store)
    with store.write() as tx:
        outbox.move(tx, "nps-a", from_states=("sending",), to="rejected", now=NOW)
        assert manual.release(tx, "nps-a", now=NOW)
        assert outbox.withdraw(tx, "r", (), now=NOW) == 1


def entry_of(store: Store, key: str) -> outbox.Entry:
    with store.read() as tx:
        entry = outbox.get(tx, key)
    assert entry is not None
    return entry


@pytest.mark.parametrize("change", [TICKET, Notify(subject="s", text="t")])
def test_what_waits_goes_where_its_rule_writes_by_now(store: Store, change: Change) -> None:
    put(store, made("nps-a", change))
    with store.write() as tx:
        fuses.belongs_to(tx, "nps-a", "bob")
    put(store, made("nps-a", change, on="hub"))
    moved = entry_of(store, "nps-a")
    assert (moved.write_back.connection, moved.owner) == ("hub", "")
    assert claim(store) == ([], 0)
    assert claim(store, on="hub") == (["nps-a"], 0)


@pytest.mark.parametrize("change", [TICKET, Notify(subject="s", text="t")])
def test_what_was_refused_waits_again_where_its_rule_writes_by_now(store: Store, change: Change) -> None:
    put(store, made("nps-a", change))
    claim(store)
    with store.write() as tx:
        fuses.belongs_to(tx, "nps-a", "bob")
        tickets.went_on(tx, "nps-a", "100")
        outbox.move(tx, "nps-a", from_states=("sending",), to="rejected", now=NOW)
        outbox.renew(tx, [made("nps-a", change)], now=NOW)
    assert state(store, "nps-a") == "rejected", "the same change for the same connection is refused again"
    with store.write() as tx:
        outbox.renew(tx, [made("nps-a", change, on="hub")], now=NOW)
        kept = tx.execute(text("select connection, state, owner, on_ticket from write_back")).one()
    assert tuple(kept) == ("hub", "waiting", "", None)


def test_a_note_never_goes_on_a_ticket_of_another_connection(store: Store) -> None:
    note = AddNote(on="ticket", contact_id=None, text="n")
    put(store, made("nps-p", on="hub"), made("nps-n", note, parent="nps-p"))
    claim(store, on="hub")
    with store.write() as tx:
        outbox.move(tx, "nps-p", from_states=("sending",), to="applied", now=NOW)
        receipts.put(tx, Receipt(key="nps-p", record_id="100", record_type="ticket"), now=NOW)
    assert claim(store) == ([], 0)
    assert (state(store, "nps-n"), entry_of(store, "nps-n").error) == ("discarded", outbox.ELSEWHERE)
    put(store, made("nps-n", note, on="hub", parent="nps-p"))
    assert claim(store, on="hub") == (["nps-n"], 0), "a later rule brings it back"


def test_who_joined_a_ticket_that_is_opened_elsewhere_gets_one_of_its_own(store: Store) -> None:
    put(store, made("nps-p"), made("nps-j", JoinTicket(ticket=TICKET, text="t"), parent="nps-p"))
    put(store, made("nps-p", on="hub"))
    assert claim(store) == (["nps-j"], 0)
    assert entry_of(store, "nps-j").write_back.change == TICKET


def test_held_tickets_starve_nothing_else(store: Store) -> None:
    early = NOW - timedelta(hours=2)
    put(store, *(made(f"nps-t{n:04}", at=early) for n in range(450)), *(made(f"nps-x{n}", NOTE) for n in range(3)))
    taken, held = claim(store, tickets=2)
    assert taken == ["nps-t0000", "nps-t0001", "nps-x0", "nps-x1", "nps-x2"]
    assert held == 448


def test_answers_for_unsure_contacts_use_up_no_window(store: Store) -> None:
    def recorded(minutes: int) -> RecordResponse:
        return RecordResponse(contact_id="11", responded_at=NOW + timedelta(minutes=minutes), fields={})

    put(store, made("nps-u", recorded(0)))
    with store.write() as tx:
        outbox.move(tx, "nps-u", from_states=("waiting",), to="unknown", now=NOW)
    early = NOW - timedelta(hours=1)
    put(store, *(made(f"nps-r{n:03}", recorded(n), at=early) for n in range(250)), made("nps-x", NOTE))
    assert claim(store, limit=1) == (["nps-x"], 0)


def test_orphans_of_another_connection_are_left_to_it(store: Store) -> None:
    put(store, made("nps-p", on="other"), made("nps-c", NOTE, on="other", parent="nps-p"))
    with store.write() as tx:
        outbox.move(tx, "nps-p", from_states=("waiting",), to="rejected", now=NOW)
    claim(store)
    assert state(store, "nps-c") == "waiting"


def test_a_note_on_a_ticket_without_a_record_is_given_up(store: Store) -> None:
    put(store, made("nps-p"), made("nps-c", NOTE, parent="nps-p"))
    with store.write() as tx:
        outbox.move(tx, "nps-p", from_states=("waiting",), to="applied", now=NOW)
    claim(store)
    assert state(store, "nps-c") == "discarded"
    put(store, made("nps-q"), made("nps-d", NOTE, parent="nps-q"))
    with store.write() as tx:
        outbox.move(tx, "nps-q", from_states=("waiting",), to="applied", now=NOW)
        receipts.put(tx, Receipt(key="nps-q", record_id="1", record_type="ticket"), now=NOW)
    assert claim(store)[0] == ["nps-d"]


def test_a_list_is_narrowed_by_each_filter(store: Store) -> None:
    put(store, made("nps-a"), made("nps-b", on="other"))
    with store.read() as tx:
        assert [e.write_back.key for e in outbox.listed(tx)] == ["nps-a", "nps-b"]
        assert [e.write_back.key for e in outbox.listed(tx, connection="other")] == ["nps-b"]
        assert len(outbox.listed(tx, states=("waiting", "applied"), response_key="r", changed_at=NOW)) == 2
        assert outbox.listed(tx, states=("applied",)) == []


def test_a_key_is_found_by_its_beginning(store: Store) -> None:
    put(store, made("nps-ab"), made("nps-ac"), made("nps-r-ab"), made("nps-b"))
    with store.read() as tx:
        for prefix, found in (("nps-a", ["nps-ab", "nps-ac"]), ("nps-ab", ["nps-ab"]), ("nps-r-", ["nps-r-ab"])):
            assert [e.write_back.key for e in outbox.beginning(tx, prefix, limit=2)] == found
        assert len(outbox.beginning(tx, "nps-", limit=2)) == 2
        assert outbox.beginning(tx, "%", limit=2) == []


def test_what_leaves_is_what_its_row_says_though_the_answer_changes_in_that_moment(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, made("nps-a"))
    other = open_store(store_url)
    new = replace(made("nps-a", replace(TICKET, summary="new")), revision=2)
    meanwhile = threading.Thread(target=put, args=(other, new))
    judged = ordering.older_than_known

    def slowly(*asked: Any) -> bool:
        meanwhile.start()
        meanwhile.join(0.5)  # it may have to wait until the claim is through
        return judged(*asked)

    monkeypatch.setattr(ordering, "older_than_known", slowly)
    with store.write() as tx:
        claimed = rules.claim(tx, "psa", token=1, now=NOW, mode=Mode.LIVE, limits=limits(10))
    meanwhile.join()
    other.close()
    with store.read() as tx:
        entry = outbox.get(tx, "nps-a")
    assert entry is not None
    assert [wb.change for wb in claimed.write_backs] == [entry.write_back.change]


# ------------------------------------------------------------ a note whose ticket is merged before it is there
def note_that_left(store: Store) -> None:
    """A note that was claimed for ticket 100, into which nothing was written yet."""
    note = AddNote(on="ticket", contact_id=None, text="n")
    put(store, made("nps-p"), made("nps-n", note, parent="nps-p"))
    with store.write() as tx:
        outbox.move(tx, "nps-p", from_states=("waiting",), to="applied", now=NOW)
        receipts.put(tx, Receipt(key="nps-p", record_id="100", record_type="ticket"), now=NOW)
    assert goes_on(store) == "100"


def merged(store: Store) -> None:
    row = (
        "insert into follow_up (key, connection, response_key, ticket_id, opened_at, state, status, owner, closed_by, "
        "merged_into) values ('nps-p', 'psa', 'r', '100', 'x', 'open', '', '', '', '200')"
    )
    with store.write() as tx:
        tx.execute(text(row))


def goes_on(store: Store) -> str | None:
    """The ticket for which the note leaves now."""
    with store.write() as tx:
        claimed = rules.claim(tx, "psa", token=1, now=NOW, mode=Mode.LIVE, limits=limits(10))
    [note] = [wb for wb in claimed.write_backs if wb.key == "nps-n"]
    assert isinstance(note.change, AddNote)
    return note.change.parent_id


def test_a_note_that_was_not_attempted_goes_on_the_ticket_of_now(store: Store) -> None:
    note_that_left(store)
    merged(store)
    with store.write() as tx:
        rules.put_back(tx, ["nps-n"], token=1, now=NOW, why="not attempted")
    assert goes_on(store) == "200"


def test_a_note_that_was_not_found_twice_goes_on_the_ticket_of_now(store: Store) -> None:
    note_that_left(store)
    merged(store)
    with store.write() as tx:
        outbox.move(tx, "nps-n", from_states=("sending",), to="unknown", now=NOW, look_after=NOW)
    for _ in range(2):
        with store.write() as tx:
            [asked] = rules.to_look_up(tx, "psa", now=NOW, mode=Mode.LIVE)
            assert isinstance(asked.change, AddNote)
            assert asked.change.parent_id == "100", "until then it is looked for where it may be"
            rules.looked_up(tx, [asked], {}, now=NOW, grace=timedelta(0))
    assert goes_on(store) == "200"


# ------------------------------------------------------------ whether a delivery has anything to do
def with_work(store: Store) -> list[str]:
    with store.read() as tx:
        return store_work.connections_with_work(tx, now=NOW, mode=Mode.LIVE)


@pytest.mark.parametrize(
    ("parent", "work"), [("waiting", []), ("sending", ["other"]), ("unknown", []), ("applied", ["psa"]),
                         ("rejected", ["psa"]), ("discarded", ["psa"])]
)  # fmt: skip
def test_what_waits_for_another_is_work_once_that_came_to_its_end(store: Store, parent: str, work: list[str]) -> None:
    put(store, made("nps-p", on="other", at=NOW + timedelta(hours=1)), made("nps-c", NOTE, parent="nps-p"))
    with store.write() as tx:
        later = NOW + timedelta(hours=1)
        outbox.move(tx, "nps-p", from_states=("waiting",), to=parent, now=NOW, look_after=later)
    assert with_work(store) == work
