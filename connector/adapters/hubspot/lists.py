"""HubSpot's lists ("segments" in its menus), which are the marketing groups here: which there are, and who is in them.

https://developers.hubspot.com/docs/api-reference/crm-lists-v3. Joining or leaving a list does not touch the contact, so
the members are read whole with each pull.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import CONTACT_LISTS
from connector.adapters.hubspot.wire_types import WireList, WireLists, WireMembership, WirePage

AT_ONCE, MEMBERS = 500, 250
SIZE = "hs_list_size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Contacts of a list; `after` is the vendor's cursor for those that follow, `total` how many there are in all (0
    where it is not said)."""

    contact_ids: Sequence[str]
    after: str
    last: bool
    total: int = 0


class Lists:
    """The contact lists of a portal, as they were when they were last read in this session."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._known: dict[str, WireList] | None = None

    def all(self) -> list[WireList]:
        """Every contact list, read anew: one call for each 500."""
        found: list[WireList] = []
        offset = 0
        while True:
            body = {
                "query": "",
                "offset": offset,
                "count": AT_ONCE,
                "objectTypeId": CONTACT_LISTS,
                "additionalProperties": [SIZE],
            }
            page = self._portal.ask(self._portal.path("lists_search"), body, WireLists)
            found += page.lists
            following = page.offset or offset + len(page.lists)
            if not page.has_more or following <= offset:
                break
            offset = following
        # Which lists a server leaves out that ignores objectTypeId, nobody says: companies have lists as well.
        lists = [each for each in found if each.object_type_id in ("", CONTACT_LISTS) and each.deleted_at is None]
        self._known = {each.list_id: each for each in lists}
        return lists

    def known(self, list_id: str) -> WireList | None:
        """The list; None where there is none."""
        if self._known is None:
            self.all()
        return (self._known or {}).get(list_id)

    def size(self, list_id: str) -> int:
        """How many members it has; one call or two."""
        path = self._portal.path("list_members", id=list_id)
        page = self._portal.get(path, WirePage[WireMembership], {"limit": 1})
        if page.total is not None:
            return page.total
        told = self.counted(list_id)
        return told if told is not None else len(page.results)

    def counted(self, list_id: str) -> int | None:
        """How many members the list itself says it has, when lists were last read; None where it does not say."""
        found = self.known(list_id)
        if found is None or found.size is not None:
            return found.size if found is not None else None
        extra = str(found.additional_properties.get(SIZE, ""))
        return int(extra) if extra.isdecimal() else None

    def members(self, list_id: str, after: str) -> Generator[Members, None, None]:
        """Everybody in the list, from a cursor on. RejectedError with status 404 where the list is not there."""
        where = self._portal.path("list_members", id=list_id)
        while True:
            query = {"limit": str(MEMBERS), "after": after}
            page = self._portal.get(where, WirePage[WireMembership], query)
            after = page.after or ""
            shown = [str(row.record_id) for row in page.results]
            yield Members(contact_ids=shown, after=after, last=not after, total=page.total or 0)
            if not after:
                return
