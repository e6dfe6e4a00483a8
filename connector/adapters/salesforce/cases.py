"""Follow-up tickets: Cases, found by our key in an external-id field, opened once, many in a request.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_case.htm.
Looked for and then created, never upserted: an upsert would overwrite what a person changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connector.adapters.salesforce import keyed
from connector.adapters.salesforce.case_body import CaseBody
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.domain import OpenTicket, Receipt, WriteBack
from connector.errors import ConnectorError, ContractError, RejectedError
from connector.ports import Outcome

CASE = "Case"
Asked = tuple[WriteBack, OpenTicket]
Found = dict[str, Receipt | ConnectorError]


class WireCase(keyed.WireKeyed, rename="pascal", gc=False):
    account_id: str | None = None
    contact_id: str | None = None


class Cases:
    def __init__(self, org: Org, bodies: CaseBody, collections: Collections) -> None:
        self._org, self._bodies, self._collections = org, bodies, collections

    def find(self, asked: Sequence[Asked]) -> Found:
        """By key, those that are there: a Receipt, or a ContractError where another account has the key.

        Raises RejectedError where the org has no field for the key, or hides it.
        """
        changes = {write_back.key: change for write_back, change in asked}
        fields = ("AccountId", "ContactId")
        found: Found = {}
        for case in keyed.by_key(self._org, CASE, WireCase, keyed.keys_of(asked), fields):
            key = case.key or ""
            if key in changes and key not in found:
                found[key] = self._judge(key, changes[key], case)
        return found

    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        """Look for all, open those that are not there. A ticket that cannot be looked for is not opened."""
        there = self.find(asked)
        rows: list[Row] = []
        self._bodies.read_ahead([change for write_back, change in asked if write_back.key not in there])
        for write_back, change in asked:
            key = write_back.key
            if key in there:
                yield Outcome(key=key, result=there[key])
                continue
            try:
                values = self._bodies.of(write_back, change)
            except RejectedError as error:
                yield Outcome(key=key, result=error)
                continue
            rows.append(Row(key=key, object=CASE, values=values, near=str(values.get("AccountId") or "")))
        by_key = {write_back.key: (write_back, change) for write_back, change in asked}
        for outcome in self._collections.made(
            rows,
            lambda row, case_id: self._receipt(row.key, case_id, already_there=False),
            lambda keys: self.find([by_key[key] for key in sorted(keys)]),
        ):
            refused = isinstance(outcome.result, RejectedError)
            yield self._explained(outcome, by_key[outcome.key][0]) if refused else outcome

    def _explained(self, outcome: Outcome, write_back: WriteBack) -> Outcome:
        assert isinstance(outcome.result, RejectedError)
        return replace(outcome, result=self._bodies.explained(outcome.result, write_back))

    def _judge(self, key: str, change: OpenTicket, case: WireCase) -> Receipt | ContractError:
        """The account decides: a contact may have been merged into another since, and takes its cases with it."""
        placed = self._bodies.placed(change)
        by_contact = not case.account_id and bool(change.contact_id) and case.contact_id == change.contact_id
        if (case.account_id or "") != placed and not by_contact:
            return ContractError(
                f"case {case.id} carries key {key} but is of account {case.account_id or '(none)'}, contact "
                f"{case.contact_id or '(none)'}, not of account {placed or '(none)'}, contact {change.contact_id}; "
                "see in Salesforce who moved or copied it"
            )
        return self._receipt(key, case.id, already_there=True)

    def _receipt(self, key: str, case_id: str, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=case_id,
            record_type="ticket",
            link=self._org.settings.link(case_id),
            already_there=already_there,
        )
