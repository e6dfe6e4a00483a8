"""ConnectWise PSA: contacts, companies and marketing groups out; answers, tickets and notes in.

Only the settings are imported here; the vendor side is imported when a Connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.connectwise.settings import ConnectWiseSettings
from connector.domain import Facet
from connector.ports import AdapterSpec, Context, Ports, Wire


def _wire(settings: ConnectWiseSettings, guard: Callable[[], None]) -> Wire:
    from connector.adapters.connectwise.client import open_wire

    return open_wire(settings, guard)


def _open(settings: ConnectWiseSettings, context: Context) -> Ports:
    from connector.adapters.connectwise.client import Psa
    from connector.adapters.connectwise.sink import ConnectWiseSink
    from connector.adapters.connectwise.source import ConnectWiseSource
    from connector.adapters.connectwise.watch import ConnectWiseWatch

    psa = Psa(settings, context)
    return Ports(source=ConnectWiseSource(psa), sink=ConnectWiseSink(psa), watch=ConnectWiseWatch(psa))


SPEC = AdapterSpec(
    kind="connectwise",
    label="ConnectWise PSA",
    settings=ConnectWiseSettings,
    facets=frozenset(Facet),
    changes=frozenset({"record_response", "open_ticket", "add_note"}),
    catalogues=frozenset({"boards", "statuses of <board>", "priorities", "members", "sources", "custom_fields"}),
    wire=_wire,
    open=_open,
)

__all__ = ["SPEC", "ConnectWiseSettings"]
