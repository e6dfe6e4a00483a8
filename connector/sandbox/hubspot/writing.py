"""Create, update, archive, merge and erase records of the objects API, one at a time (facts 2, 2.3, 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer

from . import schema, tenant
from .ask import Ask, record_id
from .associating import Associating, object_type
from .reading import Reading, alive
from .refusals import Refusal, bad_values, conflict, invalid, not_found
from .state import BY_API, Record, Row
from .values import checked

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

Linked = list[tuple[str, int, tuple[int, ...]]]


class Writing:
    """Changes records. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer, reading: Reading, associating: Associating) -> None:
        self._world, self._renderer = world, renderer
        self._reading, self._associating = reading, associating

    # ------------------------------------------------------------------ one record

    def create(self, ask: Ask, kind: str, given: Row) -> Record:
        """Make a record with its associations; nothing is made where any part is refused."""
        found = checked(self._world, ask, kind, given.get("properties") or {}, None)
        linked = self._linked(ask, kind, given.get("associations") or ())
        self._unique(kind, found, 0)
        address = found.get("email")
        if kind == schema.CONTACTS and address in self._world.state.blocked:
            raise bad_values(("email", "INVALID_EMAIL", f"{address} was erased and may not be added again"))
        now = self._world.millis()
        blank = Record(id=self._world.stores[kind].new_id(), properties={}, created=now, updated=now)
        record = replace(blank.changed(found, now, BY_API), updated=now)
        self._world.stores[kind].put(record, lag=True)
        for to, other, types in linked:
            self._associating.link(kind, record.id, to, other, types)
        return record

    def update(self, ask: Ask, kind: str, name: str, given: Any, id_property: str = "") -> Record:
        """Change properties of a record; an empty value clears one."""
        number = self._reading.found(kind, name, id_property)
        store = self._world.stores[kind]
        led = store.resolve(number)
        if led != number and self._world.readings["write_to_merged_id"] == "404":
            raise not_found(name)
        record = alive(store.record(led) if number else None, name)
        found = checked(self._world, ask, kind, given, record)
        self._unique(kind, found, record.id)
        company = found.pop("associatedcompanyid", None) if kind == schema.CONTACTS else None
        if company:
            self._world.links.add(kind, record.id, schema.COMPANIES, record_id(company), (1,))
        after = record.changed(found, self._world.millis(), BY_API)
        store.put(after, lag=True)
        return after

    def shown(self, kind: str, record: Record, *names: str) -> Row:
        """Return a written record with the defaults and all that was written."""
        wanted = self._renderer.wanted(kind, [*schema.DEFAULTS.get(kind, schema.OTHER_DEFAULTS), *names])
        return self._renderer.record(kind, record, wanted)

    def archive(self, kind: str, name: str) -> None:
        """Archive a record; one that is not there is no error. Its links go with it."""
        store = self._world.stores[kind]
        number = store.resolve(record_id(name))
        if store.live(number) is not None:
            store.archive(number, lag=True)
            self._world.links.remove_all(kind, number)

    def posted(self, ask: Ask, kind: str) -> Answer:
        """Answer the creation of one record."""
        given = ask.object()
        record = self.create(ask, kind, given)
        return Answer(status=201, body=msgspec.json.encode(self.shown(kind, record, *(given.get("properties") or ()))))

    # ------------------------------------------------------------------ merge and erase

    def merge(self, ask: Ask, kind: str) -> Row:
        """Merge two records: a new id takes over, and both old ones lead to it (facts 2.3)."""
        given = ask.object()
        return self.merged(kind, str(given.get("primaryObjectId", "")), str(given.get("objectIdToMerge", "")))

    def merged(self, kind: str, first: str, second: str) -> Row:
        """Merge by ids given as text; raise a 404 or a 400 where that cannot be."""
        world, store = self._world, self._world.stores[kind]
        primary, other = alive(store.live(record_id(first)), first), alive(store.live(record_id(second)), second)
        if primary.id == other.id:
            raise invalid("Cannot merge a record with itself")
        number = primary.id if world.readings["merge_id"] == "primary" else store.new_id()
        now = world.millis()
        swallowed = [primary.id, other.id] if number != primary.id else [other.id]
        properties = {**other.properties, **primary.properties}
        before = primary.properties.get("hs_merged_object_ids", "").split(";")
        before += other.properties.get("hs_merged_object_ids", "").split(";")
        properties["hs_merged_object_ids"] = ";".join(part for part in (*before, *map(str, swallowed)) if part)
        if kind == schema.CONTACTS:
            properties["hs_calculated_merged_vids"] = ";".join(f"{old}:{now}" for old in swallowed)
            more = [primary.properties.get("hs_additional_emails", ""), other.properties.get("email", "")]
            more += [other.properties.get("hs_additional_emails", "")]
            kept = dict.fromkeys(part for text in more for part in text.split(";") if part)
            kept.pop(properties.get("email", ""), None)
            properties |= {"hs_additional_emails": ";".join(kept)} if kept else {}
        for old in swallowed:
            world.links.move(kind, old, number, keep_primary=old == primary.id)
        self._follow_in_lists(kind, swallowed, number)
        for old in swallowed:
            store.remove(old)
        record = Record(
            id=number,
            properties=properties,
            created=min(primary.created, other.created),
            updated=now,
            history=primary.history,
        )
        store.put(record, lag=True)
        world.state.aliases.setdefault(kind, {}).update(dict.fromkeys(swallowed, number))
        return self.shown(kind, record)

    def erase(self, ask: Ask) -> Answer:
        """Delete a contact for good (GDPR); an unknown address is kept from ever being added."""
        given = ask.object()
        name, world = str(given.get("objectId", "")), self._world
        number = self._reading.found(schema.CONTACTS, name, str(given.get("idProperty") or ""))
        if not number and given.get("idProperty") == "email":
            world.state.blocked.add(name.strip().lower())
        self.erased(number)
        return Answer(status=204)

    def erased(self, number: int) -> bool:
        """Forget a contact and its links; False for an unknown one."""
        store = self._world.stores[schema.CONTACTS]
        record = store.record(store.resolve(number))
        if record is None:
            return False
        self._world.links.remove_all(schema.CONTACTS, record.id)
        store.remove(record.id)
        if "email" in record.properties:
            self._world.state.blocked.add(record.properties["email"].lower())
        return True

    # ------------------------------------------------------------------ inside

    def _linked(self, ask: Ask, kind: str, given: Any) -> Linked:
        """Return the associations of a creation as (type, id, type ids); raise a 400 for a wrong one."""
        found: Linked = []
        for row in given:
            types = row.get("types") or ()
            pair = next((p for p in tenant.ASSOCIATIONS if p[0] == kind and self._fits(p, types)), None)
            if pair is None:
                raise invalid(f"One or more associations are not valid for {kind}: {types}")
            number = record_id((row.get("to") or {}).get("id"))
            record = self._world.stores[pair[1]].live(number)
            if record is None:
                raise invalid(f"Object not found: {pair[1]} {number} cannot be associated")
            found.append((pair[1], record.id, self._associating.type_ids(*pair, types)))
        rules = self._world.state.rules.get(kind, {})
        for to in rules.get("associations", ()) if ask.version == "2026-09" else ():
            if object_type(to) not in {linked for linked, _, _ in found}:
                raise invalid(f"An association to {to} is required on {kind}", subCategory="ASSOCIATION_REQUIRED")
        return found

    def _fits(self, pair: tuple[str, str], types: Any) -> bool:
        try:
            self._associating.type_ids(*pair, types)
        except Refusal:
            return False
        return True

    def _unique(self, kind: str, found: dict[str, str | None], number: int) -> None:
        for name in self._world.unique_names(kind):
            value = found.get(name)
            holder = self._world.holder(kind, name, value) if value else None
            if holder is None or holder == number:
                continue
            if name == "email":
                raise conflict(f"Contact already exists. Existing ID: {holder}")
            message = f"A {schema.SINGULAR.get(kind, kind)} with {name}={value} already exists. Existing ID: {holder}"
            if self._world.readings["unique_conflict"] == "409":
                raise conflict(message)
            raise bad_values((name, "CONFLICTING_UNIQUE_VALUE", message))

    def _follow_in_lists(self, kind: str, swallowed: list[int], number: int) -> None:
        """The survivor takes the place of the swallowed in the lists."""
        for place, row in self._world.state.lists.items():
            members = self._world.state.members.get(place)
            if row["objectTypeId"] == schema.TYPE_IDS[kind] and members is not None:
                if any(members.get(old) for old in swallowed):
                    members[number] = self._world.millis()
                self._world.changed(f"list {place}")
