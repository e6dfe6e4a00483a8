"""What is sent to open a Case, and what an org's demands mean in the words of the configuration.

Customers may see Subject and Description of a case in a portal; what is internal goes into `Comments`, from which the
org makes a comment that is not published:
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_case.htm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from connector.adapters.salesforce.case_names import CaseNames
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.fields import choice
from connector.adapters.salesforce.keyed import seen
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.soql import record_id
from connector.adapters.salesforce.text import COMMENT_BYTES, LONG_CAP, SUBJECT_CAP, due_text, lines, marked, one_line
from connector.domain import OpenTicket, WriteBack
from connector.errors import RejectedError

# The vendor's field, what messages call it, our option.
_CHOICES = (("Status", "status"), ("Priority", "priority"), ("Type", "type"), ("Origin", "source"))
_OURS = dict(_CHOICES) | {"OwnerId": "owner", "RecordTypeId": "board"}
_log = logging.getLogger(__name__)


class CaseBody:
    def __init__(self, org: Org, names: CaseNames, owners: Owners) -> None:
        self._org, self._names, self._owners = org, names, owners

    def read_ahead(self, changes: Sequence[OpenTicket]) -> None:
        """The owners of all accounts at once."""
        for step in dict.fromkeys(step for change in changes for step in change.owner):
            self._owners.read_ahead([change.company_id for change in changes if step in change.owner], step)

    def placed(self, change: OpenTicket) -> str:
        """The account it is opened at."""
        return self._names.own_account if change.own_company else change.company_id

    def of(self, write_back: WriteBack, change: OpenTicket) -> dict[str, Any]:
        """Raises RejectedError for a name the org does not have. What we have no opinion on is left to the org."""
        case = seen(self._org, "Case")
        values: dict[str, Any] = {
            self._org.settings.key_field: write_back.key,
            "Subject": one_line(change.summary, cap=_length(case, "Subject", SUBJECT_CAP)) or "NPS follow-up",
            **self._words(case, write_back.key, change),
        }
        if placed := self.placed(change):
            values["AccountId"] = record_id(placed, "001")
        if change.contact_id:
            values["ContactId"] = record_id(change.contact_id, "003")
        settings = self._org.settings
        usual = {"type": settings.ticket_type, "source": settings.ticket_source}
        for field, option in _CHOICES:
            if said := getattr(change, option) or usual.get(option, ""):
                what = f"ticket {'origin' if option == 'source' else option}"
                values[field] = choice(case.find(field), said, what=what)
        if change.board:
            values["RecordTypeId"] = self._names.record_type(change.board)
        if owner := self._owner(change):
            values["OwnerId"] = owner
        elif not settings.auto_assign:
            _log.warning(
                "case %s is given to nobody: nobody of its owners can take it and its rule names no team; it belongs "
                "to the connector's own user; give it to somebody in Salesforce, and write team: … under open_ticket",
                write_back.key,
            )
        return values

    def explained(self, error: RejectedError, write_back: WriteBack) -> RejectedError:
        """The vendor's refusal with what to write where, if it demands fields that were not given."""
        told = [
            f"write {_OURS[field]}: … under open_ticket"
            if field in _OURS
            else f'no rule can set "{field}"; give it a default in Salesforce'
            for field in error.missing
        ]
        if not told:
            return error
        where = f"rule {write_back.rule_id}, {write_back.action_id}"
        return RejectedError(f"{error}; {where}: {'; '.join(told)}", code=error.code, status=error.status)

    def _words(self, case: Described, key: str, change: OpenTicket) -> dict[str, Any]:
        """What all may read, and what is internal. An org without internal comments gets both as the description."""
        due = due_text(change.due_at, self._org.context.zone)  # Cases have no due date of their own
        internal = "\n".join(part for part in (change.internal, _who(change), due) if part)
        cap = _length(case, "Description", LONG_CAP)
        comments = case.find("Comments")
        if comments is not None and comments.createable:
            said = {"Comments": marked(internal, key, cap=comments.length or COMMENT_BYTES, byte_cap=COMMENT_BYTES)}
            return {**said, "Description": lines(change.discussion, cap=cap)} if change.discussion else dict(said)
        return {"Description": marked("\n\n".join(filter(None, (change.discussion, internal))), key, cap=cap)}

    def _owner(self, change: OpenTicket) -> str:
        """The first of the chain who can be given it, else the queue (`team`), else nobody: its creator owns it, unless
        the org's assignment rules may choose (`auto_assign`)."""
        owner = self._owners.owner(change.company_id, change.owner) if change.owner else None
        if owner is not None:
            return owner[0].id
        return self._names.queue(change.team) if change.team else ""


def _who(change: OpenTicket) -> str:
    """Of somebody whose record is not linked, for SuppliedEmail would link it."""
    parts = (change.contact_name, change.contact_email, change.contact_phone)
    return " · ".join(one_line(part, cap=120) for part in parts if part and part not in change.internal)


def _length(described: Described, name: str, usual: int) -> int:
    field = described.find(name)
    return field.length if field is not None and field.length else usual
