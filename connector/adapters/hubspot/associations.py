"""The company of contacts whose primary company is not told by their own property.

https://developers.hubspot.com/docs/api-reference/crm-associations-v4: up to 1,000 records a call; a record with more
than a page of companies is asked for again with its own cursor, or those beyond it would be lost without a word.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS
from connector.adapters.hubspot.wire_types import AssociationsOf, WirePage

AT_ONCE = 1000
PRIMARY = 1  # contact to its primary company, HUBSPOT_DEFINED


def companies_of(portal: Portal, contact_ids: Iterable[str]) -> dict[str, str]:
    """By contact id its primary company, else the associated one with the lowest id; who has none is left out."""
    where = portal.path("associations_read", type=CONTACTS, to=COMPANIES)
    primary: dict[str, str] = {}
    others: dict[str, str] = {}
    todo = [{"id": each} for each in dict.fromkeys(contact_ids)]
    while todo:
        inputs, todo = todo[:AT_ONCE], todo[AT_ONCE:]
        for row in portal.ask_each(where, {"inputs": inputs}, WirePage[AssociationsOf]).results:
            contact = row.of.id
            for each in row.to:
                company = str(each.to_object_id)
                if any(t.type_id == PRIMARY and t.category != "USER_DEFINED" for t in each.association_types):
                    primary[contact] = company
                elif contact not in others or _number(company) < _number(others[contact]):
                    others[contact] = company
            if row.paging is not None and row.paging.after and contact not in primary:
                todo.append({"id": contact, "after": row.paging.after})
    return others | primary


def _number(record_id: str) -> tuple[int, str]:
    return len(record_id), record_id
