"""Notes that carry our key at their end, on contacts and on tickets; found among those of their one parent.

https://developers.hubspot.com/docs/api-reference/crm-notes-v3: whether activities take properties of one's own with
unique values is not documented, so the key stands in the text. Notes are seen by the portal's users only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.paths import CONTACTS, NOTES, TICKETS
from connector.adapters.hubspot.text import carries, marked_html, moment_text
from connector.adapters.hubspot.written_types import WireRecord
from connector.domain import Receipt
from connector.errors import ConnectorError, ContractError, RejectedError

PARENTS = {"contact": CONTACTS, "ticket": TICKETS}
_LINKS = {"contact": "0-1", "ticket": "0-5"}
_ASSOCIATION = {"contact": 202, "ticket": 228}  # from a note, HUBSPOT_DEFINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note as it is wanted: on a contact or a ticket, under our key."""

    key: str
    on: str
    parent_id: str
    text: str = ""


class Notes:
    def __init__(self, portal: Portal, batches: Batches) -> None:
        self._portal, self._batches = portal, batches

    def find(self, wanted: Sequence[Note], *, current: bool = False) -> dict[str, Receipt]:
        """By key, those that are there. Every note of the parents is read. `current`: the parents were read just now,
        so that none is the old id of one that was merged."""
        found: dict[str, Receipt] = {}
        for on, kind in PARENTS.items():
            asked = [note for note in wanted if note.on == on]
            parents = {note.parent_id for note in asked}
            texts = marked_children(self._batches, kind, NOTES, "hs_note_body", parents, current=current)
            for note in asked:
                there = next((each for each, text in texts.get(note.parent_id, ()) if carries(text, note.key)), None)
                if there is not None:
                    found[note.key] = self._receipt(note, there, already_there=True)
        return found

    def add(self, wanted: Sequence[Note]) -> Iterator[list[tuple[str, Receipt | ConnectorError]]]:
        """Write each, without looking first; after each request what became of its notes: RejectedError with status 404
        where a ticket is deleted."""
        notes = {note.key: note for note in wanted}
        rows = [Row(trace=note.key, body=self._body(note)) for note in wanted]
        for told in self._batches.create(NOTES, rows, recognised_by("hs_note_body", notes)):
            refused = {
                key: result
                for key, result in told
                if isinstance(result, RejectedError) and result.status in (400, 404) and notes[key].on == "ticket"
            }
            if len(refused) < len(told):
                yield [
                    (key, self._receipt(notes[key], r.id, already_there=False) if isinstance(r, WireRecord) else r)
                    for key, r in told
                    if key not in refused
                ]
            if refused:
                gone = self._gone({notes[key].parent_id for key in refused})
                yield [(key, _deleted(e) if notes[key].parent_id in gone else e) for key, e in refused.items()]

    def _gone(self, tickets: set[str]) -> set[str]:
        """Those of the tickets that are not there any more. In which words a note on one is refused is not documented,
        and those of a wrong association look the same; so each is asked for."""
        gone: set[str] = set()
        for ticket in sorted(tickets):
            try:
                if self._batches.one(TICKETS, ticket, ["subject"]) is None:
                    gone.add(ticket)
            except (RejectedError, ContractError):
                continue  # the refusal of the note stands
        return gone

    def _body(self, note: Note) -> dict[str, Any]:
        return {
            "properties": {
                "hs_note_body": marked_html(note.text, note.key),
                "hs_timestamp": moment_text(self._portal.context.now()),
            },
            "associations": [association(note.parent_id, _ASSOCIATION[note.on])],
        }

    def _receipt(self, note: Note, note_id: str, *, already_there: bool) -> Receipt:
        return Receipt(
            key=note.key,
            record_id=note_id,
            record_type=f"{note.on}_note",
            link=self._portal.settings.link(_LINKS[note.on], note.parent_id),
            already_there=already_there,
        )


def note_of(key: str, on: str, parent_id: str | None, text: str) -> Note:
    """Raises RejectedError where it has no parent that can be asked for."""
    if on not in PARENTS:
        raise RejectedError(f"a note goes on a contact or a ticket, not on {on[:20]!r}", code="BadParent")
    if not parent_id:
        raise RejectedError(f"no {on} to write the note on", code="NoParent")
    return Note(key=key, on=on, parent_id=record_id(parent_id), text=text)


def _deleted(refusal: RejectedError) -> RejectedError:
    return RejectedError(f"the ticket is not there (deleted): {refusal}", code=refusal.code, status=404)


def marked_children(
    batches: Batches, kind: str, to: str, body: str, parents: set[str], *, current: bool = False
) -> dict[str, list[tuple[str, str]]]:
    """By parent, (id, text) of each of its notes (or tasks), the oldest first. They follow a parent that is merged into
    another one, and whether its old id still leads to them is not documented: one without any is looked for anew."""
    if not parents:
        return {}
    children = batches.associated(kind, to, sorted(parents))
    childless = [each for each in sorted(parents) if not children[each] and not current]
    now = {each: record.id for each, record in batches.of_ids(kind, childless, []).items() if record.id != each}
    if now:
        taken_over = batches.associated(kind, to, sorted(set(now.values())))
        children |= {each: taken_over[survivor] for each, survivor in now.items()}
    ids = sorted({each for of in children.values() for each in of}, key=lambda each: (len(each), each))
    texts = {record.id: record.properties.get(body) or "" for record in batches.read(to, ids, [body])}
    return {
        parent: sorted(((each, texts[each]) for each in of if each in texts), key=lambda row: (len(row[0]), row[0]))
        for parent, of in children.items()
    }


def recognised_by(body: str, keys: Any) -> Any:
    """Tells a record just created by the key in its text."""

    def recognise(record: WireRecord) -> str:
        text = record.properties.get(body)
        return next((key for key in keys if carries(text, key)), "")

    return recognise


def association(to: str, type_id: int) -> dict[str, Any]:
    """As a create takes it; https://developers.hubspot.com/docs/api-reference/crm-associations-v4 lists the ids."""
    return {
        "to": {"id": to},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}],
    }
