"""A full pull of contacts in parts: ranges of ids, read side by side where the API answers slowly.

The parts stand in the cursor with how far each came, so that a pull that was killed goes on with the unfinished ones;
the last part is open at its end, for contacts made meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import id_between
from connector.adapters.connectwise.wire_types import WireContact
from connector.adapters.paging import Batch, abreast

CONTACTS = "/company/contacts"
FEWEST = 4
"""Pages of each part at least: less would not pay for the calls it adds."""


def cut(psa: Psa, pages: int) -> list[dict[str, Any]]:
    """The parts for so many pages, none where they do not pay; costs one call, for the highest id.

    Ids are given in order and seldom deleted, so equal ranges of ids hold about as many contacts each. Were the highest
    id wrong, the last part would only be longer.
    """
    number = min(psa.settings.parallel, pages // FEWEST)
    if number < 2:
        return []
    rows = psa.first(CONTACTS, WireContact, {"fields": "id", "orderBy": "id desc"})
    highest = rows[0].id if rows else 0
    edges = [highest * place // number for place in range(number)]
    return [
        {"above": above, "up_to": up_to, "after": above} for above, up_to in zip(edges, [*edges[1:], None], strict=True)
    ]


def batches(
    psa: Psa, query: Mapping[str, str], parts: list[dict[str, Any]]
) -> Generator[Batch[WireContact], None, None]:
    """The rows of all unfinished parts; `parts` is kept up as they come in, and `last` says that all are in."""
    open_parts = {place: part for place, part in enumerate(parts) if not part.get("done")}
    with closing(abreast({place: _reading(psa, query, part) for place, part in open_parts.items()})) as found:
        for place, batch in found:
            part = open_parts[place]
            part["after"] = batch.after
            if batch.last:
                part["done"] = True
            yield replace(batch, after=0, last=all(each.get("done") for each in parts), short=False)


def _reading(
    psa: Psa, query: Mapping[str, str], part: Mapping[str, Any]
) -> Callable[[], Generator[Batch[WireContact], None, None]]:
    bounds = id_between(part["above"], part["up_to"])
    given = query.get("conditions", "")
    asked = {**query, "conditions": f"({given}) and {bounds}" if given else bounds}
    after = part["after"]
    return lambda: psa.batches(CONTACTS, WireContact, asked, after=after, ahead=False)
