"""Tasks for our own people: sales activities, marked with our key at the end of their notes.

https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/Activities: no field of an activity is for a foreign
key, so those of the company are read to find one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_in, moment_text, number
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.segments import PLACES
from connector.adapters.connectwise.setup_names import SetupNames
from connector.adapters.connectwise.text import carries, marked, summary
from connector.adapters.connectwise.wire_types import ACTIVITY_FIELDS, WireActivity
from connector.domain import CreateTask, Receipt
from connector.errors import RejectedError

ACTIVITIES = "/sales/activities"


class Tasks:
    def __init__(self, psa: Psa, names: SetupNames, owners: Owners) -> None:
        self._psa, self._names, self._owners = psa, names, owners

    def find(self, asked: Mapping[str, CreateTask]) -> dict[str, Receipt]:
        """By key, those that are there: every activity of the companies is read."""
        found: dict[str, Receipt] = {}
        for condition in id_in("company/id", sorted({change.company_id for change in asked.values()})):
            query = {"conditions": condition, "fields": ACTIVITY_FIELDS}
            for row in self._psa.rows(ACTIVITIES, WireActivity, query):
                of = str(row.company.id) if row.company and row.company.id else ""
                for key, change in asked.items():
                    if key not in found and change.company_id == of and carries(row.notes, key):
                        found[key] = self._receipt(key, row.id, already_there=True)
        return found

    def create(self, key: str, change: CreateTask) -> Receipt:
        """Without looking first. Raises RejectedError also where nobody of the chain can be given the task."""
        row = self._psa.write("POST", ACTIVITIES, self._body(key, change), WireActivity)
        return self._receipt(key, row.id, already_there=False)

    def _body(self, key: str, change: CreateTask) -> dict[str, Any]:
        owner = self._owners.owner(change.company_id, change.owner)
        if owner is None:
            whys = [self._owners.step(change.company_id, step)[1] for step in change.owner]
            raise RejectedError(
                f"nobody can be given the task: {'; '.join(whys)}; end owner with a member:<identifier>", code="NoOwner"
            )
        body: dict[str, Any] = {
            "name": summary(change.summary) or "NPS follow-up",
            "company": {"id": int(number(change.company_id))},
            "assignTo": {"id": owner[0].id},
            "notes": marked(change.text, key),
            "notifyFlag": False,
        }
        if change.contact_id:
            body["contact"] = {"id": int(number(change.contact_id))}
        if change.due_at:
            # An activity lasts from start to end; a task is due at one moment.
            body |= {"dateStart": moment_text(change.due_at), "dateEnd": moment_text(change.due_at)}
        for member, what, name in (("type", "task_types", change.type), ("status", "task_statuses", change.status)):
            if name:
                body[member] = {"id": self._names.id(f"task {member}", name, PLACES[what])}
        return body

    def _receipt(self, key: str, activity_id: int, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=str(activity_id),
            record_type="task",
            link=self._psa.settings.link("ActivityFv", str(activity_id)),
            already_there=already_there,
        )
