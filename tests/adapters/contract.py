"""What every CRM adapter must do. An adapter's test_contract.py gives a `world` fixture and inherits this."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from connector.domain import AddNote, Change, OpenTicket, Receipt, RecordResponse, WriteBack
from connector.errors import AuthError, ContractError, OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import ChangeSink, ContactSource, Cursor, Outcome, Page, Ports, Scope

FRIDAY = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)


class World(Protocol):
    """One CRM with people in it, and the levers a test needs."""

    connection: str
    scope: Scope  # every contact, and one marketing group
    board: str
    score_field: str
    date_field: str
    fields_are_visible: bool

    def open(self) -> Ports: ...
    def open_with_wrong_credentials(self) -> Ports: ...
    def contact_ids(self) -> set[str]: ...
    def company_ids(self) -> set[str]: ...
    def member_ids(self) -> set[str]:
        """Contacts and companies entered in the scope's group."""
        ...

    def someone(self) -> tuple[str, str]:
        """(contact, its company): healthy, and in the CRM's good books."""
        ...

    def touch(self, contact_id: str) -> None: ...
    def count_with_key(self, key: str) -> int:
        """Tickets and notes that carry the key."""
        ...

    def field(self, contact_id: str, caption: str) -> object: ...
    def move_ticket(self, ticket_id: str) -> None:
        """To another company, as a technician may."""
        ...

    def lose_the_next_answer(self, key: str) -> None: ...
    def throttle(self) -> None: ...


class AdapterContract:
    # ------------------------------------------------------------ pulling
    def test_every_contact_and_company_is_served_exactly_once(self, world: World) -> None:
        pages = list(source(world).pages(world.scope, None))
        contacts = [contact.id for page in pages for contact in page.contacts]
        companies = [company.id for page in pages for company in page.companies]
        assert sorted(contacts) == sorted(world.contact_ids())
        assert sorted(companies) == sorted(world.company_ids())
        assert all(contact.connection == world.connection for page in pages for contact in page.contacts)

    def test_only_the_last_page_is_complete(self, world: World) -> None:
        pages = list(source(world).pages(world.scope, None))
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        assert len(pages) > 3

    def test_a_pull_resumes_after_any_page(self, world: World) -> None:
        whole = list(source(world).pages(world.scope, None))
        for cut in range(1, len(whole)):
            first = _first_pages(source(world), world.scope, None, cut)
            rest = list(source(world).pages(world.scope, first[-1].cursor))
            assert _told([*first, *rest]) == _told(whole), f"cut after page {cut}"
            assert rest[-1].complete

    def test_the_next_pull_brings_what_changed(self, world: World) -> None:
        cursor = list(source(world).pages(world.scope, None))[-1].cursor
        contact, _ = world.someone()
        world.touch(contact)
        pages = list(source(world).pages(world.scope, cursor))
        assert contact in {each.id for page in pages for each in page.contacts}
        assert pages[-1].complete

    def test_an_idle_pull_is_complete_and_moves_on(self, world: World) -> None:
        cursor = list(source(world).pages(world.scope, None))[-1].cursor
        pages = list(source(world).pages(world.scope, cursor))
        assert pages[-1].complete
        again = list(source(world).pages(world.scope, pages[-1].cursor))
        assert again[-1].complete

    def test_group_rows_come_whole_with_each_pull(self, world: World) -> None:
        cursor: Cursor | None = None
        epochs = set()
        for _ in range(2):
            pages = list(source(world).pages(world.scope, cursor))
            rows = [row for page in pages for row in page.memberships]
            assert {row.contact_id or row.company_id for row in rows} == world.member_ids()
            assert {group for page in pages for group in page.finished_groups} == set(world.scope.groups)
            epochs.add(frozenset(page.epoch for page in pages if page.memberships))
            cursor = pages[-1].cursor
        assert all(len(epoch) == 1 for epoch in epochs)

    def test_someone_is_found_by_id_and_by_address(self, world: World) -> None:
        contact_id, company_id = world.someone()
        [(contact, company)] = source(world).look(contact_id)
        assert company is not None
        assert (contact.id, company.id) == (contact_id, company_id)
        assert contact_id in [each.id for each, _ in source(world).look(contact.email.upper())]

    @pytest.mark.parametrize("term", ["", "Ann Example", 'ann@example.com" or id > 0 or id="'])
    def test_what_is_neither_id_nor_address_cannot_be_looked_up(self, world: World, term: str) -> None:
        with pytest.raises(RejectedError, match="cannot be looked up"):
            source(world).look(term)

    # ------------------------------------------------------------ writing
    @pytest.mark.parametrize("kind", ["open_ticket", "record_response", "add_note"])
    def test_a_change_is_applied_once(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        first = applied(world, write_back)
        again = applied(world, write_back)
        assert (first.already_there, again.already_there) == (False, True)
        assert first.record_id == again.record_id
        assert world.count_with_key(write_back.key) == 1

    @pytest.mark.parametrize("kind", ["open_ticket", "record_response", "add_note"])
    def test_what_was_applied_is_found(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        assert sink(world).find([write_back]) == {}
        receipt = applied(world, write_back)
        found = sink(world).find([write_back])
        there = found[write_back.key]
        assert isinstance(there, Receipt)
        assert (there.record_id, there.already_there) == (receipt.record_id, True)

    @pytest.mark.parametrize("kind", ["open_ticket", "record_response", "add_note"])
    def test_a_lost_answer_is_unknown_until_it_is_found(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        world.lose_the_next_answer(write_back.key)
        [outcome] = sink(world).apply([write_back])
        assert isinstance(outcome.result, OutcomeUnknownError)
        there = sink(world).find([write_back])[write_back.key]
        assert isinstance(there, Receipt)
        assert there.already_there
        assert world.count_with_key(write_back.key) == 1

    def test_a_key_on_a_foreign_record_is_not_ours(self, world: World) -> None:
        write_back = write_back_of(world, "open_ticket")
        world.move_ticket(applied(world, write_back).record_id)
        if not world.fields_are_visible:
            pytest.skip("this tenant shows keys only beside their company")
        [outcome] = sink(world).apply([write_back])
        assert isinstance(outcome.result, ContractError)
        ours = write_back_of(world, "add_note")
        applied(world, ours)
        found = sink(world).find([write_back, ours])
        assert isinstance(found[write_back.key], ContractError)
        assert isinstance(found[ours.key], Receipt)
        assert world.count_with_key(write_back.key) == 1

    @pytest.mark.parametrize("kind", ["open_ticket", "record_response", "add_note"])
    def test_a_throttled_write_has_no_effect(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        world.throttle()
        with pytest.raises(ThrottledError) as caught:
            list(sink(world).apply([write_back]))
        assert caught.value.retry_after > 0
        assert world.count_with_key(write_back.key) == 0

    def test_an_answer_stands_in_the_fields(self, world: World) -> None:
        contact, _ = world.someone()
        applied(world, write_back_of(world, "record_response"))
        assert world.field(contact, world.score_field) == 3

    def test_an_older_answer_never_overwrites_a_newer_one(self, world: World) -> None:
        contact, _ = world.someone()
        applied(world, write_back_of(world, "record_response"))
        older = _recorded(world, score=9, at=FRIDAY - timedelta(days=2))
        [outcome] = sink(world).apply([_write_back(world, "nps-older", older)])
        assert type(outcome.result).__name__ == "Superseded"
        assert world.field(contact, world.score_field) == 3
        assert world.count_with_key("nps-older") == 0

    def test_a_note_goes_on_the_ticket_opened_before(self, world: World) -> None:
        contact, _ = world.someone()
        ticket = applied(world, write_back_of(world, "open_ticket"))
        note = AddNote(on="ticket", contact_id=contact, text="Second answer: 4.", parent_id=ticket.record_id)
        receipt = applied(world, _write_back(world, "nps-second", note))
        assert receipt.record_type == "ticket_note"
        assert applied(world, _write_back(world, "nps-second", note)).already_there

    def test_each_of_a_batch_has_its_outcome(self, world: World) -> None:
        batch = [write_back_of(world, kind) for kind in ("open_ticket", "add_note", "record_response")]
        outcomes: Sequence[Outcome] = list(sink(world).apply(batch))
        assert [outcome.key for outcome in outcomes] == [write_back.key for write_back in batch]
        assert all(isinstance(outcome.result, Receipt) for outcome in outcomes)

    # ------------------------------------------------------------ credentials
    def test_wrong_credentials_are_an_auth_error(self, world: World) -> None:
        ports = world.open_with_wrong_credentials()
        assert ports.source is not None
        with pytest.raises(AuthError):
            ports.source.check()
        with pytest.raises(AuthError):
            list(ports.source.pages(world.scope, None))

    def test_good_credentials_see_everything(self, world: World) -> None:
        assert source(world).check() == []


def source(world: World) -> ContactSource:
    port = world.open().source
    assert port is not None
    return port


def sink(world: World) -> ChangeSink:
    port = world.open().sink
    assert port is not None
    return port


def applied(world: World, write_back: WriteBack) -> Receipt:
    [outcome] = sink(world).apply([write_back])
    assert isinstance(outcome.result, Receipt), outcome.result
    return outcome.result


def write_back_of(world: World, kind: str) -> WriteBack:
    contact, company = world.someone()
    changes: dict[str, Change] = {
        "open_ticket": OpenTicket(
            company_id=company,
            contact_id=contact,
            board=world.board,
            summary="NPS follow-up: Ann Example",
            internal='gave 3 of 10: "Tickets take days and nobody calls back."',
            due_at=FRIDAY + timedelta(days=3),
        ),
        "record_response": _recorded(world, score=3, at=FRIDAY),
        "add_note": AddNote(on="contact", contact_id=contact, text="NPS: 3 of 10 on 20 Nov 2026."),
    }
    return _write_back(world, f"nps-{kind.replace('_', '-')}", changes[kind])


def _recorded(world: World, *, score: int, at: datetime) -> RecordResponse:
    return RecordResponse(
        contact_id=world.someone()[0],
        responded_at=at,
        fields={world.score_field: score, "No such field": "x"},
        responded_at_field=world.date_field,
        note=f"NPS: {score} of 10",
    )


def _write_back(world: World, key: str, change: Change) -> WriteBack:
    return WriteBack(
        key=key,
        connection=world.connection,
        change=change,
        response_key="r1",
        revision=1,
        rule_id="detractors",
        action_id=key,
        not_before=FRIDAY,
    )


def _first_pages(port: ContactSource, scope: Scope, cursor: Cursor | None, count: int) -> list[Page]:
    pages = port.pages(scope, cursor)
    with closing(pages):  # type: ignore[type-var]
        return [next(pages) for _ in range(count)]


def _told(pages: Sequence[Page]) -> list[tuple[str, str]]:
    """Everything that was served, in no order: a row served twice counts twice."""
    return sorted(
        [("contact", each.id) for page in pages for each in page.contacts]
        + [("company", each.id) for page in pages for each in page.companies]
        + [("member", f"{each.contact_id} {each.company_id}") for page in pages for each in page.memberships]
        + [("group", group) for page in pages for group in page.finished_groups]
    )
