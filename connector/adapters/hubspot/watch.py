"""What became of our tickets: the TicketWatch of HubSpot.

Who closed a ticket stands in the history of its stage: each value says what set it (a person in the app, a workflow,
an integration). https://developers.hubspot.com/docs/api-reference/crm-tickets-v3 ("propertiesWithHistory")
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from connector.adapters.hubspot.batches import Batches
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import record_id
from connector.adapters.hubspot.owners import Owners, called
from connector.adapters.hubspot.paths import COMPANIES, TICKETS
from connector.adapters.hubspot.pipelines import Pipelines
from connector.adapters.hubspot.searches import is_last
from connector.adapters.hubspot.touches import by_person, last_by_person, set_last
from connector.adapters.hubspot.values import moment
from connector.adapters.hubspot.visible import prove_credentials
from connector.adapters.hubspot.written_types import WireFound, WireRecord
from connector.domain import Receipt, TicketState, TicketStatus
from connector.errors import ForbiddenError, RejectedError

_STAGE = "hs_pipeline_stage"
_HISTORY = (_STAGE, "hubspot_owner_id", "hs_ticket_priority", "content")
_PAGE = 200
_log = logging.getLogger(__name__)


class HubSpotWatch:
    def __init__(self, portal: Portal) -> None:
        self._portal, self._batches = portal, Batches(portal)
        self._pipelines, self._owners = Pipelines(portal), Owners(portal)
        self._read = (
            "subject", "hs_pipeline", _STAGE, "hubspot_owner_id", "createdate", "closed_date", "hs_lastmodifieddate",
            "hs_updated_by_user_id", "notes_last_contacted", portal.settings.ticket_key,
        )  # fmt: skip

    def states(self, receipts: Iterable[Receipt]) -> Iterator[TicketStatus]:
        """One for each ticket among the receipts, in their order; other records are passed over.

        An id that is none of this CRM's (a person may have settled a ticket by hand) is that of no ticket: deleted.
        """
        ids = list(dict.fromkeys(receipt.record_id for receipt in receipts if receipt.record_type == "ticket"))
        try:
            seen = self._batches.of_ids(TICKETS, filter(_is_id, ids), self._read, history=_HISTORY)
            companies = self._companies(seen.values())
        except ForbiddenError as error:
            prove_credentials(self._portal)
            _log.warning("tickets are not visible to this token: %s", error)
            for ticket_id in ids:
                yield TicketStatus(record_id=ticket_id, state=TicketState.NOT_VISIBLE)
            return
        for ticket_id in ids:
            if ticket_id in seen:
                yield self._state(ticket_id, seen[ticket_id], companies.get(seen[ticket_id].id, []))
            else:
                yield self._gone(ticket_id, others=bool(seen))

    def ours(self, prefix: str) -> Iterator[TicketStatus]:
        """Every ticket that has a key, by search, compared here: what was written within the last half minute may be
        missing (https://developers.hubspot.com/docs/guides/api/crm/search). Raises RejectedError where tickets have no
        property for keys, or are not visible."""
        key, after = self._portal.settings.ticket_key, "0"
        path = self._portal.path("search", type=TICKETS)
        try:
            while True:
                body = {
                    "filterGroups": [{"filters": [
                        {"propertyName": key, "operator": "HAS_PROPERTY"},
                        {"propertyName": "hs_object_id", "operator": "GT", "value": after},
                    ]}],
                    "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                    "properties": [key], "limit": _PAGE,
                }  # fmt: skip
                found = self._portal.ask(path, body, WireFound)
                page = found.results
                wanted = [each.id for each in page if (each.properties.get(key) or "").startswith(prefix)]
                seen = self._batches.of_ids(TICKETS, wanted, self._read, history=_HISTORY)
                companies = self._companies(seen.values())
                for each in wanted:
                    if each in seen:
                        yield self._state(each, seen[each], companies.get(seen[each].id, []))
                if is_last(len(page), found.total, _PAGE, where=path):
                    return
                after = page[-1].id
        except ForbiddenError as error:
            prove_credentials(self._portal)
            raise RejectedError(f"tickets are not visible to this token: {error}") from None

    # ------------------------------------------------------------ one ticket
    def _state(self, ticket_id: str, ticket: WireRecord, companies: Sequence[str]) -> TicketStatus:
        values = ticket.properties
        stage = self._pipelines.stage_of(values.get("hs_pipeline"), values.get(_STAGE))
        pipeline = self._pipelines.by_id.get(values.get("hs_pipeline") or "")
        closed = stage.closed if stage is not None else bool(values.get("closed_date"))  # of a stage that is gone
        staged = set_last(ticket, _STAGE)
        merged_into = ticket.id if ticket.id != ticket_id else None
        state = TicketState.OPEN
        if ticket.archived:
            state = TicketState.DELETED
        elif merged_into:
            state = TicketState.MERGED
        elif closed:
            state = TicketState.CLOSED_BY_PERSON if by_person(staged, ticket) else TicketState.CLOSED_AUTOMATICALLY
        owner = self._owners.by_id(values.get("hubspot_owner_id") or "") if values.get("hubspot_owner_id") else None
        closed_at = moment(values.get("closed_date")) or (moment(staged.timestamp) if staged is not None else None)
        return TicketStatus(
            record_id=ticket_id,
            state=state,
            status=((stage.label if stage is not None else "") or values.get(_STAGE)) or "",
            by=self._who(staged.updated_by_user_id, staged.source_type) if staged is not None and closed else "",
            merged_into=merged_into,
            key=values.get(self._portal.settings.ticket_key) or "",
            board=(pipeline.label or "") if pipeline is not None else values.get("hs_pipeline") or "",
            company_id=companies[0] if companies else "",
            owner=called(owner) if owner is not None else values.get("hubspot_owner_id") or "",
            owner_mail=(owner.email or "").strip() if owner is not None and not owner.archived else "",
            opened_at=moment(values.get("createdate") or ticket.created_at),
            touched_at=last_by_person(ticket, _HISTORY),
            closed_at=(closed_at or moment(values.get("hs_lastmodifieddate"))) if closed else None,
        )

    def _gone(self, ticket_id: str, *, others: bool) -> TicketStatus:
        """Asked for alone: a merged one is answered by the one that survives, a deleted one is among the archived."""
        if not _is_id(ticket_id):
            return TicketStatus(record_id=ticket_id, state=TicketState.DELETED)
        path = self._portal.path("object", type=TICKETS, id=record_id(ticket_id))
        query = {"properties": ",".join(self._read)}
        for archived in ({}, {"archived": "true"}):
            try:
                ticket = self._portal.get(path, WireRecord, {**query, **archived})
            except ForbiddenError:
                prove_credentials(self._portal)
                return TicketStatus(record_id=ticket_id, state=TicketState.NOT_VISIBLE)
            except RejectedError as error:
                if error.status not in (400, 404):
                    raise
                continue
            return self._state(ticket_id, ticket, self._companies([ticket]).get(ticket.id, []))
        deleted = others or self._sees_tickets
        return TicketStatus(record_id=ticket_id, state=TicketState.DELETED if deleted else TicketState.NOT_VISIBLE)

    def _companies(self, tickets: Iterable[WireRecord]) -> dict[str, list[str]]:
        ids = {ticket.id for ticket in tickets if not ticket.archived}
        return self._batches.associated(TICKETS, COMPANIES, sorted(ids)) if ids else {}

    def _who(self, user_id: int | str | None, source: str | None) -> str:
        owner = self._owners.by_user(str(user_id)) if user_id is not None else None
        return called(owner) if owner is not None else source or ""

    @cached_property
    def _sees_tickets(self) -> bool:
        try:
            return bool(self._portal.get(self._portal.path("objects", type=TICKETS), WireFound, {"limit": "1"}).results)
        except ForbiddenError:
            return False


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
