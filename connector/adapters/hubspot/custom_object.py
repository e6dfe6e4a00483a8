"""Answers as records of a custom object, where the settings name one: keyed by a property with unique values.

https://developers.hubspot.com/docs/api-reference/crm-objects-v3 ("upsert"): an upsert takes no associations, so the
contact is associated after it, which may be repeated. Custom objects are part of HubSpot's Enterprise subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.adapters.hubspot.batches import Batches, Row, chunks, refusal
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.meaning import is_missing
from connector.adapters.hubspot.names import folded
from connector.adapters.hubspot.paths import CONTACTS
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.text import moment_text
from connector.adapters.hubspot.values import typed
from connector.adapters.hubspot.written_types import WireProblems, WireRecord
from connector.domain import RecordResponse
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError

_NAMES = ("fromObjectId", "ids", "id")  # under which the error of a row says of whom it is
Told = list[tuple[str, str | ConnectorError]]
"""By key the id of the record, or why there is none (or none that is the contact's)."""


class CustomObject:
    def __init__(self, portal: Portal, batches: Batches, properties: Properties) -> None:
        self._portal, self._batches, self._properties = portal, batches, properties
        self._kind, self._key = portal.settings.response_object, portal.settings.response_key

    @property
    def wanted(self) -> bool:
        return bool(self._kind)

    def check(self) -> None:
        """Raises RejectedError unless the portal has the object, and in it a property for our key."""
        prop = self._properties.of(self._kind).get(self._key)
        if prop is None or prop.has_unique_value is False:
            raise RejectedError(
                f'custom object {self._kind} has no property "{self._key}" with unique values to hold our key; see '
                "response_object and response_key in the settings",
                code="NoKeyProperty",
            )

    def put(self, changes: Mapping[str, RecordResponse]) -> Iterator[Told]:
        """Each answer once, under its key; after each request what became of its records: those that are not said here
        yet are of a later request."""
        rows: list[Row] = []
        refused: Told = []
        for key, change in changes.items():
            try:
                body = {"id": key, "idProperty": self._key, "properties": self._values(key, change)}
            except RejectedError as error:
                refused.append((key, error))
            else:
                rows.append(Row(trace=key, body=body))
        if refused:
            yield refused
        for told in self._batches.upsert(self._kind, rows, lambda record: record.properties.get(self._key) or ""):
            made = {key: result.id for key, result in told if isinstance(result, WireRecord)}
            without = self._associate({record: changes[key].contact_id for key, record in made.items()})
            done: Told = [(key, result) for key, result in told if isinstance(result, ConnectorError)]
            yield done + [(key, without.get(record, record)) for key, record in made.items()]

    def complete(self, changes: Mapping[str, RecordResponse]) -> set[str]:
        """The keys of those whose record is there and associated with the contact, who may have been merged since."""
        there = {key: record for key, record in self.find(changes).items() if key in changes}
        contacts = self._batches.associated(self._kind, CONTACTS, there.values()) if there else {}
        asked = {changes[key].contact_id for key in there if _is_id(changes[key].contact_id)}
        now = self._batches.of_ids(CONTACTS, asked, []) if asked else {}
        found: set[str] = set()
        for key, record in there.items():
            contact = changes[key].contact_id
            survivor = now[contact].id if contact in now else contact
            if not {contact, survivor}.isdisjoint(contacts[record]):
                found.add(key)
        return found

    def find(self, keys: Iterable[str]) -> dict[str, str]:
        """The records that are there, by key, whether or not their contact is associated."""
        found = self._batches.read(self._kind, keys, [self._key], id_property=self._key)
        return {record.properties.get(self._key) or "": record.id for record in found}

    def remove(self, key: str) -> None:
        """Archive the answer of that key, where there is one; people may restore it for 90 days."""
        found = list(self.find([key]).values()) if self.wanted else []
        if self.wanted and not found:
            found = self._alone(key)  # an empty answer is also what a lost right looks like
        for record in found:
            self._portal.remove(self._portal.path("object", type=self._kind, id=record))

    def _alone(self, key: str) -> list[str]:
        path = self._portal.path("object", type=self._kind, id=key)
        try:
            return [self._portal.get(path, WireRecord, {"idProperty": self._key}).id]
        except RejectedError as error:
            if is_missing(error):
                return []
            raise

    def _associate(self, contacts: Mapping[str, str]) -> dict[str, ConnectorError]:
        """Each record with its contact; by record why it is not. Where a refusal names none of them, each half is
        tried: what was associated already stays so."""
        path = self._portal.path("associate_default", type=self._kind, to=CONTACTS)
        without: dict[str, ConnectorError] = {}
        todo = list(chunks(contacts.items(), 100))
        while todo:
            some = todo.pop(0)
            inputs = [{"from": {"id": record}, "to": {"id": contact}} for record, contact in some]
            try:
                answer = self._portal.write("POST", path, {"inputs": inputs}, WireProblems)
                refused = _refused(path, answer, [record for record, _ in some])
            except OutcomeUnknownError as error:
                without |= dict.fromkeys((record for record, _ in some), error)
            except RejectedError as error:
                if len(some) == 1:
                    without[some[0][0]] = error
                else:
                    middle = len(some) // 2
                    todo[:0] = [some[:middle], some[middle:]]
            else:
                without |= refused
        return without

    def _values(self, key: str, change: RecordResponse) -> dict[str, Any]:
        given: dict[str, Any] = dict(change.fields)
        if change.responded_at_field and folded(change.responded_at_field) not in map(folded, given):
            given[change.responded_at_field] = moment_text(change.responded_at)
        known = self._properties.chosen(self._kind, given)
        return {self._key: key} | {prop.name: typed(prop, given[caption]) for caption, prop in known.items()}


def _refused(path: str, answer: WireProblems, records: Sequence[str]) -> dict[str, RejectedError]:
    """By record its refusal inside of an answer that was accepted (207). Raises RejectedError where one names none."""
    found: dict[str, RejectedError] = {}
    problems = answer.errors or ()
    for problem in problems:
        context = problem.context or {}
        told = [context.get(name) for name in _NAMES]
        ids = {str(one) for each in told for one in (each if isinstance(each, list) else [each])}
        named = ids.intersection(records)
        if not named:
            raise refusal(path, problem)
        found |= dict.fromkeys(named, refusal(path, problem))
    if answer.num_errors and not problems:
        raise RejectedError(f"POST {path}: {answer.num_errors} were refused, and it is not said which")
    return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
