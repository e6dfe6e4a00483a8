"""Notes on our tickets: comments of a Case, which carry our key at their end.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_casecomment.htm:
a comment takes no custom field, so those of the case are read to find one. It is at most 4,000 bytes; a published one
may be mailed to the customer, so none is unless the rule says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.refusals import is_gone
from connector.adapters.salesforce.soql import pieces, record_id, soql
from connector.adapters.salesforce.text import COMMENT_BYTES, carries, marked
from connector.domain import AddNote, Receipt, WriteBack
from connector.errors import ConnectorError, RejectedError
from connector.ports import Outcome

COMMENT = "CaseComment"
Asked = tuple[WriteBack, AddNote]


class WireComment(msgspec.Struct, rename="pascal", gc=False):
    id: str
    parent_id: str | None = None
    comment_body: str | None = None


class Comments:
    def __init__(self, org: Org, collections: Collections) -> None:
        self._org, self._collections = org, collections

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt]:
        """By key, those that are there; nothing of a case that is not."""
        keys: dict[str, list[str]] = {}
        for write_back, change in asked:
            keys.setdefault(case_of(change), []).append(write_back.key)
        found: dict[str, Receipt] = {}
        for some in pieces(sorted(keys)):
            query = soql("SELECT Id, ParentId, CommentBody FROM CaseComment WHERE ParentId IN {cases}", cases=some)
            for row in self._org.rows(query, WireComment):
                for key in keys.get(row.parent_id or "", ()):
                    if key not in found and carries(row.comment_body, key):
                        found[key] = self._receipt(key, row.id, row.parent_id or "", already_there=True)
        return found

    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        there = self.find(asked)
        rows: list[Row] = []
        cases: dict[str, str] = {}
        for write_back, change in asked:
            key = write_back.key
            if key in there:
                yield Outcome(key=key, result=there[key])
                continue
            cases[key] = case_of(change)
            rows.append(
                Row(key=key, object=COMMENT, values=body(cases[key], key, change.text, internal=change.internal))
            )
        for results in self._collections.create(sorted(rows, key=lambda row: cases[row.key])):
            for row, result in results:
                yield Outcome(key=row.key, result=self._outcome(row.key, result, cases))

    def add(self, key: str, case_id: str, text: str) -> None:
        """One internal comment, without looking first; raises what the only row of it says."""
        for results in self._collections.create([Row(key=key, object=COMMENT, values=body(case_id, key, text))]):
            for _, result in results:
                self._collections.in_hand.discard(key)
                if not isinstance(result, str):
                    raise result

    def carries(self, case_id: str, key: str) -> bool:
        """Whether a comment of the case has this key."""
        query = soql("SELECT Id, ParentId, CommentBody FROM CaseComment WHERE ParentId = {case}", case=case_id)
        return any(carries(row.comment_body, key) for row in self._org.rows(query, WireComment))

    def _outcome(self, key: str, result: str | ConnectorError, cases: Mapping[str, str]) -> Receipt | ConnectorError:
        if isinstance(result, str):
            return self._receipt(key, result, cases[key], already_there=False)
        gone = isinstance(result, RejectedError) and result.code == "INVALID_CROSS_REFERENCE_KEY"
        if gone and not is_gone(result):  # the only record that a comment refers to is its case
            return RejectedError(str(result), code="INVALID_CROSS_REFERENCE_KEY", status=404)
        return result

    def _receipt(self, key: str, comment_id: str, case_id: str, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=comment_id,
            record_type="ticket_note",
            link=self._org.settings.link(case_id),
            already_there=already_there,
        )


def case_of(change: AddNote) -> str:
    """Raises RejectedError where there is no case to write on."""
    if not change.parent_id:
        raise RejectedError("no ticket to write the note on", code="NoParent")
    return record_id(change.parent_id, "500")


def body(case_id: str, key: str, text: str, *, internal: bool = True) -> dict[str, object]:
    return {
        "ParentId": case_id,
        "CommentBody": marked(text, key, cap=COMMENT_BYTES, byte_cap=COMMENT_BYTES),
        "IsPublished": not internal,
    }
