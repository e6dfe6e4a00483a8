"""Answers and values written into properties of contacts and companies, a hundred records in a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.custom_object import CustomObject
from connector.adapters.hubspot.names import folded, record_id
from connector.adapters.hubspot.notes import Note, Notes
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.text import moment_text
from connector.adapters.hubspot.values import Shown, moment, same, shown, typed
from connector.adapters.hubspot.written_types import WireProperty, WireRecord
from connector.domain import Receipt, RecordResponse, SetField
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError
from connector.ports import Superseded

Before = dict[str, Shown]
KINDS = {"contact": CONTACTS, "company": COMPANIES}
_LINKS = {CONTACTS: "0-1", COMPANIES: "0-2"}
Told = list[tuple[str, Receipt | Superseded | ConnectorError]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The values of one record, by caption as the change gives it: the property, and the text it is to hold."""

    key: str
    record_id: str
    values: Mapping[str, tuple[WireProperty, str]]
    responded_at: datetime
    dated_by: str = ""  # internal name of the property that holds the time of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was overwritten, by caption; None where nothing differed and nothing was sent."""

    before: Before | None
    record_id: str


Written_ = tuple[str, Written | Superseded | ConnectorError]


class Recording:
    def __init__(self, portal: Portal, batches: Batches, properties: Properties, notes: Notes) -> None:
        self._portal, self._batches, self._properties, self._notes = portal, batches, properties, notes
        self._object = CustomObject(portal, batches, properties)

    # ------------------------------------------------------------ record_response
    def record(self, asked: Sequence[tuple[str, RecordResponse]]) -> Iterator[Told]:
        """The properties first, for they converge; then the custom object, if there is one; then the note, by which
        the whole is recognised."""
        if self._object.wanted:
            self._object.check()
        changes = dict(asked)
        for told in self._set(CONTACTS, asked):
            done: Told = []
            written: dict[str, Written] = {}
            for key, result in told:
                if not isinstance(result, Written):
                    done.append((key, result))
                elif changes[key].note or self._object.wanted:
                    written[key] = result
                else:
                    done.append((key, self._receipt(key, CONTACTS, result)))
            if done:
                yield done
            if written:
                yield from self._completed(changes, written)

    def _completed(self, changes: Mapping[str, RecordResponse], written: dict[str, Written]) -> Iterator[Told]:
        """The rest of those whose properties are set; where it breaks off, they may have taken effect already."""
        try:
            for rest in self._rest(changes, dict(written)):
                yield [(key, _with_before(result, written.pop(key))) for key, result in rest]
        except ConnectorError as error:
            half: Told = [
                (
                    key,
                    OutcomeUnknownError(
                        f"the properties of contact {each.record_id} are set, the rest is not: {error}"
                    ),
                )
                for key, each in written.items()
                if each.before is not None or self._object.wanted
            ]
            if half:
                yield half
            raise

    def _rest(
        self, changes: Mapping[str, RecordResponse], written: Mapping[str, Written]
    ) -> Iterator[list[tuple[str, Receipt | ConnectorError]]]:
        noted = {key: replace_contact(changes[key], each.record_id) for key, each in written.items()}
        if self._object.wanted:
            for told in self._object.put(dict(noted)):
                done: list[tuple[str, Receipt | ConnectorError]] = []
                for key, made in told:
                    if isinstance(made, ConnectorError):
                        done.append((key, made))
                    elif not noted[key].note:
                        done.append((key, self._receipt(key, CONTACTS, written[key])))
                for key, _ in done:
                    noted.pop(key)
                if done:
                    yield done
        notes = [_note(key, change) for key, change in noted.items()]
        try:
            found = self._notes.find(notes, current=True)
        except RejectedError as error:
            yield [(note.key, error) for note in notes]
            return
        if found:
            yield list(found.items())
        yield from self._notes.add([note for note in notes if note.key not in found])

    def find_recorded(self, asked: Sequence[tuple[str, RecordResponse]]) -> dict[str, Receipt | ConnectorError]:
        """By its note; without a note, by its values (and, where there is one, its custom object, which is the
        contact's)."""
        found: dict[str, Receipt | ConnectorError] = dict(
            self._notes.find([_note(key, change) for key, change in asked if change.note and _is_id(change.contact_id)])
        )
        bare = [(key, change) for key, change in asked if not change.note]
        there = self.find_set(CONTACTS, bare)
        if self._object.wanted:
            complete = self._object.complete(dict(bare))
            there = {key: each for key, each in there.items() if key in complete or isinstance(each, ConnectorError)}
        return found | there

    # ------------------------------------------------------------ set_field
    def set(self, kind: str, asked: Sequence[tuple[str, SetField]]) -> Iterator[Told]:
        for told in self._set(kind, asked):
            yield [(key, self._receipt(key, kind, r) if isinstance(r, Written) else r) for key, r in told]

    def find_set(
        self, kind: str, asked: Sequence[tuple[str, SetField | RecordResponse]]
    ) -> dict[str, Receipt | ConnectorError]:
        """Those whose values stand there already."""
        found: dict[str, Receipt | ConnectorError] = {}
        wanted: list[Wanted] = []
        for key, change in asked:
            try:
                wanted.append(self.wanted(kind, key, change))
            except RejectedError as error:
                if error.code not in ("UnknownField", "BadValue"):
                    found[key] = error
        records = self._records(kind, wanted)
        for each in wanted:
            record = records.get(each.record_id)
            if record is not None and each.values and not _differing(each, record):
                found[each.key] = self._receipt(each.key, kind, Written(before=None, record_id=record.id))
        return found

    # ------------------------------------------------------------ both
    def wanted(self, kind: str, key: str, change: RecordResponse | SetField) -> Wanted:
        """The values in their properties' own types. Raises RejectedError; of a response, captions that the portal
        lacks are left out."""
        record = change.contact_id if isinstance(change, RecordResponse) else change.record_id
        given = values_of(change)
        known = self._properties.chosen(kind, given)
        unknown = [caption for caption in given if caption not in known]
        if unknown and isinstance(change, SetField):
            raise RejectedError(
                f'{kind} have no property "{unknown[0][:80]}" that can be set; connector setup '
                f"{self._portal.connection} says how to get it",
                code="UnknownField",
            )
        dated = next((each for caption, each in known.items() if _is_date(caption, change)), None)
        return Wanted(
            key=key,
            record_id=record_id(record),
            values={caption: (prop, typed(prop, given[caption])) for caption, prop in known.items()},
            responded_at=change.responded_at,
            dated_by=dated.name if dated is not None else "",
        )

    def _set(self, kind: str, asked: Sequence[tuple[str, RecordResponse | SetField]]) -> Iterator[list[Written_]]:
        """Read what stands there, then change what differs; after each request what became of its records."""
        at_once: list[Written_] = []
        wanted: list[Wanted] = []
        for key, change in asked:
            try:
                wanted.append(self.wanted(kind, key, change))
            except RejectedError as error:
                at_once.append((key, error))
        records = self._records(kind, wanted)
        rows: dict[str, Row] = {}
        later: list[tuple[str, RecordResponse | SetField]] = []
        pending: dict[str, tuple[Wanted, WireRecord]] = {}
        for each in wanted:
            record = records.get(each.record_id)
            if record is None:
                at_once.append((each.key, missing(kind, each.record_id)))
            elif (newer := _newer(each, record)) is not None:
                at_once.append(
                    (each.key, Superseded(why=f"{kind} {record.id}: an answer of {newer.isoformat()} is newer"))
                )
            elif not (differing := _differing(each, record)):
                at_once.append((each.key, Written(before=None, record_id=record.id)))
            elif record.id in rows:  # two ids of one record, since they were merged
                later += [(key, change) for key, change in asked if key == each.key]
            else:
                body = {"id": record.id, "properties": {each.values[c][0].name: each.values[c][1] for c in differing}}
                rows[record.id] = Row(trace=each.key, body=body)
                pending[each.key] = (each, record)
        if at_once:
            yield at_once
        for told in self._batches.update(kind, list(rows.values())):
            yield [(key, _kept(*pending[key], r) if isinstance(r, WireRecord) else r) for key, r in told]
        if later:
            yield from self._set(kind, later)

    def _records(self, kind: str, wanted: Sequence[Wanted]) -> dict[str, WireRecord]:
        names = {prop.name for each in wanted for prop, _ in each.values.values()}
        return self._batches.of_ids(kind, {each.record_id for each in wanted}, sorted(names)) if wanted else {}

    def _receipt(self, key: str, kind: str, written: Written) -> Receipt:
        return Receipt(
            key=key,
            record_id=written.record_id,
            record_type="contact" if kind == CONTACTS else "company",
            link=self._portal.settings.link(_LINKS[kind], written.record_id),
            already_there=written.before is None,
            before=written.before,
        )


def values_of(change: RecordResponse | SetField) -> dict[str, object]:
    """By caption as given, with the time of the answer; None clears."""
    given: dict[str, object] = dict(
        change.fields if isinstance(change, RecordResponse) else {change.field: change.value or None}
    )
    dated = change.responded_at_field
    if dated and folded(dated) not in map(folded, given):
        given[dated] = moment_text(change.responded_at)
    return given


def missing(kind: str, of: str) -> RejectedError:
    return RejectedError(f"{kind} {of} is not there (deleted, or erased)", code="OBJECT_NOT_FOUND", status=404)


def _with_before(result: Receipt | ConnectorError, written: Written) -> Receipt | ConnectorError:
    return replace(result, before=written.before) if isinstance(result, Receipt) else result


def replace_contact(change: RecordResponse, contact_id: str) -> RecordResponse:
    """Of the record that survives, where the contact was merged."""
    return change if change.contact_id == contact_id else replace(change, contact_id=contact_id)


def _kept(wanted: Wanted, before: WireRecord, after: WireRecord) -> Written | RejectedError:
    """What was overwritten; a refusal where the portal accepted a value and did not keep it."""
    differing = _differing(wanted, before)
    lost = [
        prop.label or prop.name
        for prop, value in (wanted.values[caption] for caption in differing)
        if prop.name in after.properties and not same(prop, after.properties[prop.name], value)
    ]
    if lost:
        return RejectedError(f"record {after.id}: accepted, but not kept: {', '.join(lost)}", code="NotKept")
    return Written(
        before={caption: shown(wanted.values[caption][0], _stored(before, wanted, caption)) for caption in differing},
        record_id=before.id,
    )


def _differing(wanted: Wanted, record: WireRecord) -> list[str]:
    return [
        caption
        for caption, (prop, value) in wanted.values.items()
        if not same(prop, _stored(record, wanted, caption), value)
    ]


def _stored(record: WireRecord, wanted: Wanted, caption: str) -> str | None:
    return record.properties.get(wanted.values[caption][0].name)


def _newer(wanted: Wanted, record: WireRecord) -> datetime | None:
    """When the answer on record was given, if that is later than this one."""
    stored = moment(record.properties.get(wanted.dated_by)) if wanted.dated_by else None
    return stored if stored is not None and stored > wanted.responded_at else None


def _is_date(caption: str, change: RecordResponse | SetField) -> bool:
    return bool(change.responded_at_field) and folded(caption) == folded(change.responded_at_field)


def _note(key: str, change: RecordResponse) -> Note:
    return Note(key=key, on="contact", parent_id=change.contact_id, text=change.note)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
