"""The pull: accounts, contacts, merges, then the members of campaigns, in pages that can be resumed.

The cursor holds `watermark` (all changes up to it are in), and while a pull is under way `started`, `full` and how far
each range came. The org's own clock (Date header) sets `started`. What changed is told by SystemModstamp, which moves
with bounces too; rows that were committed late carry an older stamp, so each pull reads some minutes again. Formulas
move nothing, and what left an emptied recycle bin leaves no row: a full pull every few days finds both.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from connector.adapters.paging.abreast import abreast
from connector.adapters.salesforce import campaigns
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.columns import Columns, account_columns, contact_columns, needed
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.ranges import Batch, Query, read
from connector.adapters.salesforce.records import company_of, contact_of, member_of, own_name, survivors
from connector.adapters.salesforce.scoping import contact_types, of_types
from connector.adapters.salesforce.soql import pieces, soql
from connector.adapters.salesforce.wire_types import WireAccount, WireContact, WireMember, WireMerged
from connector.errors import AuthError
from connector.ports import Coverage, Cursor, Page, Reconciled, Scope

VERSION = 1
GROUPS_AT_ONCE = 200
_TOGETHER = ("accounts", "contacts")


def pull(org: Org, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
    """Every page of one pull, from where `cursor` stands; the last one is `complete`."""
    return _Pull(org, scope, cursor).pages()


def visible(org: Org) -> tuple[Columns[WireContact], Columns[WireAccount]]:
    """How contacts and accounts are read. Raises AuthError where the user may not see them at all, or not the fields
    without which people would be asked who must not be."""
    contacts, accounts = (_there(org.described(name), name) for name in ("Contact", "Account"))
    needed(org.settings, contacts, accounts)
    return contact_columns(org.settings, contacts), account_columns(org.settings, accounts)


class _Pull:
    def __init__(self, org: Org, scope: Scope, cursor: Cursor | None) -> None:
        self._org = org
        self._contacts, self._accounts = visible(org)
        self._own = own_name(org.settings.own_company)
        self._types = contact_types(scope)
        described = org.described("Contact")
        self._of_types = of_types(described, org.settings.contact_type_field, self._types) if described else ""
        self._groups = sorted(scope.groups)
        # Fields seen for the first time have a past nobody has read; fields that are hidden now make consent unknown.
        parts = [self._of_types, *self._contacts.fields, "|", *self._accounts.fields]
        fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        known = cursor if cursor and cursor.get("version") == VERSION else {}
        self._state: dict[str, Any] = copy.deepcopy(known) if known.get("scope") == fingerprint else {}
        if not self._state:
            # A watermark of another scope still tells since when contacts may have been merged.
            kept = {name: known[name] for name in ("pulls", "watermark") if known.get(name)}
            self._state = {"version": VERSION, "scope": fingerprint, "watermark": None, **kept}
        if not self._state.get("started"):
            self._begin()

    def pages(self) -> Iterator[Page]:
        ranges = self._ranges()
        todo = [name for name in ranges if not self._done(name)]
        for name, batch in self._batches({name: ranges[name][0] for name in todo}):
            self._note(name, batch)
            yield self._page(name, batch, ranges[name][1](batch.rows), complete=all(map(self._done, ranges)))
        if not todo:  # the pull stopped in a group that has left the scope since: all that is asked for is in
            yield self._page("", Batch(rows=(), last=True, at={}), {}, complete=True)

    def _batches(self, queries: dict[str, Query[Any]]) -> Iterator[tuple[str, Batch[Any]]]:
        """Accounts and contacts are read side by side, so that two answers are waited for at once; the others follow.

        Not so near a fuse: which call it stops would depend on the moment, and a record of it could not be replayed.
        """
        now = self._now
        readers = {name: partial(read, self._org, query, self._at(name), now=now) for name, query in queries.items()}
        if self._org.limits.ample and all(name in readers for name in _TOGETHER):
            with closing(abreast({name: readers.pop(name) for name in _TOGETHER})) as found:
                yield from found
        for name, reader in readers.items():
            yield from ((name, batch) for batch in reader())

    # ------------------------------------------------------------ ranges
    def _ranges(self) -> dict[str, tuple[Query[Any], Callable[[Sequence[Any]], dict[str, Any]]]]:
        """By name what is asked for, and what is made of its rows; in the order in which they are read."""
        full, since = self._state["full"], self._since()
        deleted = not full
        ranges: dict[str, tuple[Query[Any], Callable[[Sequence[Any]], dict[str, Any]]]] = {
            "accounts": (self._query(self._accounts, deleted), self._of_accounts),
            "contacts": (
                self._query(self._contacts, deleted, *([self._of_types] if full and self._of_types else [])),
                self._of_contacts,
            ),
        }
        if (
            self._reads_merges() and since is not None
        ):  # a full pull shows nobody who was merged meanwhile, so they are asked for
            ranges["merges"] = (self._merges(since), self._of_merges)
        for number, groups in enumerate(pieces(self._groups, GROUPS_AT_ONCE)):
            name = f"members {number}"
            if self._state["groups"].get(name, groups) != groups:  # others than before are in scope now
                self._at(name).clear()
            self._state["groups"][name] = groups
            ranges[name] = (campaigns.members(self._org, groups), self._of_members)
        return ranges

    def _query(self, columns: Columns[Any], deleted: bool, *conditions: str) -> Query[Any]:
        return Query(
            source=columns.source,
            row=columns.row,
            fields=columns.selected(deleted=deleted),
            conditions=conditions,
            everything=deleted,
            since=None if self._state["full"] else self._since(),
            flags=columns.flags,
        )

    def _merges(self, since: datetime) -> Query[WireMerged]:
        """https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_merge.htm"""
        return Query(
            source="Contact",
            row=WireMerged,
            fields=("Id", "MasterRecordId", "SystemModstamp"),
            conditions=(
                soql("IsDeleted = true AND MasterRecordId != null AND SystemModstamp >= {since}", since=since),
            ),
            everything=True,
            by_time=False,
        )

    def _of_accounts(self, rows: Sequence[WireAccount]) -> dict[str, Any]:
        connection, columns, own = self._org.connection, self._accounts, self._own
        return {
            "companies": [company_of(connection, row, columns, own=own) for row in rows if not row.is_deleted],
            "gone_companies": [row.id for row in rows if row.is_deleted],
        }

    def _of_contacts(self, rows: Sequence[WireContact]) -> dict[str, Any]:
        """Merged contacts are told with the last page of this range: the survivor may come behind them."""
        connection, columns = self._org.connection, self._contacts
        for row in rows:
            if row.is_deleted and row.master_record_id:
                self._state["merged"][row.id] = row.master_record_id
        return {
            "contacts": [contact_of(connection, row, columns) for row in rows if not row.is_deleted],
            "gone_contacts": [row.id for row in rows if row.is_deleted and not row.master_record_id],
        }

    def _of_merges(self, rows: Sequence[WireMerged]) -> dict[str, Any]:
        self._state["merged"] |= {row.id: row.master_record_id for row in rows if row.master_record_id}
        return {}

    def _of_members(self, rows: Sequence[WireMember]) -> dict[str, Any]:
        connection, out = self._org.connection, frozenset(map(str.casefold, self._org.settings.member_opt_out_statuses))
        return {"memberships": [member_of(connection, row, opted_out=out) for row in rows if row.contact_id]}

    # ------------------------------------------------------------ pages and the cursor
    def _page(self, name: str, batch: Batch[Any], content: dict[str, Any], *, complete: bool) -> Page:
        state, epoch = self._state, self._epoch()
        groups: Sequence[str] = ()
        if name.startswith("members") and batch.last:
            groups = tuple(pieces(self._groups, GROUPS_AT_ONCE))[int(name.split()[1])]
        if batch.last and name == ("merges" if self._reads_merges() else "contacts") and state["merged"]:
            content["merged"], state["merged"] = survivors(state["merged"]), {}
        reconciled, told = (self._reconciled(), self._told()) if complete else (None, {})
        if complete:
            self._end()
        return Page(
            cursor=copy.deepcopy(state),
            epoch=epoch,
            finished_groups=groups,
            complete=complete,
            reconciled=reconciled,
            told=told,
            **content,
        )

    def _begin(self) -> None:
        state, now = self._state, self._now()
        last_full = state.get("full_at")
        due = not last_full or self._org.settings.full_pull_due(datetime.fromisoformat(last_full), now=now)
        state["full"] = not state.get("watermark") or due
        state["pulls"] = state.get("pulls", 0) + 1
        state |= {"started": None, "ranges": {}, "merged": {}, "groups": {}, "ways": {}}

    def _at(self, name: str) -> dict[str, Any]:
        at: dict[str, Any] = self._state["ranges"].setdefault(name, {})
        return at

    def _done(self, name: str) -> bool:
        return bool(self._at(name).get("done"))

    def _note(self, name: str, batch: Batch[Any]) -> None:
        self._state["ranges"][name] = batch.at
        self._state["started"] = self._state["started"] or self._org_time(batch.date)
        if batch.way:
            self._state["ways"][name.split()[0]] = batch.way

    def _reads_merges(self) -> bool:
        described = self._org.described("Contact")
        seen = described is not None and described.has("MasterRecordId")
        return bool(seen and self._state["full"] and self._state.get("watermark"))

    def _since(self) -> datetime | None:
        watermark = self._state.get("watermark")
        return self._org.settings.read_from(datetime.fromisoformat(watermark)) if watermark else None

    def _told(self) -> dict[str, int | str]:
        ways = self._state["ways"]
        hidden = [f"{columns.source}.{name}" for columns in (self._contacts, self._accounts) for name in columns.hidden]
        told: dict[str, int | str] = {"read_by": ", ".join(f"{name} {way}" for name, way in sorted(ways.items()))}
        if hidden:
            told["hidden_fields"] = ", ".join(hidden)
        return told

    def _epoch(self) -> str:
        """The name of this pull in the rows it shows: short, for each contact carries it."""
        began = datetime.fromisoformat(self._state["started"] or self._org_time(""))
        return f"{self._state['pulls']}-{int(began.timestamp())}"

    def _reconciled(self) -> Reconciled | None:
        """What a full pull has shown; `again` forgets that it was, and leaves the watermark where it stood."""
        state = self._state
        if not state["full"]:
            return None
        again = {name: value for name, value in state.items() if name != "full_at"}
        again |= {"started": None, "full": False, "ranges": {}, "merged": {}, "groups": {}, "ways": {}}
        types = self._types if self._of_types else None
        return Reconciled(coverage=Coverage(contact_types=types), again=copy.deepcopy(again))

    def _end(self) -> None:
        """Everything is in: the next pull asks from where this one began."""
        state = self._state
        state["watermark"] = state["started"] or self._org_time("")
        if state["full"]:
            state["full_at"] = state["watermark"]
        state |= {"started": None, "full": False, "ranges": {}, "merged": {}, "groups": {}, "ways": {}}

    def _now(self) -> datetime:
        return self._org.context.now()

    def _org_time(self, date: str) -> str:
        try:
            at = parsedate_to_datetime(date)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
        except (ValueError, TypeError):
            return self._now().isoformat()


def _there(described: Described | None, name: str) -> Described:
    if described is None:
        raise AuthError(f"the user may not see {name} records; give its permission set Read on {name}")
    return described
