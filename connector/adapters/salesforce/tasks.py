"""Tasks for our own people, and notes on contacts, which are tasks done already.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm: a
custom field of tasks is one of Activity. Where the org has it, tasks are found by our key in it; else the key stands at
the end of the description, and those of the account (or of the contact) are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.adapters.salesforce.case_names import CaseNames
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.fields import choice
from connector.adapters.salesforce.keyed import WireKeyed, by_key, key_field, keys_of, seen
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.soql import pieces, record_id, soql
from connector.adapters.salesforce.text import LONG_CAP, SUBJECT_CAP, carries, due_text, marked, one_line
from connector.domain import AddNote, CreateTask, Receipt, WriteBack
from connector.errors import ContractError, RejectedError
from connector.ports import Outcome

TASK = "Task"
_NOTE_SUBJECT_CAP = 100
Asked = tuple[WriteBack, CreateTask | AddNote]


class WireTask(WireKeyed, rename="pascal", gc=False):
    what_id: str | None = None
    who_id: str | None = None
    description: str | None = None


class Tasks:
    def __init__(self, org: Org, names: CaseNames, owners: Owners, collections: Collections) -> None:
        self._org, self._names, self._owners, self._collections = org, names, owners, collections

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ContractError]:
        """By key, those that are there: a Receipt, or a ContractError where another's record has the key."""
        changes = {write_back.key: change for write_back, change in asked}
        found: dict[str, Receipt | ContractError] = {}
        rows = self._keyed(asked) if key_field(self._org, TASK) is not None else self._marked(asked)
        for key, row in rows:
            if key not in found:
                found[key] = self._judge(key, changes[key], row)
        return found

    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        there = self.find(asked)
        rows: list[Row] = []
        self._read_ahead([change for write_back, change in asked if write_back.key not in there])
        changes = {write_back.key: change for write_back, change in asked}
        for key, change in changes.items():
            if key in there:
                yield Outcome(key=key, result=there[key])
                continue
            try:
                values = self._values(key, change)
            except RejectedError as error:
                yield Outcome(key=key, result=error)
                continue
            rows.append(Row(key=key, object=TASK, values=values, near=str(values.get("WhatId") or values.get("WhoId"))))
        yield from self._collections.made(
            rows,
            lambda row, task_id: self._receipt(row.key, changes[row.key], task_id),
            lambda keys: self.find([each for each in asked if each[0].key in keys]),
        )

    # ------------------------------------------------------------ looking
    def _keyed(self, asked: Sequence[Asked]) -> Iterator[tuple[str, WireTask]]:
        for row in by_key(self._org, TASK, WireTask, keys_of(asked), ("WhatId", "WhoId")):
            yield row.key or "", row

    def _marked(self, asked: Sequence[Asked]) -> Iterator[tuple[str, WireTask]]:
        """A long text cannot be asked for, so those of the parents are read whole."""
        parents: dict[str, dict[str, list[str]]] = {"WhatId": {}, "WhoId": {}}
        for write_back, change in asked:
            field, parent = parent_of(change)
            parents[field].setdefault(parent, []).append(write_back.key)
        for field, keys in parents.items():
            for some in pieces(sorted(keys)):
                text = f"SELECT Id, WhatId, WhoId, Description FROM Task WHERE {field} IN {{parents}}"  # noqa: S608 - one of two names
                for row in self._org.rows(soql(text, parents=some), WireTask):
                    of = row.what_id if field == "WhatId" else row.who_id
                    for key in keys.get(of or "", ()):
                        if carries(row.description, key):
                            yield key, row

    def _judge(self, key: str, change: CreateTask | AddNote, row: WireTask) -> Receipt | ContractError:
        """The account decides where the task is of one; a contact may have been merged into another since."""
        field, parent = parent_of(change)
        stands = row.what_id if field == "WhatId" else row.who_id
        if stands and stands != parent and row.who_id != change.contact_id:
            return ContractError(
                f"task {row.id} carries key {key} but is of {stands}, not of {parent}; see in Salesforce who moved it"
            )
        return self._receipt(key, change, row.id, already_there=True)

    # ------------------------------------------------------------ making
    def _read_ahead(self, changes: Sequence[CreateTask | AddNote]) -> None:
        tasks = [change for change in changes if isinstance(change, CreateTask)]
        for step in dict.fromkeys(step for change in tasks for step in change.owner):
            self._owners.read_ahead([change.company_id for change in tasks if step in change.owner], step)

    def _values(self, key: str, change: CreateTask | AddNote) -> dict[str, Any]:
        values = self._task(change) if isinstance(change, CreateTask) else self._note(change)
        task = seen(self._org, TASK)
        field = task.find("Description")
        text = values.pop("Description")
        values["Description"] = marked(text, key, cap=field.length if field and field.length else LONG_CAP)
        if (of_key := key_field(self._org, TASK)) is not None:
            values[of_key.name] = key
        return {name: value for name, value in values.items() if value}

    def _task(self, change: CreateTask) -> dict[str, Any]:
        owner = self._owners.owner(change.company_id, change.owner)
        if owner is None:
            whys = [self._owners.step(change.company_id, step)[1] for step in change.owner]
            raise RejectedError(
                f"nobody can be given the task: {'; '.join(whys)}; end owner with a member:<username>", code="NoOwner"
            )
        task = seen(self._org, TASK)
        due = due_text(change.due_at, self._org.context.zone)
        values: dict[str, Any] = {
            "Subject": one_line(change.summary, cap=SUBJECT_CAP) or "NPS follow-up",
            "OwnerId": owner[0].id,
            "Description": "\n".join(part for part in (change.text, due) if part),
            "ActivityDate": change.due_at.date().isoformat() if change.due_at else None,
            "WhatId": record_id(change.company_id, "001") if change.company_id else None,
            "WhoId": record_id(change.contact_id, "003") if change.contact_id else None,
        }
        for name, said in (("Type", change.type), ("Status", change.status)):
            if said:
                values[name] = choice(task.find(name), said, what=f"task {name.lower()}")
        return values

    def _note(self, change: AddNote) -> dict[str, Any]:
        return {
            "Subject": one_line(change.text, cap=_NOTE_SUBJECT_CAP) or "NPS",
            "Status": self._names.closed_status(TASK),
            "Description": change.text,
            "ActivityDate": self._org.context.now().date().isoformat(),
            "WhoId": parent_of(change)[1],
        }

    def _receipt(self, key: str, change: CreateTask | AddNote, task_id: str, *, already_there: bool = False) -> Receipt:
        return Receipt(
            key=key,
            record_id=task_id,
            record_type="task" if isinstance(change, CreateTask) else "contact_note",
            link=self._org.settings.link(task_id),
            already_there=already_there,
        )


def parent_of(change: CreateTask | AddNote) -> tuple[str, str]:
    """(the field of a task, the record it is of). Raises RejectedError where there is none."""
    if isinstance(change, CreateTask) and change.company_id:
        return "WhatId", record_id(change.company_id, "001")
    if not change.contact_id:
        raise RejectedError("no contact to write the note on", code="NoParent")
    return "WhoId", record_id(change.contact_id, "003")
