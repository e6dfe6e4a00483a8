"""A changed answer on a ticket that is open: summary and priority, in as far as they differ.

Convergent: the ticket is read first, and repeating changes nothing. A ticket that is closed, merged or deleted stays
as it is.
"""

from __future__ import annotations

from msgspec import Struct

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.segments import named, resolve
from connector.adapters.connectwise.text import summary
from connector.adapters.connectwise.tickets import TICKETS
from connector.adapters.connectwise.wire_types import Ref
from connector.domain import Receipt, UpdateTicket
from connector.errors import ContractError, RejectedError
from connector.ports import Superseded


class WireHead(Struct, rename="camel", gc=False):
    """What a changed answer may change of a ticket, and what keeps it from that."""

    id: int
    summary: str | None = None
    priority: Ref | None = None
    company: Ref | None = None
    closed_flag: bool | None = None
    closed_date: str | None = None
    merged_parent_ticket: Ref | None = None

    @property
    def closed(self) -> bool:
        return bool(self.closed_flag or (self.closed_flag is None and self.closed_date))

    @property
    def merged(self) -> bool:
        return self.merged_parent_ticket is not None and bool(self.merged_parent_ticket.id)


_FIELDS = "id,summary,priority,company,closedFlag,closedDate,mergedParentTicket"
Difference = dict[str, object]


class Updates:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._priorities: dict[str, str] | None = None

    def apply(self, key: str, change: UpdateTicket) -> Receipt | Superseded:
        """Raises RejectedError where the tenant refuses it, ContractError where the ticket is another company's."""
        head = self._head(change)
        if head is None:
            return Superseded(why=f"ticket {change.ticket_id} is deleted")
        if head.merged or head.closed:
            return Superseded(why=f"ticket {head.id} is {'merged' if head.merged else 'closed'}; its note says it")
        differs = self._differs(head, change)
        if not differs:
            return self._receipt(key, head, already_there=True)
        # processNotifications is true unless it is said: a changed head mails nobody
        body = [{"op": "replace", "path": path, "value": value} for path, value in differs.items()]
        body.append({"op": "replace", "path": "processNotifications", "value": False})
        path = f"{TICKETS}/{head.id}"
        kept = self._psa.write("PATCH", path, body, WireHead)
        lost = self._differs(kept, change)
        if lost:
            raise RejectedError(f"PATCH {path}: accepted, but not kept: {', '.join(lost)}", code="NotKept")
        return self._receipt(key, head, already_there=False)

    def find(self, key: str, change: UpdateTicket) -> Receipt | None:
        """Whether the ticket says already what the answer says."""
        head = self._head(change)
        if head is None or self._differs(head, change):
            return None
        return self._receipt(key, head, already_there=True)

    def _head(self, change: UpdateTicket) -> WireHead | None:
        """The ticket; None where it is deleted."""
        if not change.ticket_id:
            raise RejectedError("no ticket to change", code="NoParent")
        try:
            head = self._psa.one(f"{TICKETS}/{number(change.ticket_id)}", WireHead, fields=_FIELDS)
        except RejectedError as error:
            if is_missing(error):
                return None
            raise
        company = str(head.company.id) if head.company and head.company.id else ""
        if change.company_id and company and company != change.company_id:
            raise ContractError(
                f"ticket {head.id} is of company {company}, not of {change.company_id}; see in the PSA who moved it"
            )
        return head

    def _differs(self, head: WireHead, change: UpdateTicket) -> Difference:
        """What must be written, by the vendor's name."""
        differs: Difference = {}
        wanted = summary(change.summary)
        if wanted and (head.summary or "").strip() != wanted.strip():
            differs["summary"] = wanted
        if change.priority:
            if self._priorities is None:
                self._priorities = named(self._psa, "/service/priorities")
            priority = int(resolve("priority", change.priority, self._priorities))
            if head.priority is None or head.priority.id != priority:
                differs["priority"] = {"id": priority}
        return differs

    def _receipt(self, key: str, head: WireHead, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=str(head.id),
            record_type="ticket_update",
            link=self._psa.settings.link("ServiceFv", str(head.id)),
            already_there=already_there,
        )
