"""What every CRM adapter must do. An adapter's test_contract.py gives a `world` fixture and inherits this."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from connector.domain import (
    KIND_OF_CHANGE,
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    OpenTicket,
    Receipt,
    RecordResponse,
    SetField,
    TicketState,
    UpdateTicket,
    WriteBack,
)
from connector.errors import AuthError, ContractError, OutcomeUnknownError, RejectedError, ThrottledError
from connector.ports import (
    ChangeSink,
    ChangeUndo,
    ContactSource,
    Cursor,
    Outcome,
    Page,
    Ports,
    Scope,
    Superseded,
    Undo,
    Undone,
)

FRIDAY = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)


KINDS = ["open_ticket", "record_response", "add_note", "create_task", "add_to_group", "set_field", "update_ticket"]


class World(Protocol):
    """One CRM with people in it, and the levers a test needs."""

    connection: str
    scope: Scope  # every contact, and one marketing group
    board: str
    score_field: str
    date_field: str
    fields_are_visible: bool
    group: str  # a marketing group that someone is not in
    company_field: str

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

    def field(self, record_id: str, caption: str) -> object:
        """Of a contact or company; None where it is empty."""
        ...

    def summary(self, ticket_id: str) -> str:
        """What the ticket is called now."""
        ...

    def close_ticket(self, ticket_id: str) -> None:
        """As a technician does."""
        ...

    def move_ticket(self, ticket_id: str) -> None:
        """To another company, as a technician may."""
        ...

    def is_member(self, contact_id: str) -> bool:
        """Of the group of that name."""
        ...

    def lose_the_next_answer(self, key: str, kind: str) -> None: ...
    def throttle(self) -> None: ...


class MoreLevers(Protocol):
    """Levers that a world may lack: what its CRM does not know is not asked of its adapter."""

    nobody: str  # a contact's id that stands for no contact

    def settle(self) -> None:
        """Wait until what was just written is found: an index lags behind."""
        ...

    def merge_someone(self) -> tuple[str, str]:
        """Merge one contact of the scope into another: (the old one, the survivor)."""
        ...

    def archive_someone(self) -> str:
        """Archive or delete a contact of the scope, as a person does."""
        ...

    def bounce_someone(self) -> str:
        """Let the CRM know of a contact of the scope that mail does not arrive."""
        ...

    def add_address(self, contact_id: str, address: str) -> None:
        """A further address of the same person."""
        ...

    def hide_opt_outs(self) -> None:
        """Take the right to see who opted out from the key."""
        ...

    def refuse_after(self, writes: int | None) -> None:
        """What is opened from now on may send so many writing requests; each further one is refused as one too many."""
        ...

    def everything(self) -> Any:
        """All that stands in the CRM, to be compared."""
        ...

    def people(self, count: int) -> list[tuple[str, str]]:
        """Healthy contacts, each with its company."""
        ...


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

    def test_a_merge_is_told_with_the_survivor(self, world: World) -> None:
        cursor = list(source(world).pages(world.scope, None))[-1].cursor
        old, survivor = lever(world, "merge_someone")()
        pages = list(source(world).pages(world.scope, cursor))
        merged = {one: other for page in pages for one, other in page.merged.items()}
        assert merged.get(old) == survivor
        assert old not in {each.id for page in pages for each in page.contacts}

    def test_who_is_archived_is_told_to_be_gone_or_not_shown_again(self, world: World) -> None:
        cursor = list(source(world).pages(world.scope, None))[-1].cursor
        gone = lever(world, "archive_someone")()
        pages = list(source(world).pages(world.scope, cursor))
        assert gone in {each for page in pages for each in page.gone_contacts}
        assert gone not in {each.id for page in pages for each in page.contacts}

    def test_what_the_crm_says_of_dead_addresses_is_told_in_its_words(self, world: World) -> None:
        dead = lever(world, "bounce_someone")()
        contacts = {each.id: each for page in source(world).pages(world.scope, None) for each in page.contacts}
        assert contacts[dead].undeliverable
        assert not contacts[world.someone()[0]].undeliverable

    def test_further_addresses_are_told(self, world: World) -> None:
        contact, _ = world.someone()
        lever(world, "add_address")(contact, "Second.Address@example.com")
        [found] = [
            each for page in source(world).pages(world.scope, None) for each in page.contacts if each.id == contact
        ]
        assert [each.casefold() for each in found.other_emails] == ["second.address@example.com"]
        assert found.email.casefold() not in [each.casefold() for each in found.other_emails]

    def test_an_opt_out_that_is_hidden_is_unknown(self, world: World) -> None:
        lever(world, "hide_opt_outs")()
        contacts = [each for page in source(world).pages(world.scope, None) for each in page.contacts]
        assert contacts
        assert {each.opted_out for each in contacts} == {None}

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

    def test_each_company_has_its_owner_or_the_reasons_why_not(self, world: World) -> None:
        companies, chain = sorted(world.company_ids()), ["account_manager", "member:nobody"]
        found = list(source(world).owners(companies, chain))
        assert [each.company_id for each in found] == companies
        for each in found:
            alone = source(world).owner(each.company_id, chain)
            assert (each.member, each.step) == (alone or ("", ""))
            assert bool(each.member) != (len(each.skipped) == len(chain))

    # ------------------------------------------------------------ writing
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_change_is_applied_once(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        first = applied(world, write_back)
        again = applied(world, write_back)
        assert (first.already_there, again.already_there) == (False, True)
        assert first.record_id == again.record_id
        assert effects(world, write_back) == 1

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_was_applied_is_found(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        assert sink(world).find([write_back]) == {}
        receipt = applied(world, write_back)
        found = sink(world).find([write_back])
        there = found[write_back.key]
        assert isinstance(there, Receipt)
        assert (there.record_id, there.already_there) == (receipt.record_id, True)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_lost_answer_is_unknown_until_it_is_found(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        world.lose_the_next_answer(write_back.key, kind)
        [outcome] = sink(world).apply([write_back])
        assert isinstance(outcome.result, OutcomeUnknownError)
        there = sink(world).find([write_back])[write_back.key]
        assert isinstance(there, Receipt)
        assert there.already_there
        assert effects(world, write_back) == 1

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

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_throttled_write_has_no_effect(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        world.throttle()
        with pytest.raises(ThrottledError) as caught:
            list(sink(world).apply([write_back]))
        assert caught.value.retry_after > 0
        assert effects(world, write_back) == 0

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

    @pytest.mark.parametrize("on", ["contact", "company"])
    def test_a_value_by_an_older_answer_never_overwrites_a_newer_one(self, world: World, on: str) -> None:
        newer, older = (
            _set(world, on=on, value=value, at=FRIDAY - timedelta(days=days)) for value, days in (("7", 0), ("9", 2))
        )
        record = newer.record_id
        assert applied(world, _write_back(world, "nps-newer", newer)).record_type == on
        before = world.field(record, newer.field)
        [outcome] = sink(world).apply([_write_back(world, "nps-older", older)])
        assert isinstance(outcome.result, Superseded)
        assert world.field(record, newer.field) == before

    def test_a_receipt_says_what_was_overwritten(self, world: World) -> None:
        first = applied(world, _write_back(world, "nps-1", _set(world, on="contact", value="7", at=FRIDAY)))
        later = _set(world, on="contact", value="9", at=FRIDAY + timedelta(days=1))
        second = applied(world, _write_back(world, "nps-2", later))
        again = applied(world, _write_back(world, "nps-2", later))
        assert first.before is not None
        assert second.before is not None
        assert first.before[world.score_field] is None
        assert str(second.before[world.score_field]) == "7"
        assert again.before is None
        recorded = applied(world, _write_back(world, "nps-3", _recorded(world, score=3, at=FRIDAY + timedelta(days=2))))
        assert recorded.before is not None
        assert str(recorded.before[world.score_field]) == "9"

    def test_a_member_of_a_group_stays_one_and_the_receipt_says_whose_it_is(self, world: World) -> None:
        write_back = write_back_of(world, "add_to_group")
        first = applied(world, write_back)
        assert (first.before, first.already_there) == ({"member": False}, False)
        assert world.is_member(world.someone()[0])
        ours = applied(world, write_back)
        other = applied(world, replace(write_back, key="nps-other"))
        assert (ours.before, ours.already_there) == ({"member": False}, True)
        assert (other.before, other.already_there) == ({"member": True}, True)

    def test_a_group_that_is_not_there_rejects_this_one_only(self, world: World) -> None:
        contact, _ = world.someone()
        nowhere = _write_back(world, "nps-nowhere", AddToGroup(contact_id=contact, group="No such group"))
        good = write_back_of(world, "add_to_group")
        [bad, fine] = sink(world).apply([nowhere, good])
        assert isinstance(bad.result, RejectedError)
        assert isinstance(fine.result, Receipt)
        assert isinstance(sink(world).find([nowhere, good])[nowhere.key], RejectedError)

    def test_a_note_goes_on_the_ticket_opened_before(self, world: World) -> None:
        contact, _ = world.someone()
        ticket = applied(world, write_back_of(world, "open_ticket"))
        note = AddNote(on="ticket", contact_id=contact, text="Second answer: 4.", parent_id=ticket.record_id)
        receipt = applied(world, _write_back(world, "nps-second", note))
        assert receipt.record_type == "ticket_note"
        assert applied(world, _write_back(world, "nps-second", note)).already_there

    def test_a_closed_ticket_keeps_its_summary(self, world: World) -> None:
        write_back = write_back_of(world, "update_ticket")
        assert isinstance(write_back.change, UpdateTicket)
        ticket = write_back.change.ticket_id or ""
        before = world.summary(ticket)
        world.close_ticket(ticket)
        [outcome] = sink(world).apply([write_back])
        assert isinstance(outcome.result, Superseded)
        assert world.summary(ticket) == before != write_back.change.summary

    def test_each_of_a_batch_has_its_outcome(self, world: World) -> None:
        batch = [write_back_of(world, kind) for kind in KINDS if kind in _served(world)]
        outcomes: Sequence[Outcome] = list(sink(world).apply(batch))
        assert sorted(outcome.key for outcome in outcomes) == sorted(write_back.key for write_back in batch)
        assert all(isinstance(outcome.result, Receipt) for outcome in outcomes)

    @pytest.mark.parametrize("kind", ["record_response", "set_field", "add_note", "open_ticket"])
    def test_a_bad_row_of_a_batch_rejects_only_itself(self, world: World, kind: str) -> None:
        nobody: str = lever(world, "nobody")
        batch = [of_contact(world, kind, contact, company) for contact, company in lever(world, "people")(6)]
        bad = of_contact(world, kind, nobody, world.someone()[1])
        batch.insert(3, bad)
        outcomes = {outcome.key: outcome.result for outcome in sink(world).apply(batch)}
        assert len(outcomes) == len(batch), "one for each"
        assert isinstance(outcomes.pop(bad.key), RejectedError)
        assert all(isinstance(result, Receipt) for result in outcomes.values()), outcomes
        again = {outcome.key: outcome.result for outcome in sink(world).apply([b for b in batch if b is not bad])}
        assert all(isinstance(each, Receipt) and each.already_there for each in again.values()), again

    @pytest.mark.parametrize("kind", ["record_response", "set_field", "add_note", "open_ticket"])
    def test_a_throttled_batch_has_no_outcome_that_is_not_so(self, world: World, kind: str) -> None:
        batch = [of_contact(world, kind, contact, company) for contact, company in lever(world, "people")(4)]
        world.throttle()
        outcomes: list[Outcome] = []
        with pytest.raises(ThrottledError):
            outcomes.extend(sink(world).apply(batch))  # what came before stays in it
        getattr(world, "settle", lambda: None)()
        there = sink(world).find(batch)
        assert there.keys() <= {outcome.key for outcome in outcomes}, "what has no outcome was not attempted"

    @pytest.mark.parametrize("writes", [0, 1, 2])
    @pytest.mark.parametrize("kind", KINDS)
    def test_what_broke_off_without_an_outcome_changed_nothing(self, world: World, kind: str, writes: int) -> None:
        """Some take several requests: one that breaks off between two was attempted, and must not be told otherwise."""
        everything, refuse_after = lever(world, "everything"), lever(world, "refuse_after")
        write_back = write_back_of(world, kind)
        before = everything()
        refuse_after(writes)
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(sink(world).apply([write_back]))
        except ThrottledError:
            assert outcomes or everything() == before, "told as not attempted, and yet something changed"
            assert all(isinstance(outcome.result, OutcomeUnknownError) for outcome in outcomes)
        refuse_after(None)
        getattr(world, "settle", lambda: None)()
        applied(world, write_back)
        assert effects(world, write_back) == 1

    # ------------------------------------------------------------ watching and undoing
    def test_our_tickets_are_found_by_their_keys(self, world: World) -> None:
        if not world.fields_are_visible:
            pytest.skip("this tenant cannot be asked for keys")
        ticket = write_back_of(world, "open_ticket")
        receipt = applied(world, ticket)
        watch = _port(world, "watch")
        getattr(world, "settle", lambda: None)()  # an index may lag behind what was just written
        assert [(status.key, status.record_id) for status in watch.ours("nps-")] == [(ticket.key, receipt.record_id)]
        assert list(watch.ours("nps-r-")) == []

    @pytest.mark.parametrize("kind", ["open_ticket", "record_response", "set_field", "add_to_group"])
    def test_what_was_applied_is_taken_back_once(self, world: World, kind: str) -> None:
        write_back = write_back_of(world, kind)
        undo = Undo(
            key=f"{write_back.key}-u", write_back=write_back, receipt=applied(world, write_back), note="mistake"
        )
        [first] = undoing(world).undo([undo])
        assert isinstance(first.result, Undone), first
        [again] = undoing(world).undo([undo])
        assert isinstance(again.result, Undone), again
        if kind == "open_ticket":
            watch = world.open().watch
            assert watch is not None
            [status] = watch.states([undo.receipt])
            assert status.state is TicketState.CLOSED_AUTOMATICALLY
            assert world.count_with_key(undo.key) == 1  # the note that says so
        if kind == "add_to_group":
            assert not world.is_member(world.someone()[0])

    def test_a_value_that_somebody_changed_since_is_not_taken_back(self, world: World) -> None:
        write_back = _write_back(world, "nps-1", _set(world, on="contact", value="7", at=FRIDAY))
        receipt = applied(world, write_back)
        later = _set(world, on="contact", value="9", at=FRIDAY + timedelta(days=1))
        applied(world, _write_back(world, "nps-2", later))
        [left] = undoing(world).undo([Undo(key="nps-1-u", write_back=write_back, receipt=receipt, note="")])
        assert not isinstance(left.result, RejectedError)
        assert str(world.field(world.someone()[0], world.score_field)) == "9"

    def test_what_cannot_be_taken_back_is_not_promised(self, world: World) -> None:
        assert not undoing(world).undoes("add_note")
        assert not undoing(world).undoes("notify")

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


def undoing(world: World) -> ChangeUndo:
    port: ChangeUndo = _port(world, "undo")
    return port


def _port(world: World, name: str) -> Any:
    """The port of that name; a world that says which `ports` its CRM serves may leave some out."""
    if name not in getattr(world, "ports", (name,)):
        pytest.skip(f"this CRM serves no {name}")
    port = getattr(world.open(), name)
    assert port is not None, name
    return port


def sink(world: World) -> ChangeSink:
    port = world.open().sink
    assert port is not None
    return port


def lever(world: World, name: str) -> Any:
    """A lever of MoreLevers; skips where the world's CRM knows nothing of the kind."""
    if not hasattr(world, name):
        pytest.skip(f"this CRM has no {name}")
    return getattr(world, name)


def of_contact(world: World, kind: str, contact: str, company: str) -> WriteBack:
    """A write-back of this kind about a contact, under a key of its own."""
    made = write_back_of(world, kind)
    named = "record_id" if kind == "set_field" else "contact_id"
    change = replace(made.change, **{named: contact})  # type: ignore[arg-type]
    if isinstance(change, OpenTicket):
        change = replace(change, company_id=company)
    return replace(made, key=f"{made.key}-{contact.lower()}", change=change)


def applied(world: World, write_back: WriteBack) -> Receipt:
    [outcome] = sink(world).apply([write_back])
    assert isinstance(outcome.result, Receipt), outcome.result
    return outcome.result


def effects(world: World, write_back: WriteBack) -> int:
    """How often the write-back took effect, as far as that can be counted."""
    change = write_back.change
    if isinstance(change, AddToGroup):
        return int(world.is_member(change.contact_id))
    if isinstance(change, SetField):
        return int(str(world.field(change.record_id, change.field)) == change.value)
    if isinstance(change, UpdateTicket):
        return int(world.summary(change.ticket_id or "") == change.summary)
    return world.count_with_key(write_back.key)


def write_back_of(world: World, kind: str) -> WriteBack:
    """One of each kind; of update_ticket with a ticket that it changes, opened for it."""
    contact, company = world.someone()
    if kind == "update_ticket" and kind in _served(world):
        return _write_back(world, "nps-update-ticket", _update(world, "NPS follow-up: Ann Example, changed"))
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
        "create_task": CreateTask(
            company_id=company,
            contact_id=contact,
            summary="Call Ann Example",
            text="gave 3 of 10",
            owner=(f"member:{getattr(world, 'member', 'bob')}",),
            due_at=FRIDAY + timedelta(days=3),
        ),
        "add_to_group": AddToGroup(contact_id=contact, group=world.group),
        "set_field": _set(world, on="contact", value="8", at=FRIDAY),
        "update_ticket": UpdateTicket(company_id=company, summary="of no ticket"),
    }
    return _write_back(world, f"nps-{kind.replace('_', '-')}", changes[kind])


def _update(world: World, summary: str) -> UpdateTicket:
    opened = write_back_of(world, "open_ticket")
    receipt = applied(world, replace(opened, key="nps-changed-later"))
    _, company = world.someone()
    return UpdateTicket(company_id=company, summary=summary, ticket_id=receipt.record_id)


def _served(world: World) -> Sequence[str]:
    """The kinds of change that the world's CRM serves: all, where it does not say."""
    served: Sequence[str] = getattr(world, "changes", KINDS)
    return served


def _set(world: World, *, on: str, value: str, at: datetime) -> SetField:
    contact, company = world.someone()
    return SetField(
        on=on,
        record_id=contact if on == "contact" else company,
        field=world.score_field if on == "contact" else world.company_field,
        value=value,
        responded_at=at,
        responded_at_field=world.date_field if on == "contact" else f"{world.company_field} Date",
    )


def _recorded(world: World, *, score: int, at: datetime) -> RecordResponse:
    return RecordResponse(
        contact_id=world.someone()[0],
        responded_at=at,
        fields={world.score_field: score, "No such field": "x"},
        responded_at_field=world.date_field,
        note=f"NPS: {score} of 10",
    )


def _write_back(world: World, key: str, change: Change) -> WriteBack:
    if KIND_OF_CHANGE[type(change)] not in _served(world):
        pytest.skip(f"this CRM serves no {KIND_OF_CHANGE[type(change)]}")
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
