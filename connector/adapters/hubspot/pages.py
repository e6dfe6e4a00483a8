"""The pull: companies, contacts, what was archived; beside them the members of each list; in pages to resume after.

The cursor holds `watermark` (all changes up to it are in), and while a pull is under way `started`, `full` and how far
each range came. The portal's own clock (Date header) sets `started`, so ours may be wrong. A full pull reads everybody;
the later ones ask for what changed. Members of lists have no mark of change and are read whole each time. What the CRM
says is archived, or merged into another, is told with its page; who was erased is missed by the next full pull.
"""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from msgspec import structs

from connector.adapters.hubspot.associations import companies_of
from connector.adapters.hubspot.both_ends import Place, both_ends
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.incremental import archived, changed
from connector.adapters.hubspot.lists import Lists
from connector.adapters.hubspot.meaning import is_missing
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS
from connector.adapters.hubspot.records import Companies, Contacts
from connector.adapters.paging.abreast import abreast
from connector.domain import Contact, Membership
from connector.errors import RejectedError
from connector.ports import Coverage, Cursor, Page, Reconciled, Scope

VERSION = 1
ARCHIVED = "archived "
SWEPT_EVERY = timedelta(days=1)
"""An archived company is seldom, and its contacts stay; asking costs a call for each 100 of three months."""
SWEPT_EACH_TIME = 20
"""Calls that asking for archived contacts may take with each pull; where it took more, it waits as for companies."""
_log = logging.getLogger(__name__)


def pull(portal: Portal, lists: Lists, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
    """Every page of one pull, from where `cursor` stands; the last one is `complete`.

    A list that is deleted meanwhile keeps the members known of it, and so does one that is being computed.
    """
    return _Pull(portal, lists, scope, cursor).pages()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What one batch of a range says, and where the range stands after it."""

    at: dict[str, Any]
    last: bool
    content: dict[str, Any] = field(default_factory=dict)
    date: str = ""
    finished: bool = False
    calls: int = 0  # made by the range so far, where that decides how often it is read


Pieces = Generator[_Piece, None, None]
Named = Generator[tuple[str, _Piece], None, None]


class _Pull:
    def __init__(self, portal: Portal, lists: Lists, scope: Scope, cursor: Cursor | None) -> None:
        self._portal, self._lists = portal, lists
        self._contacts = Contacts(portal.settings, portal.connection)
        self._companies = Companies(portal.settings, portal.connection)
        self._groups = sorted(scope.groups, key=lambda group: (len(group), group))
        asked = "\n".join([*self._contacts.properties, "", *self._companies.properties, portal.settings.company_from])
        fingerprint = hashlib.sha256(asked.encode()).hexdigest()[:16]
        known = cursor if cursor and cursor.get("version") == VERSION else {}
        # Other properties than before: what did not change has never been asked for them.
        self._state: dict[str, Any] = copy.deepcopy(known) if known.get("asked") == fingerprint else {}
        if not self._state:
            kept = {name: known[name] for name in ("pulls",) if name in known}
            self._state = {"version": VERSION, "asked": fingerprint, "watermark": None, **kept}
        if not self._state.get("started") and not self._state.get("ranges"):
            self._begin()

    def pages(self) -> Iterator[Page]:
        lanes = [[name for name in lane if not self._at(name).get("done")] for lane in self._lanes()]
        waiting = {name for lane in lanes for name in lane}
        if not waiting:  # the pull stopped in a list that has left the scope since: all that is asked for is in
            yield self._page("", _Piece(at={}, last=True), complete=True)
            return
        with closing(_side_by_side([lane for lane in lanes if lane], self._lane)) as pieces:
            for name, piece in pieces:
                self._state["started"] = self._state["started"] or self._portal.time(piece.date).isoformat()
                calls = {"calls": piece.calls} if piece.calls else {}
                self._state["ranges"][name] = {"done": True, **calls} if piece.last else piece.at | calls
                waiting -= {name} if piece.last else set()
                yield self._page(name, piece, complete=not waiting)

    # ------------------------------------------------------------ ranges
    def _lanes(self) -> list[list[str]]:
        """The ranges in order: records, and beside them the members of lists, whose cursors make one wait too."""
        kinds = (CONTACTS, COMPANIES) if self._state["watermark"] else ()  # at first nobody is known who could be gone
        swept = [ARCHIVED + kind for kind in kinds if self._sweep_is_due(kind)]
        return [[COMPANIES, CONTACTS, *swept], self._groups]

    def _lane(self, names: list[str]) -> Named:
        for name in names:
            with closing(self._pieces(name)) as pieces:
                for piece in pieces:
                    yield name, piece

    def _pieces(self, name: str) -> Pieces:
        if name == COMPANIES:
            return self._records(name, self._companies, self._of_companies)
        if name == CONTACTS:
            return self._records(name, self._contacts, self._of_contacts)
        if name.startswith(ARCHIVED):
            return self._archived(name.removeprefix(ARCHIVED))
        return self._members(name)

    def _records(
        self, kind: str, of: Contacts | Companies, content: Callable[[Sequence[Any]], dict[str, Any]]
    ) -> Pieces:
        at = self._at(kind)
        page: Any = of.page
        since = self._since()
        if since is None:
            with closing(both_ends(self._portal, kind, page, of.properties, Place.back(at))) as whole:
                for batch in whole:
                    yield _Piece(at=batch.place.kept(), last=batch.last, content=content(batch.rows), date=batch.date)
            return
        after = str(at.get("after", ""))
        for got in changed(self._portal, kind, page, of.properties, since=since, after=after):
            yield _Piece(at={"after": got.after}, last=got.last, content=content(got.rows), date=got.date)

    def _of_companies(self, rows: Sequence[Any]) -> dict[str, Any]:
        return {"companies": [self._companies.company(row) for row in rows]}

    def _of_contacts(self, rows: Sequence[Any]) -> dict[str, Any]:
        contacts = [self._contacts.contact(row) for row in rows]
        if self._portal.settings.company_from == "associations":
            contacts = self._with_companies(contacts)
        return {"contacts": contacts, "merged": self._contacts.merged(rows)}

    def _with_companies(self, contacts: list[Contact]) -> list[Contact]:
        alone = [contact.id for contact in contacts if contact.company_id is None]
        found = companies_of(self._portal, alone) if alone else {}
        return [
            structs.replace(contact, company_id=found[contact.id]) if contact.id in found else contact
            for contact in contacts
        ]

    def _archived(self, kind: str) -> Pieces:
        since = self._portal.settings.read_from(datetime.fromisoformat(self._state["watermark"]))
        if last := self._swept(kind):
            since = min(since, self._portal.settings.read_from(datetime.fromisoformat(last)))
        told = "gone_contacts" if kind == CONTACTS else "gone_companies"
        at = self._at(ARCHIVED + kind)
        calls = int(at.get("calls", 0))
        for got in archived(self._portal, kind, since=since, after=str(at.get("after", ""))):
            calls += got.calls
            yield _Piece(at={"after": got.after}, last=got.last, content={told: got.ids}, calls=calls)

    def _members(self, group: str) -> Pieces:
        connection, at = self._portal.connection, self._at(group)
        shown = bool(at.get("shown"))
        try:
            for got in self._lists.members(group, str(at.get("after", ""))):
                shown = shown or bool(got.contact_ids)
                rows = [Membership(connection=connection, group_id=group, contact_id=each) for each in got.contact_ids]
                yield _Piece(
                    at={"after": got.after, "shown": shown},
                    last=got.last,
                    content={"memberships": rows},
                    finished=got.last and self._believed(group) and (shown or self._is_empty(group, got.total)),
                )
        except RejectedError as error:
            if not is_missing(error) or self._lists.known(group) is not None:
                raise
            _log.warning("list %s was deleted while it was read; its known members stay: %s", group, error)
            yield _Piece(at={}, last=True)

    def _believed(self, group: str) -> bool:
        """An active list that is being computed shows those found so far: nobody has left it for that."""
        found = self._lists.known(group)
        if found is not None and found.being_computed:
            _log.warning("list %s is being computed by HubSpot; its known members stay until the next pull", group)
            return False
        return True

    def _is_empty(self, group: str, total: int) -> bool:
        """A list that shows nobody is empty where nothing counts members: it is also what a lost right looks like."""
        counted = total or self._lists.counted(group) or 0
        if counted:
            _log.warning(
                "list %s counts %d members and shows none; its known members stay; see that the token has "
                "crm.lists.read", group, counted,
            )  # fmt: skip
        return not counted

    # ------------------------------------------------------------ the cursor
    def _begin(self) -> None:
        state, now = self._state, self._portal.context.now()
        last_full = state.get("full_at")
        state["full"] = (
            not state.get("watermark")
            or not last_full
            or self._portal.settings.full_pull_due(datetime.fromisoformat(last_full), now=now)
        )
        state["pulls"] = state.get("pulls", 0) + 1
        state |= {"started": None, "ranges": {}}

    def _since(self) -> datetime | None:
        if self._state["full"]:
            return None
        return self._portal.settings.read_from(datetime.fromisoformat(self._state["watermark"]))

    def _sweep_is_due(self, kind: str) -> bool:
        """Contacts with each pull, unless the last time took many calls."""
        if self._state["full"] or (kind == CONTACTS and self._state.get("contacts_sweep_calls", 0) <= SWEPT_EACH_TIME):
            return True
        last = self._swept(kind)
        return not last or self._portal.context.now() - datetime.fromisoformat(last) >= SWEPT_EVERY

    def _swept(self, kind: str) -> str | None:
        """Up to when all who are archived are known."""
        at: str | None = self._state.get(f"{kind}_swept") or self._state.get("full_at")
        return at

    def _at(self, name: str) -> dict[str, Any]:
        at: dict[str, Any] = self._state["ranges"].get(name, {})
        return at

    def _page(self, name: str, piece: _Piece, *, complete: bool) -> Page:
        state = self._state
        epoch = self._epoch()
        reconciled, told = None, {}
        if complete:
            reconciled = self._reconciled()
            told = {"read_whole": "everybody, by list and search"} if state["full"] else {}
            self._end()
        return Page(
            cursor=copy.deepcopy(state),
            epoch=epoch,
            finished_groups=(name,) if piece.finished else (),
            complete=complete,
            reconciled=reconciled,
            told=told,
            **piece.content,
        )

    def _epoch(self) -> str:
        """The name of this pull in the rows it shows: short, for each contact carries it."""
        return f"{self._state['pulls']}-{int(datetime.fromisoformat(self._state['started']).timestamp())}"

    def _reconciled(self) -> Reconciled | None:
        """What a full pull has shown; `again` forgets that it was, and leaves the watermark where it stood."""
        state = self._state
        if not state["full"]:
            return None
        again = {name: value for name, value in state.items() if name != "full_at"}
        again |= {"started": None, "full": False, "ranges": {}}
        return Reconciled(coverage=Coverage(), again=copy.deepcopy(again))

    def _end(self) -> None:
        """Everything is in: the next pull asks from where this one began."""
        state = self._state
        for kind in (CONTACTS, COMPANIES):
            if (swept := state["ranges"].get(ARCHIVED + kind)) is not None:
                state[f"{kind}_swept"], state[f"{kind}_sweep_calls"] = state["started"], swept.get("calls", 0)
        state["watermark"] = state["started"]
        if state["full"]:
            state["full_at"] = state["started"]
        state |= {"started": None, "full": False, "ranges": {}}


def _side_by_side(lanes: list[list[str]], read: Callable[[list[str]], Named]) -> Named:
    """The pieces of each lane in turn; of one alone without a thread.

    Two of the first lane go with one of the second: records use what may be asked in ten seconds nearly up, and who
    uses it up quite waits, searches too, which he could have asked meanwhile.
    """
    if len(lanes) == 1:
        yield from read(lanes[0])
        return
    first, second = lanes
    ranges = {0: lambda: _in_groups(read(first), 2), 1: lambda: _in_groups(read(second), 1)}
    with closing(abreast(ranges)) as turns:
        for _, group in turns:
            yield from group


def _in_groups(pieces: Named, size: int) -> Generator[list[tuple[str, _Piece]], None, None]:
    with closing(pieces):
        while group := list(islice(pieces, size)):
            yield group
