"""Changes for a contact or company that was merged away since it was last pulled, aimed at the record that survives.

HubSpot answers an old id by the survivor when it is read; whether it takes it in an association is not documented, so
what was refused is tried once more under the id that the records have now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.adapters.hubspot.batches import Batches
from connector.adapters.hubspot.paths import COMPANIES, CONTACTS
from connector.domain import Receipt
from connector.errors import ConnectorError, RejectedError

Asked = Sequence[tuple[str, Any]]
Told = Sequence[tuple[str, Receipt | ConnectorError]]
_NAMED = {"contact_id": CONTACTS, "company_id": COMPANIES}
_ABOUT_A_RECORD = (400, 404)


class Survivors:
    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def made(self, asked: Asked, make: Callable[[Asked], Iterable[Told]]) -> Iterator[Told]:
        """What `make` tells; of those refused, those whose contact or company was merged are made again for it."""
        changes = dict(asked)
        for told in make(asked):
            refused = {key: result for key, result in told if isinstance(result, RejectedError)}
            if len(refused) < len(told):
                yield [(key, result) for key, result in told if key not in refused]
            moved = self.moved({key: changes[key] for key, e in refused.items() if e.status in _ABOUT_A_RECORD})
            if len(moved) < len(refused):
                yield [(key, error) for key, error in refused.items() if key not in moved]
            if moved:
                yield from make(list(moved.items()))

    def moved(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """By key, those changes that name a record which was merged, with the survivor in its place."""
        found: dict[str, Any] = {}
        for name, kind in _NAMED.items():
            named = {key: getattr(change, name, None) for key, change in changes.items()}
            ids = {each for each in named.values() if each and each.isascii() and each.isdigit()}
            records = self._batches.of_ids(kind, ids, []) if ids else {}
            for key, asked in named.items():
                if asked in records and records[asked].id != asked:
                    found[key] = replace(found.get(key, changes[key]), **{name: records[asked].id})
        return found
