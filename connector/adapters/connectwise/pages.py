"""The pull: companies, contacts, then the members of each marketing group, in pages that can be resumed.

The cursor holds `watermark` (all changes up to it are in), and while a pull is under way `started`, `epoch`,
`full` and how far each range came. The tenant's own clock (Date header) sets `started`, so ours may be wrong.
Memberships have no mark of change at all and are read whole each time. A full pull every few days brings again every
contact and company the scope asks for, so it finds edits that moved no lastUpdated; it says nothing of those it does
not bring (deleted ones, or ones that left the types in scope): see "Not there yet" in this folder's README.
"""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connector.adapters.connectwise import parts, targets
from connector.adapters.connectwise.choosing import Way, choose, contact_types
from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import (
    any_type,
    changed_after_day,
    changed_since,
    moment_text,
    number,
)
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.records import (
    company_of,
    contact_of,
    member_company_of,
    member_contact_of,
)
from connector.adapters.connectwise.wire_types import (
    COMPANY_FIELDS,
    CONTACT_FIELDS,
    WireCompany,
    WireContact,
    WireMembership,
    WireStatus,
)
from connector.adapters.paging import Batch
from connector.errors import RejectedError
from connector.ports import Cursor, Page, Reconciled, Scope

VERSION = 1
COMPANIES, CONTACTS, STATUSES = "/company/companies", "/company/contacts", "/company/companies/statuses"
GROUPS = "/marketing/groups"
_log = logging.getLogger(__name__)


def pull(psa: Psa, scope: Scope, cursor: Cursor | None) -> Iterator[Page]:
    """Every page of one pull, from where `cursor` stands; the last one is `complete`.

    A group that is deleted meanwhile is finished without members; a group that left the scope is not waited for.
    """
    return _Pull(psa, scope, cursor).pages()


class _Pull:
    def __init__(self, psa: Psa, scope: Scope, cursor: Cursor | None) -> None:
        self._psa = psa
        self._wanted = contact_types(scope)
        self._types = any_type(self._wanted) if self._wanted else None
        self._gone: set[str] = set()  # groups that were deleted while they were read
        self._groups = sorted(scope.groups, key=lambda group: (len(group), group))
        self._scope = scope
        fingerprint = hashlib.sha256((self._types or "all").encode()).hexdigest()[:16]
        known = cursor if cursor and cursor.get("version") == VERSION else {}
        self._state: dict[str, Any] = copy.deepcopy(known) if known.get("scope") == fingerprint else {}
        if self._state and Way.back(self._state.get("way", {})).by_id and self._state["of"] != selected(scope):
            self._state = {}  # read by id: what another selection needs was not asked for
        if not self._state:
            # What the scope does not change is worth keeping: pulls counted, how the server reads times.
            kept: dict[str, Any] = {name: known[name] for name in ("pulls", "times", "trimmed") if name in known}
            self._state = {"version": VERSION, "scope": fingerprint, "watermark": None, **kept}
        if not self._state.get("started"):
            self._begin()

    def pages(self) -> Iterator[Page]:
        todo = [name for name in self._range_names() if not self._at(name).get("done")]
        for name in todo:
            with closing(self._batches(name)) as batches:
                yield from self._range(name, batches, final=name == todo[-1])
        if not todo:  # the pull stopped in a group that has left the scope since: all that is asked for is in
            reconciled, epoch = self._reconciled(), self._epoch()
            self._end()
            yield Page(cursor=copy.deepcopy(self._state), epoch=epoch, complete=True, reconciled=reconciled)

    def _range(self, name: str, batches: Iterator[Batch[Any]], *, final: bool) -> Iterator[Page]:
        short = False
        for batch in batches:
            self._state["started"] = self._state["started"] or self._tenant_time(batch)
            self._note(name, batch)
            if short and batch.rows:
                self._state["trimmed"] = True
            short = batch.short
            content = self._content(name, batch.rows)
            if name == "targets" and batch.last:
                self._state["targets"] = targets.settled(self._state["targets"])
            yield self._page(name, batch, content, complete=batch.last and final)

    # ------------------------------------------------------------ ranges
    def _range_names(self) -> list[str]:
        groups = [f"{group} {of}" for group in self._groups for of in ("contacts", "companies")]
        way = self._way()
        if not way.by_id:
            return ["companies", "contacts", *groups]
        if self._state["full"]:  # by id: companies and members say whose contacts are wanted
            return ["companies", *groups, *(["contacts"] if way.types else []), "targets"]
        return ["companies", "contacts", *groups, "targets"]

    def _way(self) -> Way:
        """How contacts are read whole; chosen when a full pull begins, and remembered until the next."""
        state = self._state
        if "way" not in state:
            begins = state["full"] and not state["ranges"]
            way = choose(self._psa, self._scope) if begins else Way(types=tuple(self._wanted) if self._types else ())
            state |= {"way": way.kept(), "of": selected(self._scope), "targets": targets.nobody()}
        return Way.back(state["way"])

    def _batches(self, name: str) -> Generator[Batch[Any], None, None]:
        after = int(self._at(name).get("after", 0))
        if name == "companies":
            if self._state["full"] and not after:
                self._read_statuses()
            query = {"fields": COMPANY_FIELDS, **self._changed()}
            return self._psa.batches(COMPANIES, WireCompany, query, after=after, ends_below=self._ends_below())
        if name == "contacts":
            wanted = any_type(self._way().types) if self._state["full"] and self._way().types else None
            types = {"childConditions": wanted} if wanted else {}
            query = {"fields": CONTACT_FIELDS, **types, **self._changed()}
            if self._parts(after):
                return parts.batches(self._psa, query, self._state["parts"])
            return self._psa.batches(CONTACTS, WireContact, query, after=after, ends_below=self._ends_below())
        if name == "targets":
            return targets.batches(self._psa, self._state["targets"], after)
        return self._members(name, after)

    def _parts(self, after: int) -> bool:
        """Whether a full pull reads contacts in parts; decided when it comes to them, and kept until it is through."""
        state = self._state
        if "parts" not in state:
            state["parts"] = parts.cut(self._psa, self._way().calls) if state["full"] and not after else []
        return bool(state["parts"])

    def _members(self, name: str, after: int) -> Generator[Batch[Any], None, None]:
        """The rows of a group; none more once it is deleted. A 404 while the group still exists is raised."""
        group, _, of = name.partition(" ")
        path = f"{GROUPS}/{number(group)}/{of}"
        try:
            with closing(
                self._psa.batches(path, WireMembership, {}, after=after, ends_below=self._ends_below())
            ) as batches:
                yield from batches
        except RejectedError as error:
            if not is_missing(error) or self._psa.count(f"{GROUPS}/count", {"conditions": f"id={group}"}):
                raise
            words = "marketing group %s was deleted while it was read; its known members stay: %s"
            _log.warning(words, group, error)
            self._gone.add(group)
            yield Batch(rows=(), after=after, last=True)

    def _ends_below(self) -> int:
        """Some servers name a `next` even on the last page. Following it costs a call for each range.

        A full pull always does. Later ones believe a page less than half full, unless this tenant has ever shown a
        short page with more behind it.
        """
        trusted = not self._state["full"] and not self._state.get("trimmed")
        return self._psa.settings.page_size // 2 if trusted else 0

    def _changed(self) -> dict[str, str]:
        since = self._since()
        if since is None:
            return {}
        exact = self._state.get("times") == "exact"
        return {"conditions": changed_since(since) if exact else changed_after_day(since)}

    def _since(self) -> datetime | None:
        if self._state["full"]:
            return None
        return self._psa.settings.read_from(datetime.fromisoformat(self._state["watermark"]))

    def _content(self, name: str, rows: Sequence[Any]) -> dict[str, Any]:
        connection = self._psa.connection
        if name in ("companies", "contacts"):
            rows = self._really_changed(rows)
        content = self._known(connection, name, rows)
        if self._way().by_id:
            targets.note(
                self._state["targets"], self._way(), content.get("companies", ()), content.get("memberships", ())
            )
        return content

    def _known(self, connection: str, name: str, rows: Sequence[Any]) -> dict[str, Any]:
        if name == "companies":
            self._know_statuses(rows)
            own = self._psa.settings.own_identifier
            known = self._state["statuses"]
            return {"companies": [company_of(connection, row, inactive_statuses=known, own=own) for row in rows]}
        if name in ("contacts", "targets"):
            return {"contacts": [contact_of(connection, row) for row in rows]}
        group, _, of = name.partition(" ")
        each = member_contact_of if of == "contacts" else member_company_of
        return {"memberships": [each(connection, group, row) for row in rows]}

    def _really_changed(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Where only whole days can be asked for, leave out what we surely have."""
        since = self._since()
        if since is None or self._state.get("times") == "exact":
            return rows
        text = moment_text(since)
        return [row for row in rows if not row.info or not row.info.last_updated or row.info.last_updated > text]

    # ------------------------------------------------------------ the cursor
    def _begin(self) -> None:
        state, now = self._state, self._psa.context.now()
        last_full = state.get("full_at")
        state["full"] = (
            not state.get("watermark")
            or not last_full
            or self._psa.settings.full_pull_due(datetime.fromisoformat(last_full), now=now)
        )
        state["pulls"] = state.get("pulls", 0) + 1
        state |= {"started": None, "ranges": {}}
        state.setdefault("statuses", {})
        if state["full"]:
            state.pop("way", None)

    def _at(self, name: str) -> dict[str, Any]:
        at: dict[str, Any] = self._state["ranges"].get(name, {})
        return at

    def _note(self, name: str, batch: Batch[Any]) -> None:
        self._state["ranges"][name] = {"done": True} if batch.last else {"after": batch.after}
        if name not in ("contacts", "targets") or not self._state["full"]:
            return
        updated = [row.info.last_updated for row in batch.rows if row.info and row.info.last_updated]
        self._state["newest"] = max([self._state.get("newest", ""), *updated])
        if batch.last:
            self._try_times()

    def _page(self, name: str, batch: Batch[Any], content: dict[str, Any], *, complete: bool) -> Page:
        state = self._state
        epoch = self._epoch()
        reconciled, told = None, self._told()
        if complete:
            reconciled = self._reconciled()
            self._end()
        group, _, of = name.partition(" ")
        return Page(
            cursor=copy.deepcopy(state),
            epoch=epoch,
            # A group deleted while it was read keeps its known members: the opt-outs among them must go on holding.
            finished_groups=(group,) if of == "companies" and batch.last and group not in self._gone else (),
            complete=complete,
            reconciled=reconciled,
            told=told if complete else {},
            **content,
        )

    def _told(self) -> dict[str, int | str]:
        """Which way contacts were read whole, and what that was thought to cost."""
        if not self._state["full"]:
            return {}
        way, cut = self._way(), len(self._state.get("parts", ()))
        extra = {"side_by_side": cut, "calls_extra": cut} if cut else {}  # the highest id, and each part's last page
        return {"read_whole": way.why, "calls_planned": way.calls + cut, **extra}

    def _epoch(self) -> str:
        """The name of this pull in the rows it shows: short, for each contact carries it."""
        began = datetime.fromisoformat(self._state["started"])
        return f"{self._state['pulls']}-{int(began.timestamp())}"

    def _reconciled(self) -> Reconciled | None:
        """What a full pull has shown; `again` forgets that it was, and leaves the watermark where it stood."""
        state = self._state
        if not state["full"]:
            return None
        again = {name: value for name, value in state.items() if name not in ("newest", "full_at", "parts", "way")}
        again |= {"started": None, "full": False, "ranges": {}}
        return Reconciled(coverage=targets.coverage(state["targets"], self._way()), again=copy.deepcopy(again))

    def _end(self) -> None:
        """Everything is in: the next pull asks from where this one began."""
        state = self._state
        state["watermark"] = state["started"]
        if state["full"]:
            state["full_at"] = state["started"]
        state |= {"started": None, "full": False, "ranges": {}}
        for name in ("newest", "parts"):
            state.pop(name, None)

    def _tenant_time(self, batch: Batch[Any]) -> str:
        try:
            at = parsedate_to_datetime(batch.date)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
        except (ValueError, TypeError):
            return self._psa.context.now().isoformat()

    def _try_times(self) -> None:
        """Once in a Connection's life: does `lastUpdated > [time]` find the contact that surely matches?

        One server is reported to find nothing by a time and to understand whole days only; an incremental pull
        would then lose every change without a word.
        """
        if self._state.get("times") == "exact" or not self._state["newest"]:
            return
        try:
            newest = datetime.fromisoformat(self._state["newest"])
        except ValueError:
            return
        found = self._psa.count(f"{CONTACTS}/count", {"conditions": changed_since(newest - timedelta(seconds=1))})
        self._state["times"] = "exact" if found else "day"

    # ------------------------------------------------------------ company statuses
    def _read_statuses(self) -> None:
        rows = self._psa.rows(STATUSES, WireStatus, {})
        self._state["statuses"] = {str(row.id): bool(row.inactive_flag) for row in rows}

    def _know_statuses(self, rows: Sequence[WireCompany]) -> None:
        known = self._state["statuses"]
        if any(row.status is not None and row.status.id and str(row.status.id) not in known for row in rows):
            self._read_statuses()
            for row in rows:  # one that even the list does not have is asked for once, then taken as active
                if row.status is not None and row.status.id:
                    self._state["statuses"].setdefault(str(row.status.id), False)


def selected(scope: Scope) -> str:
    """A name for what the selections of a scope include."""
    text = sorted(str(sorted((f.value, sorted(ids)) for f, ids in each.include.items())) for each in scope.selections)
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]
