"""Members of static lists. What we added is marked on the contact, so that it is told from what was there.

https://developers.hubspot.com/docs/api-reference/crm-lists-v3: a membership carries no word of ours, and HubSpot itself
fills active lists. The mark, in a property of the contact, is written before the contact is added.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property

from connector.adapters.hubspot.batches import SIZE, Batches, Row, chunks
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.meaning import is_missing
from connector.adapters.hubspot.names import record_id, resolve
from connector.adapters.hubspot.paths import CONTACT_LISTS, CONTACTS
from connector.adapters.hubspot.properties import Properties
from connector.adapters.hubspot.written_types import (
    WireAdded,
    WireList,
    WireLists,
    WireListsOf,
    WireMembers,
    WireRecord,
)
from connector.domain import AddToGroup, Receipt
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError

_KEPT = 20  # marks on one contact; the oldest are dropped
_PAGE = 250
Asked = tuple[str, AddToGroup]
Told = list[tuple[str, Receipt | ConnectorError]]
_log = logging.getLogger(__name__)


class Membership:
    def __init__(self, portal: Portal, batches: Batches, properties: Properties) -> None:
        self._portal, self._batches, self._properties = portal, batches, properties
        self.mark_property = portal.settings.lists_property

    # ------------------------------------------------------------ adding
    def find(self, group: str, asked: Sequence[Asked]) -> dict[str, Receipt]:
        """By key, those who are members. Raises RejectedError for a list that is not there, or is an active one."""
        of = self.static(group)
        members = self.members(of, [change.contact_id for _, change in asked])
        marks = self.marks([change.contact_id for _, change in asked if change.contact_id in members])
        found: dict[str, Receipt] = {}
        for key, change in asked:
            if change.contact_id in members:
                before = None if marks is None else mark(key, of) not in marks.get(change.contact_id, [])
                found[key] = self._receipt(key, of, change, already_there=True, member=before)
        return found

    def add(self, group: str, asked: Sequence[Asked]) -> Iterator[Told]:
        """Those who are no members, without looking again; after each request what became of them. Where it breaks off
        between the mark and the list, whose contact was marked has an unknown outcome: it was changed."""
        of = self.static(group)
        for some in chunks(asked, SIZE):
            marked: set[str] = set()
            try:
                refused, left = self._marked(of, some, marked)
                if refused:
                    yield refused
                added = self._added(of, left) if left else []
            except ConnectorError as error:
                why = f"the contact is marked, and not in list {of.list_id} yet: {error}"
                if marked:
                    yield [(key, OutcomeUnknownError(why)) for key, _ in some if key in marked]
                raise
            if added:
                yield added

    def _marked(self, of: WireList, asked: Sequence[Asked], marked: set[str]) -> tuple[Told, list[Asked]]:
        """Mark each contact as added by us; those that could not be marked are not added. `marked` takes the keys of
        those whose contact was changed, as soon as it was."""
        marks = self.marks([change.contact_id for _, change in asked])
        if marks is None:
            return [], list(asked)
        refused: Told = []
        rows = []
        for key, change in asked:
            if change.contact_id not in marks:
                refused.append((key, RejectedError(f"contact {change.contact_id} is not there", status=404)))
            elif mark(key, of) not in marks[change.contact_id]:
                rows.append(self.mark_row(key, change.contact_id, [*marks[change.contact_id], mark(key, of)]))
        for told in self._batches.update(CONTACTS, rows):
            refused += [(key, result) for key, result in told if not isinstance(result, WireRecord)]
            marked.update(key for key, result in told if isinstance(result, WireRecord))
        without = {key for key, _ in refused}
        return refused, [(key, change) for key, change in asked if key not in without]

    def _added(self, of: WireList, asked: Sequence[Asked]) -> Told:
        path = self._portal.path("list_add", id=of.list_id)
        try:
            answer = self._portal.write("PUT", path, [change.contact_id for _, change in asked], WireAdded)
        except (RejectedError, OutcomeUnknownError) as error:
            return [(key, error) for key, _ in asked]
        missing = {str(each) for each in answer.record_ids_missing or ()}
        return [
            (key, RejectedError(f"contact {change.contact_id} is not there", status=404))
            if change.contact_id in missing
            else (key, self._receipt(key, of, change, already_there=False, member=False))
            for key, change in asked
        ]

    # ------------------------------------------------------------ looking
    def static(self, group: str) -> WireList:
        """The list of that name or id, which must be one that we may add to."""
        found = self.lists[resolve("list", group, {each.list_id: each.name or "" for each in self.lists.values()})]
        if (found.processing_type or "").upper() == "DYNAMIC":
            raise RejectedError(
                f'list "{found.name}" is an active one: HubSpot itself decides by its filters who is in it; name a '
                "static list",
                code="ActiveList",
            )
        return found

    def members(self, of: WireList, contact_ids: Sequence[str]) -> set[str]:
        """Which of the contacts are in the list: by its pages, or by the lists of each, whichever takes fewer calls."""
        wanted = {record_id(each) for each in contact_ids}
        if not wanted:
            return set()
        size = _size(of)
        if size is not None and size // _PAGE < len(wanted):
            return wanted & self._all_members(of)
        return {each for each in sorted(wanted) if of.list_id in self._lists_of(each)}

    def of_id(self, list_id: str) -> WireList | None:
        """The list of that id, where its being gone is final: None only where a question for it says so too. One that
        no search shows is known by its id alone."""
        if list_id in self.lists or not list_id.isascii() or not list_id.isdigit():
            return self.lists.get(list_id)
        unseen = WireList(list_id=list_id)
        try:
            self._members_page(unseen, "")
        except RejectedError as error:
            if is_missing(error):
                return None
            raise
        return unseen

    def has_left(self, of: WireList, contact_id: str) -> bool:
        """Whether the contact is in the list no more, where that is final: asked of the contact and of the list, for
        an empty answer is also what a lost right looks like. Raises RejectedError where the list shows nobody, though
        it counts members."""
        if of.list_id in (self._lists_of(contact_id) or self._lists_of(contact_id)):
            return False
        shown, _ = self._members_page(of, "")
        if not shown and _size(of):
            raise RejectedError(
                f'list "{of.name}" counts {_size(of)} members and shows none; see that the token has crm.lists.read, '
                "and try again",
                code="NotVisible",
            )
        return contact_id not in shown

    def _all_members(self, of: WireList) -> set[str]:
        found: set[str] = set()
        after: str | None = ""
        while after is not None:
            shown, after = self._members_page(of, after)
            found |= shown
        return found

    def _members_page(self, of: WireList, after: str) -> tuple[set[str], str | None]:
        """Those of one page, and where the next one begins; None: there is none."""
        query = {"limit": str(_PAGE), "after": after} if after else {"limit": str(_PAGE)}
        page = self._portal.get(self._portal.path("list_members", id=of.list_id), WireMembers, query)
        more = page.paging.next.after if page.paging is not None and page.paging.next is not None else None
        return {str(each.record_id) for each in page.results}, more

    def _lists_of(self, contact_id: str) -> set[str]:
        path = self._portal.path("lists_of", type=CONTACT_LISTS, id=contact_id)
        try:
            return {str(each.list_id) for each in self._portal.get(path, WireListsOf).results}
        except RejectedError as error:
            if error.status == 404:
                return set()
            raise

    def marks(self, contact_ids: Sequence[str]) -> dict[str, list[str]] | None:
        """By contact, what we marked; None where the portal has no property for it."""
        if not self._marking:
            return None
        found = self._batches.of_ids(CONTACTS, contact_ids, [self.mark_property]) if contact_ids else {}
        return {each: self._marks_of(record) for each, record in found.items()}

    def marks_on(self, contact: WireRecord) -> list[str] | None:
        """The same of one contact, which was read with the `mark_property`."""
        return self._marks_of(contact) if self._marking else None

    def _marks_of(self, contact: WireRecord) -> list[str]:
        return (contact.properties.get(self.mark_property) or "").split()

    @property
    def _marking(self) -> bool:
        if self.mark_property in self._properties.of(CONTACTS):
            return True
        _log.info(
            'contacts have no property "%s", so what we add to lists is not told from what was there; connector '
            "setup %s creates it", self.mark_property, self._portal.connection,
        )  # fmt: skip
        return False

    def mark_row(self, key: str, contact_id: str, marks: Sequence[str]) -> Row:
        return Row(trace=key, body={"id": contact_id, "properties": {self.mark_property: " ".join(marks[-_KEPT:])}})

    @cached_property
    def lists(self) -> dict[str, WireList]:
        """Every list of contacts, by id."""
        path = self._portal.path("lists_search")
        found: dict[str, WireList] = {}
        offset, more = 0, True
        while more:
            body = {"query": "", "objectTypeId": CONTACT_LISTS, "count": 500, "offset": offset,
                    "additionalProperties": ["hs_list_size"]}  # fmt: skip
            page = self._portal.ask(path, body, WireLists)
            found |= {each.list_id: each for each in page.lists}
            offset, more = offset + len(page.lists), page.has_more and bool(page.lists)
        return found

    def _receipt(
        self, key: str, of: WireList, change: AddToGroup, *, already_there: bool, member: bool | None
    ) -> Receipt:
        """`member`: whether the contact was in the list before us; None: nobody knows."""
        return Receipt(
            key=key,
            record_id=of.list_id,
            record_type="group",
            link=self._portal.settings.link("0-1", change.contact_id),
            already_there=already_there,
            before=None if member is None else {"member": member},
        )


def mark(key: str, of: WireList) -> str:
    return f"{key}@{of.list_id}"


def _size(of: WireList) -> int | None:
    said = (of.additional_properties or {}).get("hs_list_size", of.size)
    return int(said) if isinstance(said, int) or (isinstance(said, str) and said.isdigit()) else None
