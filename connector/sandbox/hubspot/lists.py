"""Lists, which HubSpot's pages call segments (facts 4), and who is in them."""

from __future__ import annotations

import base64
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from connector.sandbox.http import Answer

from . import tenant
from .ask import Ask, record_id
from .members import KIND_OF, Members
from .refusals import conflict, invalid, no_endpoint, refuse
from .state import Row
from .store import holds

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

LARGEST_SEARCH, LARGEST_PAGE = 500, 250


class Lists:
    """Answers /lists/…. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        self.members = Members(world)

    def answer(self, ask: Ask) -> Answer | Row:
        """Answer one request on lists."""
        parts, method = ask.parts, ask.method
        if not parts:
            return self._create(ask) if method == "POST" else self._several(ask)
        if parts == ["search"] and method == "POST":
            return self._search(ask)
        if parts[0] == "object-type-id" and len(parts) == 4 and parts[2] == "name" and method == "GET":
            number = self._named(parts[1], parts[3])
            return {"list": self._shown(number)}
        if parts[0] == "records":
            return self._of_records(ask)
        number = self._there(parts[0])
        if len(parts) == 1:
            return self._one(ask, number)
        if parts[1] == "memberships":
            return self._memberships(ask, number, parts[2:])
        raise no_endpoint()

    # ------------------------------------------------------------------ whole lists

    def _several(self, ask: Ask) -> Row:
        asked = [record_id(text) for text in ask.words("listIds")]
        known = self._world.state.lists
        return {"lists": [self._shown(number) for number in asked if number in known]}

    def _one(self, ask: Ask, number: int) -> Answer | Row:
        if ask.method == "GET":
            return {"list": self._shown(number)}
        if ask.method == "DELETE":
            del self._world.state.lists[number]
            return Answer(status=204)
        raise no_endpoint()

    def _create(self, ask: Ask) -> Row:
        given = ask.object()
        name, kind = str(given.get("name", "")), str(given.get("objectTypeId", ""))
        how = str(given.get("processingType", ""))
        if not name or kind not in KIND_OF or how not in (tenant.MANUAL, tenant.DYNAMIC, tenant.SNAPSHOT):
            raise invalid("name, objectTypeId and processingType are required")
        if any(row["name"].lower() == name.lower() for row in self._world.state.lists.values()):
            raise conflict(f"A list with the name {name!r} exists already")
        number = 1 + max(self._world.state.lists, default=0)
        now = self._world.millis()
        self._world.state.lists[number] = {
            "name": name, "objectTypeId": kind, "processingType": how, "processingStatus": "COMPLETE",
            "createdAt": now, "updatedAt": now,
        }  # fmt: skip
        return {"list": self._shown(number)}

    def _search(self, ask: Ask) -> Row:
        given = ask.object()
        count, offset = given.get("count", 20), given.get("offset", 0)
        if not isinstance(count, int) or not 0 < count <= LARGEST_SEARCH or not isinstance(offset, int) or offset < 0:
            raise invalid(f"count must be from 1 to {LARGEST_SEARCH} and offset not negative")
        query = str(given.get("query") or "").lower()
        types, kinds = given.get("processingTypes"), given.get("objectTypeId")
        asked = {record_id(text) for text in given.get("listIds") or ()}
        found = [
            number
            for number, row in sorted(self._world.state.lists.items())
            if query in row["name"].lower()
            and (not types or row["processingType"] in types)
            and (not kinds or row["objectTypeId"] == kinds)
            and (not asked or number in asked)
        ]
        more = set(given.get("additionalProperties") or ())
        rows = []
        for number in found[offset : offset + count]:
            row = self._shown(number)
            row.pop("size")
            known = {"hs_list_size": str(len(self.members.of(number))), "hs_last_record_added_at": "0"}
            rows.append(row | {"additionalProperties": {name: known[name] for name in known if name in more}})
        end = offset + len(rows)
        return {"lists": rows, "offset": end, "hasMore": end < len(found), "total": len(found)}

    def _shown(self, number: int) -> Row:
        row = self._world.state.lists[number]
        time = self._renderer.time
        return {
            **row,
            "listId": str(number),
            "listVersion": 1,
            "createdAt": time(row["createdAt"]),
            "updatedAt": time(row["updatedAt"]),
            "filtersUpdatedAt": time(row["createdAt"]),
            "createdById": "901001",
            "updatedById": "901001",
            "size": len(self.members.of(number)),
        }

    def _there(self, text: str) -> int:
        number = record_id(text)
        if number not in self._world.state.lists:
            raise refuse(404, "OBJECT_NOT_FOUND", f"List does not exist with ID {text}.", context={"listId": [text]})
        return number

    def _named(self, kind: str, name: str) -> int:
        for number, row in self._world.state.lists.items():
            if row["objectTypeId"] == kind and row["name"].lower() == name.lower():
                return number
        raise refuse(404, "OBJECT_NOT_FOUND", f"List does not exist with name {name}.")

    # ------------------------------------------------------------------ memberships

    def _memberships(self, ask: Ask, number: int, rest: list[str]) -> Answer | Row:
        if ask.method == "GET" and rest in ([], ["join-order"]):
            return self._page(ask, number, by_time=bool(rest))
        row = self._world.state.lists[number]
        if ask.method == "PUT" and len(rest) == 1 and rest[0] in ("add", "remove", "add-and-remove"):
            if row["processingType"] == tenant.DYNAMIC:
                raise invalid(f"List {number} is DYNAMIC: memberships can only be changed by its filters.")
            return self._write(ask, number, rest[0], KIND_OF[row["objectTypeId"]])
        raise no_endpoint()

    def _page(self, ask: Ask, number: int, *, by_time: bool) -> Row:
        limit = ask.whole("limit", 100, LARGEST_PAGE)
        ids = self.members.of(number)
        if by_time:
            ids = sorted(ids, key=lambda record: (self.members.added(number, record), record))
        start = 0
        if ask.first("after"):
            last = _read_cursor(ask.first("after"))
            start = list(ids).index(last) + 1 if by_time and last in ids else bisect_right(ids, last)
        if ask.first("before") and not by_time:
            start = max(0, bisect_left(ids, _read_cursor(ask.first("before"))) - limit)
        shown = ids[start : start + limit]
        rows = [
            {"recordId": str(record), "membershipTimestamp": self._renderer.time(self.members.added(number, record))}
            for record in shown
        ]
        body: Row = {"results": rows, "total": len(ids)}
        if start + limit < len(ids):
            after = _cursor(shown[-1])
            link = f"{ask.request.base_url}{ask.request.path}?after={after}"
            body["paging"] = {"next": {"after": after, "link": link}}
        return body

    def _write(self, ask: Ask, number: int, how: str, kind: str) -> Row:
        given = ask.body()
        if how == "add-and-remove":
            add, remove = given.get("recordIdsToAdd") or [], given.get("recordIdsToRemove") or []
        else:
            add, remove = (given, []) if how == "add" else ([], given)
        if not isinstance(add, list) or not isinstance(remove, list):
            raise invalid("Invalid input JSON: expected a list of record ids")
        store, missing = self._world.stores[kind], []
        members = self.members.of(number)

        def known(texts: list[Any]) -> list[int]:
            found = []
            for text in texts:
                record = store.live(record_id(text))
                if record is None:
                    missing.append(str(text))
                else:
                    found.append(record.id)
            return found

        added = [record for record in known(add) if not holds(members, record)]
        removed = [record for record in known(remove) if holds(members, record)]
        self.members.change(number, added, removed)
        # "recordsIdsAdded" is the vendor's own spelling.
        return {
            "recordsIdsAdded": list(map(str, added)),
            "recordIdsRemoved": list(map(str, removed)),
            "recordIdsMissing": missing,
        }

    def _of_records(self, ask: Ask) -> Row:
        parts = ask.parts
        if ask.method == "GET" and len(parts) == 4 and parts[3] == "memberships":
            return {"results": self._lists_of(parts[1], record_id(parts[2])), "total": 0}
        if ask.method == "POST" and parts[1:] == ["memberships", "batch", "read"]:
            return {
                "status": "COMPLETE",
                "results": [
                    {
                        "recordId": str(row.get("recordId")),
                        "objectTypeId": row.get("objectTypeId"),
                        "listIds": [
                            entry["listId"]
                            for entry in self._lists_of(str(row.get("objectTypeId")), record_id(row.get("recordId")))
                        ],
                    }
                    for row in ask.inputs(100)
                ],
            }
        raise no_endpoint()

    def _lists_of(self, kind: str, record: int) -> list[Row]:
        return [
            {
                "listId": str(number),
                "listVersion": 1,
                "firstAddedTimestamp": self._renderer.time(self.members.added(number, record)),
                "lastAddedTimestamp": self._renderer.time(self.members.added(number, record)),
            }
            for number, row in sorted(self._world.state.lists.items())
            if row["objectTypeId"] == kind and holds(self.members.of(number), record)
        ]


def _cursor(record: int) -> str:
    return base64.b64encode(f"{record}\n".encode()).decode()


def _read_cursor(text: str) -> int:
    try:
        return int(base64.b64decode(text.replace(" ", "+"), validate=True))
    except ValueError:
        raise invalid("after is not a cursor of this list") from None
