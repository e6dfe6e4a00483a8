"""Answers and values written into fields of contacts and accounts, and each answer as a record or a note of its own.

Fields converge: they are read first, and written where they differ. They come before the record, by which the whole is
recognised. Two changes of one record are made one after the other, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.fields import (
    Value,
    Wanted,
    before,
    differing,
    newer_answer,
    values_of,
    wanted,
)
from connector.adapters.salesforce.keyed import seen
from connector.adapters.salesforce.responses import Responses
from connector.adapters.salesforce.soql import named, pieces, record_id, soql
from connector.adapters.salesforce.tasks import Tasks
from connector.domain import AddNote, Receipt, RecordResponse, SetField, WriteBack
from connector.errors import ConnectorError, RejectedError
from connector.ports import Outcome, Superseded

OBJECTS = {"contact": ("Contact", "003"), "company": ("Account", "001")}
Change = RecordResponse | SetField
Asked = tuple[WriteBack, Change]
Before = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """How one record stands: of its fields those asked for, and its account."""

    fields: Mapping[str, Any]
    account: str


class Answers:
    def __init__(self, org: Org, responses: Responses, tasks: Tasks, collections: Collections) -> None:
        self._org, self._responses, self._tasks, self._collections = org, responses, tasks, collections

    # ------------------------------------------------------------ looking
    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """Answers by their record, else by their note, else by their values; values as they stand. What cannot be asked
        for, or holds a value that its field cannot, is told so alone."""
        recorded = [each for each in asked if isinstance(each[1], RecordResponse)]
        try:
            found: dict[str, Receipt | ConnectorError] = dict(self._told(recorded))
            by_value = [(write_back, change) for write_back, change in asked if not self._is_told(change)]
        except RejectedError as error:  # of the object for answers: values are no matter of it
            found = dict.fromkeys((write_back.key for write_back, _ in recorded), error)
            by_value = [each for each in asked if isinstance(each[1], SetField)]
        for on in OBJECTS:
            some = [each for each in by_value if target(each[1])[0] == on]
            try:
                stands = self.stands(some)
            except RejectedError as error:
                found |= dict.fromkeys((write_back.key for write_back, _ in some), error)
                continue
            found |= dict(self._standing(some, stands))
        return found

    def _standing(
        self, asked: Sequence[Asked], stands: Mapping[tuple[str, str], Stands]
    ) -> Iterator[tuple[str, Receipt | ConnectorError]]:
        """By key those whose values stand, and those that no field can hold."""
        for write_back, change in asked:
            standing = stands.get(target(change))
            if standing is None:
                continue
            try:
                wants = self._wanted(change)
            except RejectedError as error:
                yield write_back.key, error
                continue
            whole = len(wants) == len(values_of(change)) or not isinstance(change, SetField)
            if whole and not differing(wants, standing.fields):
                yield write_back.key, self._receipt(write_back.key, change, None)

    def stands(self, asked: Sequence[Asked]) -> dict[tuple[str, str], Stands]:
        """By target the record; one that is not there, or that the user may not see, is missing."""
        found: dict[tuple[str, str], Stands] = {}
        for on, (source, _) in OBJECTS.items():
            changes = [change for _, change in asked if target(change)[0] == on]
            if not changes:
                continue
            described = seen(self._org, source)
            fields = {each.name for change in changes for each in _named_fields(change, described)}
            fields |= {"Id", "AccountId"} if on == "contact" and described.has("AccountId") else {"Id"}
            for some in pieces(target(change)[1] for change in changes):
                text = f"SELECT {', '.join(map(named, sorted(fields)))} FROM {source} WHERE Id IN {{ids}}"  # noqa: S608 - names only
                for row in self._org.rows(soql(text, ids=some), dict[str, Any]):
                    account = row["Id"] if on == "company" else str(row.get("AccountId") or "")
                    found[on, str(row["Id"])] = Stands(fields=row, account=account)
        return found

    # ------------------------------------------------------------ writing
    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        for turn in _turns(asked):
            yield from self._turn(turn)

    def _turn(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        told = self._told(asked)
        stands = self.stands([each for each in asked if each[0].key not in told])
        rows: list[Row] = []
        befores: dict[str, Before | None] = {}
        for write_back, change in asked:
            key = write_back.key
            try:
                done = told.get(key) or self._without_writing(change, stands)
                wants = [] if done else differing(self._wanted(change), stands[target(change)].fields)
            except RejectedError as error:
                done, wants = error, []
            if done is not None:
                yield Outcome(key=key, result=done)
                continue
            standing = stands[target(change)]
            befores[key] = before(wants, standing.fields) if wants else None
            if wants:
                rows.append(_row(key, change, wants, standing))
        yield from self._written(rows, befores, asked)
        yield from self._tell([each for each in asked if each[0].key in befores], befores, stands)

    def _without_writing(self, change: Change, stands: Mapping[tuple[str, str], Stands]) -> Superseded | None:
        """Raises RejectedError where the record or a field of it is not there."""
        on, record = target(change)
        standing = stands.get((on, record))
        if standing is None:
            raise RejectedError(
                f"{on} {record} is not there, or hidden from the connector's user (deleted, or merged into another?)",
                code="NOT_FOUND",
                status=404,
            )
        described = seen(self._org, OBJECTS[on][0])
        if isinstance(change, SetField):
            self._settable(change, described)
        newer = newer_answer(change, described, standing.fields)
        if newer is not None:
            return Superseded(why=f"{on} {record} already holds an answer of {newer.isoformat()}, which is newer")
        if isinstance(change, RecordResponse) and self._responses.described is not None:
            self._responses.values("", change, standing.account)  # what it cannot hold is refused before any effect
        return None

    def _written(
        self, rows: Sequence[Row], befores: dict[str, Before | None], asked: Sequence[Asked]
    ) -> Iterator[Outcome]:
        """Fields, one object after the other; those done with stay in `befores`."""
        changes = {write_back.key: change for write_back, change in asked}
        for source, _ in OBJECTS.values():
            for results in self._collections.update([row for row in rows if row.object == source]):
                for row, result in results:
                    if isinstance(result, str) and self._is_told(changes[row.key]):
                        continue
                    former = befores.pop(row.key)
                    made = self._receipt(row.key, changes[row.key], former) if isinstance(result, str) else result
                    yield Outcome(key=row.key, result=made)

    def _tell(
        self, asked: Sequence[Asked], befores: Mapping[str, Before | None], stands: Mapping[tuple[str, str], Stands]
    ) -> Iterator[Outcome]:
        """Each answer's own record, or its note; nothing more of a value."""
        recorded = [(write_back, change) for write_back, change in asked if isinstance(change, RecordResponse)]
        as_records = recorded if self._responses.described is not None else []
        accounts = {change.contact_id: stands[target(change)].account for _, change in as_records}
        notes = [each for each in _notes(recorded) if not as_records]
        named_here = {write_back.key for write_back, _ in (*as_records, *notes)}
        for write_back, change in asked:
            if write_back.key not in named_here:
                yield Outcome(key=write_back.key, result=self._receipt(write_back.key, change, befores[write_back.key]))
        for results in self._responses.write(as_records, accounts):
            for row, result in results:
                made = (
                    self._responses.receipt(row.key, result, already_there=False) if isinstance(result, str) else result
                )
                yield Outcome(key=row.key, result=_with(made, befores[row.key]))
        for outcome in self._tasks.apply(notes):
            yield replace(outcome, result=_with(outcome.result, befores[outcome.key]))

    # ------------------------------------------------------------ both
    def _told(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """The answers that stand as a record or a note already: their fields were written before it."""
        recorded = [(write_back, change) for write_back, change in asked if isinstance(change, RecordResponse)]
        if not recorded:
            return {}
        if self._responses.described is not None:
            return dict(self._responses.find(recorded))
        return dict(self._tasks.find(_notes(recorded)))

    def _is_told(self, change: Change) -> bool:
        """Whether the change leaves a record or a note of its own."""
        return isinstance(change, RecordResponse) and (self._responses.described is not None or bool(change.note))

    def _wanted(self, change: Change) -> list[Wanted]:
        return wanted(values_of(change), seen(self._org, OBJECTS[target(change)[0]][0]))

    def _settable(self, change: SetField, described: Described) -> None:
        for caption in values_of(change):
            field = described.find(caption)
            if field is None or not field.updateable:
                where = "contacts" if change.on == "contact" else "accounts"
                raise RejectedError(
                    f'{where} have no field "{caption}" that the connector\'s user may set; '
                    f"connector setup {self._org.connection} says how to get it",
                    code="UnknownField",
                )

    def _receipt(self, key: str, change: Change, former: Before | None) -> Receipt:
        on, record = target(change)
        link = self._org.settings.link(record)
        return Receipt(
            key=key, record_id=record, record_type=on, link=link, already_there=former is None, before=former
        )


def target(change: Change) -> tuple[str, str]:
    """(contact or company, id). Raises RejectedError for anything else."""
    on, record = ("contact", change.contact_id) if isinstance(change, RecordResponse) else (change.on, change.record_id)
    if on not in OBJECTS:
        raise RejectedError(f"a field is set on a contact or a company, not on {on[:20]!r}", code="BadParent")
    return on, record_id(record, OBJECTS[on][1])


def _row(key: str, change: Change, wants: Sequence[Wanted], standing: Stands) -> Row:
    on, record = target(change)
    values = {each.field.name: each.value for each in wants}
    return Row(key=key, object=OBJECTS[on][0], values=values, record_id=record, near=standing.account)


def _turns(asked: Sequence[Asked]) -> list[list[Asked]]:
    """In each turn a record is changed once."""
    turns: list[list[Asked]] = []
    count: dict[tuple[str, str], int] = {}
    for each in asked:
        of = target(each[1])
        place = count[of] = count.get(of, -1) + 1
        if place == len(turns):
            turns.append([])
        turns[place].append(each)
    return turns


def _notes(recorded: Sequence[tuple[WriteBack, RecordResponse]]) -> list[tuple[WriteBack, AddNote]]:
    return [
        (write_back, AddNote(on="contact", contact_id=change.contact_id, text=change.note))
        for write_back, change in recorded
        if change.note
    ]


def _named_fields(change: Change, described: Described) -> list[Any]:
    captions = [*values_of(change), change.responded_at_field]
    return [field for caption in captions if caption and (field := described.find(caption)) is not None]


def _with(result: Any, former: Before | None) -> Any:
    """What was overwritten belongs to the receipt of the record or note made with it."""
    return replace(result, before=former) if isinstance(result, Receipt) and former is not None else result
