"""Tasks for our own people, marked with our key at the end of their text, found among those of their contact.

https://developers.hubspot.com/docs/api-reference/crm-tasks-v3: `hs_timestamp` is when a task is due, and must be given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.notes import association, marked_children, recognised_by
from connector.adapters.hubspot.owners import Owners
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS, TASKS
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.text import carries, marked_html, moment_text, subject
from connector.adapters.hubspot.values import typed
from connector.adapters.hubspot.written_types import WireRecord
from connector.domain import CreateTask, Receipt
from connector.errors import ConnectorError, RejectedError

_TO_CONTACT, _TO_COMPANY = 204, 192  # from a task, HUBSPOT_DEFINED
_OPTIONS = {"type": "hs_task_type", "status": "hs_task_status"}
Asked = tuple[str, CreateTask]
Told = list[tuple[str, Receipt | ConnectorError]]


class Tasks:
    def __init__(self, portal: Portal, batches: Batches, properties: Properties, owners: Owners) -> None:
        self._portal, self._batches, self._properties, self._owners = portal, batches, properties, owners

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt]:
        """By key, those that are there. Every task of the contacts is read; of a task without one, of its company."""
        found: dict[str, Receipt] = {}
        for kind in (CONTACTS, COMPANIES):
            of = [(key, _parent(change)[1]) for key, change in asked if _parent(change)[0] == kind]
            texts = marked_children(self._batches, kind, TASKS, "hs_task_body", {parent for _, parent in of})
            for key, parent in of:
                there = next((each for each, text in texts.get(parent, ()) if carries(text, key)), None)
                if there is not None:
                    found[key] = self._receipt(key, there, already_there=True)
        return found

    def create(self, asked: Sequence[Asked]) -> Iterator[Told]:
        """Each, without looking first; after each request what became of its tasks. Refused also where nobody of the
        chain can be given it."""
        at_once: Told = []
        rows: list[Row] = []
        for step in dict.fromkeys(step for _, change in asked for step in change.owner):
            self._owners.read_ahead([c.company_id for _, c in asked if c.company_id and step in c.owner], step)
        for key, change in asked:
            try:
                rows.append(Row(trace=key, body=self._body(key, change)))
            except RejectedError as error:
                at_once.append((key, error))
        if at_once:
            yield at_once
        keys = [row.trace for row in rows]
        for told in self._batches.create(TASKS, rows, recognised_by("hs_task_body", keys)):
            yield [
                (key, self._receipt(key, r.id, already_there=False) if isinstance(r, WireRecord) else r)
                for key, r in told
            ]

    def _body(self, key: str, change: CreateTask) -> dict[str, Any]:
        owner = self._owners.owner(change.company_id, change.owner)
        if owner is None:
            whys = [self._owners.step(change.company_id, step)[1] for step in change.owner]
            raise RejectedError(
                f"nobody can be given the task: {'; '.join(whys) or 'no owner is named'}; end owner with a "
                "member:<e-mail>",
                code="NoOwner",
            )
        properties = {
            "hs_task_subject": subject(change.summary) or "NPS follow-up",
            "hs_task_body": marked_html(change.text, key),
            "hs_timestamp": moment_text(change.due_at or self._portal.context.now()),
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "TODO",
            "hubspot_owner_id": owner[0].id,
        }
        for option, name in _OPTIONS.items():
            if given := getattr(change, option):
                prop = self._properties.of(TASKS).get(name)
                properties[name] = typed(prop, given) if prop is not None else given
        associations = []
        if change.contact_id:
            associations.append(association(record_id(change.contact_id), _TO_CONTACT))
        if change.company_id:
            associations.append(association(record_id(change.company_id), _TO_COMPANY))
        if not associations:
            raise RejectedError(
                "a task is about a contact or a company; the answer belongs to neither", code="NoParent"
            )
        return {"properties": properties, "associations": associations}

    def _receipt(self, key: str, task: str, *, already_there: bool) -> Receipt:
        link = self._portal.settings.link("0-27", task)
        return Receipt(key=key, record_id=task, record_type="task", link=link, already_there=already_there)


def _parent(change: CreateTask) -> tuple[str, str]:
    """Whose tasks are read to find it; neither where that cannot be asked for."""
    for kind, given in ((CONTACTS, change.contact_id), (COMPANIES, change.company_id)):
        if given:
            return (kind, given) if given.isascii() and given.isdigit() else ("", "")
    return "", ""
