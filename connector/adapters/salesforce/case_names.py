"""Names in rules to ids of the org: record types, queues, the house's own account, the statuses that close.

Each list is read when it is first needed and kept for the session.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.keyed import seen
from connector.adapters.salesforce.soql import is_id, long_id, soql
from connector.adapters.salesforce.wire_types import Named
from connector.errors import RejectedError


class WireQueue(msgspec.Struct, rename="pascal", gc=False):
    id: str
    name: str | None = None
    developer_name: str | None = None


class WireQueueFor(msgspec.Struct, rename="pascal", gc=False):
    queue_id: str


class WireStatus(msgspec.Struct, rename="pascal", gc=False):
    master_label: str | None = None
    api_name: str | None = None
    is_closed: bool | None = None

    @property
    def value(self) -> str:
        return self.api_name or self.master_label or ""


class CaseNames:
    def __init__(self, org: Org) -> None:
        self._org = org

    def record_type(self, name: str) -> str:
        """Raises RejectedError with those there are."""
        infos = [each for each in seen(self._org, "Case").record_types if each.available]
        found = [(each.record_type_id, each.name or "", each.developer_name or "") for each in infos]
        return _resolve("record type (board)", name, found)

    def queue(self, name: str) -> str:
        found = [(each.id, each.name or "", each.developer_name or "") for each in self._queues]
        return _resolve("queue (team)", name, found)

    @cached_property
    def own_account(self) -> str:
        """The house's own account, empty where none is named: a case may stand alone. Raises RejectedError."""
        written = self._org.settings.own_company
        if not written:
            return ""
        if is_id(written, "001"):
            return long_id(written)
        query = soql("SELECT Id, Name FROM Account WHERE Name = {name}", name=written)
        rows = self._org.rows(query, Named)
        found = [row.id for row in rows if (row.name or "").casefold() == written.strip().casefold()]
        if len(found) != 1:
            how = f"{len(found)} accounts are" if found else "no account is"
            raise RejectedError(
                f'{how} called "{written[:60]}"; write the id of your own under '
                f"connections.{self._org.connection}.own_company",
                code="UnknownName",
            )
        return found[0]

    def closed_status(self, of: str = "Case") -> str:
        """The status that ends a case (or a task): the settings', else one called so, else the first that does."""
        written = self._org.settings.closed_status if of == "Case" else ""
        statuses = self._statuses(of)
        closing = [each.value for each in statuses if each.is_closed]
        if written:
            for value in [each.value for each in statuses]:
                if value.casefold() == written.casefold():
                    return value
        called = [value for value in closing if "clos" in value.casefold() or "complet" in value.casefold()]
        if not closing:
            raise RejectedError(f"the org has no status of a {of} that counts as closed", code="NoClosedStatus")
        return (called or closing)[0]

    def closes(self, status: str) -> bool:
        """Whether a case of that status counts as closed."""
        folded = status.strip().casefold()
        return any(each.is_closed and each.value.casefold() == folded for each in self._statuses("Case"))

    def _statuses(self, of: str) -> list[WireStatus]:
        """From the table of statuses; a user who may not see it takes the field's values that sound closed.

        https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_casestatus.htm
        """
        if of not in self._tables:
            try:
                query = f"SELECT ApiName, MasterLabel, IsClosed FROM {of}Status ORDER BY SortOrder"  # noqa: S608 - of: Case, Task
                self._tables[of] = list(self._org.rows(query, WireStatus))
            except RejectedError:
                described = self._org.described(of)
                field = described.find("Status") if described else None
                values = [each.value for each in field.picklist_values if each.active and each.value] if field else []
                self._tables[of] = [
                    WireStatus(api_name=value, is_closed="clos" in value.casefold() or "complet" in value.casefold())
                    for value in values
                ]
        return self._tables[of]

    @cached_property
    def _tables(self) -> dict[str, list[WireStatus]]:
        return {}

    @cached_property
    def _queues(self) -> list[WireQueue]:
        """Those that take cases."""
        query = "SELECT QueueId FROM QueueSobject WHERE SobjectType = 'Case'"
        taking = {each.queue_id for each in self._org.rows(query, WireQueueFor)}
        query = "SELECT Id, Name, DeveloperName FROM Group WHERE Type = 'Queue'"
        return [each for each in self._org.rows(query, WireQueue) if each.id in taking]


def _resolve(what: str, written: str, known: Iterable[tuple[str, str, str]]) -> str:
    """By id, name or API name, case ignored."""
    rows = list(known)
    folded = written.strip().casefold()
    for row in rows:
        if written == row[0] or folded in (row[1].casefold(), row[2].casefold()):
            return row[0]
    there = ", ".join(sorted((row[1] for row in rows), key=str.casefold)[:12]) or "none that the connector's user sees"
    raise RejectedError(f"{what} {written[:60]!r} is not there; there are: {there}", code="UnknownName")
