"""A restored backup, and a second store on the same PSA: own records are found again, foreign ones are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connector.store import open_store
from tests.kill.harness import SETTLE, STEP, Passed, Story
from tests.kill.projection import differences
from tests.kill.stores import SqliteDatabase


@pytest.fixture(scope="module")
def told() -> Iterator[Story]:
    with Story(SqliteDatabase) as made:
        made.tell()
        yield made


@pytest.fixture
def story(told: Story) -> Story:
    """The whole story told, the records in the PSA."""
    told.go_to_the_end()
    return told


EFFECTS = ("tickets", "ticket_notes", "contact_notes", "custom_fields", "mails", "write_backs", "receipts")
"""What a backup must not double. It has forgotten which edits were ours, and may know more contacts than then."""


def _same_effects(story: Story) -> None:
    found = story.projection()
    assert not differences({part: story.expected[part] for part in EFFECTS}, {part: found[part] for part in EFFECTS})


def _passes(story: Story, times: int) -> list[Passed]:
    made = []
    for _ in range(times):
        story.virtual += STEP
        made.append(story.run())
        assert not made[-1].error, made[-1].error
    return made


@pytest.mark.parametrize(
    ("stage", "taken"),
    [(2, "after the answers, before the tickets"), (1, "before the answers"), (0, "of the empty store")],
)
def test_a_backup_restored_after_tickets_were_opened_doubles_nothing(story: Story, stage: int, taken: str) -> None:
    story.database.put_back(f"start{stage}")
    _passes(story, 1)
    story.virtual += SETTLE
    _passes(story, 2)
    _same_effects(story)
    for kind, already_there in _receipts(story):
        assert already_there, f"a {kind} was made again"


def test_a_second_store_on_the_same_psa_opens_its_own_tickets_and_leaves_the_others_alone(story: Story) -> None:
    before = story.crm.seen(story.stand_in.records())
    with Story(SqliteDatabase, stand_in=story.stand_in) as second:
        second.began, second.virtual = story.began, story.virtual
        open_store(second.database.url).close()
        second.write_answers()
        _passes(second, 1)
        second.virtual += SETTLE
        _passes(second, 2)
        after = story.crm.seen(story.stand_in.records())
        keys = {ticket[0] for ticket in before["tickets"]}
        assert [ticket for ticket in after["tickets"] if ticket[0] in keys] == before["tickets"]
        assert [note for note in after["ticket_notes"] if note[0] in keys] == before["ticket_notes"]
        assert len(after["tickets"]) == 2 * len(before["tickets"])
        assert len({ticket[0] for ticket in after["tickets"]}) == 6
        assert after["custom_fields"] == before["custom_fields"]  # the same answers: they converge
        assert not any(there for kind, there in _receipts(second) if kind in ("ticket", "ticket_note"))
        # Neither takes the other's for its own, later either.
        _passes(second, 2)
        assert story.crm.seen(story.stand_in.records()) == after
    story.virtual = second.virtual
    _passes(story, 2)
    assert story.crm.seen(story.stand_in.records()) == after


def test_a_backup_restored_while_a_ticket_was_of_unknown_outcome_finds_it(story: Story) -> None:
    """The copy was taken in the middle of a delivery: what it says was being sent is looked up, found and not sent."""
    story.go_back(2)
    ticket = next(n for n, label in enumerate(story.boundaries[2]) if label == "answer:after POST /service/tickets")
    assert story.run(kill_at=ticket).killed_at
    story.database.keep("backup")
    story.virtual += STEP
    _passes(story, 6)
    _same_effects(story)
    story.database.put_back("backup")
    _passes(story, 6)
    _same_effects(story)


def _receipts(story: Story) -> list[tuple[str, bool]]:
    store = open_store(story.database.url)
    try:
        with store.read() as tx:
            rows: Any = tx.execute(text("select record_type, already_there from receipt"))
            return [(row.record_type, bool(row.already_there)) for row in rows]
    finally:
        store.close()
