"""The firms, each a pure function of (seed, index); firm 0 is Acme Ltd."""

from __future__ import annotations

from connector.sandbox import names, people
from connector.sandbox.people import mix

from .layout import ANCHOR, Layout
from .state import Record

# The first firms are fixed, so that the smallest world has every kind.
_FIRST = ("MANAGED_CLIENT", "VENDOR", "FORMER_CLIENT", "PROSPECT", "PARTNER", "RESELLER", "OTHER", "")
_TYPES = ("MANAGED_CLIENT",) * 11 + ("FORMER_CLIENT",) * 2 + ("PROSPECT", "VENDOR", "PARTNER")
_OWNERS = ("64492917", "64492918", "64492919")  # the last one has left


class Companies:
    """Renders planted companies on demand."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout, self._seed = layout, seed

    def type(self, k: int) -> str:
        """Return the internal value of the firm's type; empty for none."""
        return _FIRST[k] if k < len(_FIRST) else _TYPES[mix(self._seed + 3, k) >> 20 & 15]

    def name(self, k: int) -> str:
        if k > 8 and k % 40 == 29:
            return '"Quote" & <b>Sons</b> {{7*7}}'
        return people.firm_name(self._seed, k)

    def record(self, k: int) -> Record:
        """Return one company as it is stored."""
        h = mix(self._seed + 1, k)
        city, state, _ = names.CITIES[h & 7]
        updated = (ANCHOR - (h >> 8 & 0xFFF) * 3600) * 1000 - (h % 997)
        properties = {
            "name": self.name(k),
            "domain": people.firm_domain(self._seed, k),
            "type": self.type(k),
            "city": city,
            "state": state,
            "phone": f"+1 555 01{h >> 20 & 63:02d}",
            "lifecyclestage": "customer" if self.type(k) == "MANAGED_CLIENT" else "lead",
            "industry": "INFORMATION_TECHNOLOGY_AND_SERVICES" if h & 1 else "",
            "hubspot_owner_id": _OWNERS[k % 5] if k % 5 < 3 else "",
        }
        return Record(
            id=self._layout.company_ids.of(k),
            properties={name: value for name, value in properties.items() if value},
            created=updated - 200 * 86400_000,
            updated=updated,
        )
