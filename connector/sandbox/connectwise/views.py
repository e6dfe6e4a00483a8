"""Sub-resources of a contact that are another look at the same facts: edits go to the one place they live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .state import Row

if TYPE_CHECKING:
    from .world import World


class Communications:
    """/company/contacts/{id}/communications: the contact's communicationItems."""

    name = "communications"

    def __init__(self, world: World) -> None:
        self.world = world

    def ids(self, parent: int) -> Sequence[int]:
        return sorted(item["id"] for item in self._items(parent))

    def row(self, parent: int, number: int) -> Row | None:
        contact = self.world.tables["contacts"].row(0, parent) or {}
        for item in self._items(parent):
            if item["id"] == number:
                return item | {"contactId": parent, "_info": contact["_info"]}
        return None

    def put(self, parent: int, number: int, row: Row) -> None:
        item = {name: value for name, value in row.items() if name not in ("contactId", "_info")}
        items = [item if old["id"] == number else old for old in self._items(parent)]
        if item not in items:
            items.append(item)
        self._store(parent, items, item)

    def remove(self, parent: int, number: int) -> None:
        self._store(parent, [item for item in self._items(parent) if item["id"] != number], None)

    def new_id(self) -> int:
        return self.world.next_communication_id()

    def parent_of(self, _: int) -> int | None:
        return None

    def _items(self, parent: int) -> list[Row]:
        contact = self.world.tables["contacts"].row(0, parent)
        return list(contact["communicationItems"]) if contact else []

    def _store(self, parent: int, items: list[Row], newest: Row | None) -> None:
        self.world.edit_contact(parent, communicationItems=one_default(items, newest))


class TypeAssociations:
    """/company/contacts/{id}/typeAssociations: the contact's types; an association's id is made of both ids."""

    name = "type_associations"

    def __init__(self, world: World) -> None:
        self.world = world

    def ids(self, parent: int) -> Sequence[int]:
        return sorted(parent * 100 + number for number in self._types(parent))

    def row(self, parent: int, number: int) -> Row | None:
        contact, kind = divmod(number, 100)
        if contact != parent or kind not in self._types(parent):
            return None
        row = self.world.tables["contacts"].row(0, parent) or {}
        return {"id": number, "type": kind, "contact": parent, "_info": row["_info"]}

    def put(self, parent: int, number: int, row: Row) -> None:
        kinds = [kind for kind in self._types(parent) if kind != number % 100]
        self._store(parent, [*kinds, row["type"]])

    def remove(self, parent: int, number: int) -> None:
        self._store(parent, [kind for kind in self._types(parent) if kind != number % 100])

    def new_id(self) -> int:
        return 0

    def parent_of(self, number: int) -> int | None:
        return number // 100

    def _types(self, parent: int) -> list[int]:
        contact = self.world.tables["contacts"].row(0, parent)
        return list(contact["types"]) if contact else []

    def _store(self, parent: int, types: list[int]) -> None:
        touches = self.world.readings["type_association_touches_contact"] == "yes"
        self.world.edit_contact(parent, touch=touches, types=sorted(set(types)))


class ContactGroups:
    """/company/contacts/{id}/groups: the contact's rows in marketing groups; the id is the group's."""

    name = "contact_groups"

    def __init__(self, world: World) -> None:
        self.world = world

    def ids(self, parent: int) -> Sequence[int]:
        members = self.world.tables["group_contacts"]
        groups = self.world.tables["groups"].ids(0)
        return [group for group in groups if members.row(group, parent) is not None]

    def row(self, parent: int, number: int) -> Row | None:
        member = self.world.tables["group_contacts"].row(number, parent)
        if member is None:
            return None
        return {
            "id": number,
            "group": number,
            "contact": parent,
            "description": member.get("note", ""),
            "unsubscribeFlag": member["unsubscribeFlag"],
            "_info": member["_info"],
        }

    def put(self, parent: int, _: int, row: Row) -> None:
        members = self.world.tables["group_contacts"]
        group = row["group"]
        old = members.row(group, parent) or {"id": parent, "groupId": group, "note": ""}
        flag = {"unsubscribeFlag": bool(row.get("unsubscribeFlag")), "_info": row["_info"]}
        members.put(group, parent, old | flag)

    def remove(self, parent: int, number: int) -> None:
        self.world.tables["group_contacts"].remove(number, parent)

    def new_id(self) -> int:
        return 0

    def parent_of(self, _: int) -> int | None:
        return None


def one_default(items: list[Row], newest: Row | None) -> list[Row]:
    """Keep one default for each kind of communication: the newest wins.

    Recorded from the vendor: a Fax added as default turned the earlier default Fax off (facts 4.1).
    """
    if newest is None or not newest.get("defaultFlag"):
        return items
    kind = newest["communicationType"]
    return [
        item | {"defaultFlag": False}
        if item is not newest and item["id"] != newest["id"] and item["communicationType"] == kind
        else item
        for item in items
    ]
