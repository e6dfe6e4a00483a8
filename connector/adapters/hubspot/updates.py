"""A changed answer on a ticket that is open: subject and priority, in as far as they differ.

Convergent: the tickets are read first, and repeating changes nothing. A ticket that is closed, merged or deleted stays
as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.adapters.hubspot.batches import Batches, Row
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.paths import COMPANIES, TICKETS
from connector.adapters.hubspot.pipelines import Pipelines
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.text import subject
from connector.adapters.hubspot.values import same, typed
from connector.adapters.hubspot.written_types import WireProperty, WireRecord
from connector.domain import Receipt, UpdateTicket
from connector.errors import ConnectorError, ContractError, RejectedError
from connector.ports import Superseded

_PRIORITY = "hs_ticket_priority"
_READ = ("subject", _PRIORITY, "hs_pipeline", "hs_pipeline_stage")
_SUBJECT = WireProperty(name="subject", type="string")
Asked = tuple[str, UpdateTicket]
Told = list[tuple[str, Receipt | Superseded | ConnectorError]]
Seen = dict[str, tuple[WireRecord | None, list[str]]]


class Updates:
    def __init__(self, portal: Portal, batches: Batches, properties: Properties, pipelines: Pipelines) -> None:
        self._portal, self._batches, self._properties, self._pipelines = portal, batches, properties, pipelines

    def apply(self, asked: Sequence[Asked]) -> Iterator[Told]:
        """After each request what became of its tickets; ContractError where a ticket is another company's."""
        seen = self._seen(asked)
        at_once: Told = []
        rows: list[Row] = []
        differs: dict[str, dict[str, str]] = {}
        for key, change in asked:
            result: Receipt | Superseded | ConnectorError | dict[str, str]
            try:
                result = self._judged(key, change, seen)
            except (RejectedError, ContractError) as error:
                result = error
            if isinstance(result, dict):
                differs[key] = result
                rows.append(Row(trace=key, body={"id": record_id(change.ticket_id), "properties": result}))
            else:
                at_once.append((key, result))
        if at_once:
            yield at_once
        for told in self._batches.update(TICKETS, rows):
            yield [(key, self._kept(key, differs[key], r) if isinstance(r, WireRecord) else r) for key, r in told]

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """Those whose ticket says already what the answer says."""
        asked = [(key, change) for key, change in asked if change.ticket_id]
        found: dict[str, Receipt | ConnectorError] = {}
        seen = self._seen(asked)
        for key, change in asked:
            ticket = seen.get(change.ticket_id or "", (None, []))[0]
            try:
                if ticket is not None and not self._differs(ticket, change, seen):
                    found[key] = self._receipt(key, ticket.id, already_there=True)
            except (RejectedError, ContractError) as error:
                found[key] = error
        return found

    def _seen(self, asked: Sequence[Asked]) -> Seen:
        """Each ticket as it is, None where it is deleted, and its companies."""
        ids = {change.ticket_id for _, change in asked if change.ticket_id and change.ticket_id.isdigit()}
        if not ids:
            return {}
        tickets = self._batches.of_ids(TICKETS, ids, _READ)
        companies = self._batches.associated(TICKETS, COMPANIES, sorted({each.id for each in tickets.values()}))
        return {
            each: (tickets.get(each), companies.get(tickets[each].id, []) if each in tickets else []) for each in ids
        }

    def _judged(self, key: str, change: UpdateTicket, seen: Seen) -> Receipt | Superseded | dict[str, str]:
        if not change.ticket_id:
            raise RejectedError("no ticket to change", code="NoParent")
        ticket = seen.get(record_id(change.ticket_id), (None, []))[0]
        if ticket is None:
            return Superseded(why=f"ticket {change.ticket_id} is deleted")
        stage = self._pipelines.stage_of(
            ticket.properties.get("hs_pipeline"), ticket.properties.get("hs_pipeline_stage")
        )
        merged = ticket.id != change.ticket_id
        if merged or (stage is not None and stage.closed):
            state = f"merged into {ticket.id}" if merged else "closed"
            return Superseded(why=f"ticket {change.ticket_id} is {state}; its note says it")
        return self._differs(ticket, change, seen) or self._receipt(key, ticket.id, already_there=True)

    def _differs(self, ticket: WireRecord, change: UpdateTicket, seen: Seen) -> dict[str, str]:
        """What must be written, by internal name."""
        companies = seen[change.ticket_id or ""][1]
        if change.company_id and companies and change.company_id not in companies:
            raise ContractError(
                f"ticket {ticket.id} is of company {', '.join(companies)}, not of {change.company_id}; see in HubSpot "
                "who moved it"
            )
        wanted: dict[str, str] = {}
        if (called := subject(change.summary)) and not same(_SUBJECT, ticket.properties.get("subject"), called):
            wanted["subject"] = called
        prop = self._properties.of(TICKETS).get(_PRIORITY) if change.priority else None
        if prop is not None:
            priority = typed(prop, change.priority)
            if not same(prop, ticket.properties.get(_PRIORITY), priority):
                wanted[_PRIORITY] = priority
        return wanted

    def _kept(self, key: str, sent: dict[str, str], ticket: WireRecord) -> Receipt | RejectedError:
        lost = [name for name, value in sent.items() if (ticket.properties.get(name) or value).strip() != value.strip()]
        if lost:
            return RejectedError(f"ticket {ticket.id}: accepted, but not kept: {', '.join(lost)}", code="NotKept")
        return self._receipt(key, ticket.id, already_there=False)

    def _receipt(self, key: str, ticket: str, *, already_there: bool) -> Receipt:
        link = self._portal.settings.link("0-5", ticket)
        return Receipt(key=key, record_id=ticket, record_type="ticket_update", link=link, already_there=already_there)
