"""ConnectWise PSA: contacts, companies and marketing groups out; answers, tickets and notes in.

Only the settings are imported here; the vendor side is imported when a Connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.connectwise.settings import ConnectWiseSettings
from connector.domain import Facet
from connector.ports import AdapterSpec, Context, Ear, Ports, Vault, Wire


def _wire(settings: ConnectWiseSettings, guard: Callable[[], None], _vault: Vault) -> Wire:
    from connector.adapters.connectwise.client import open_wire

    return open_wire(settings, guard)


def _open(settings: ConnectWiseSettings, context: Context) -> Ports:
    from connector.adapters.connectwise.callbacks import ConnectWiseHints
    from connector.adapters.connectwise.cautions import ConnectWiseCautions
    from connector.adapters.connectwise.client import Psa
    from connector.adapters.connectwise.field_setup import ConnectWiseFields
    from connector.adapters.connectwise.sink import ConnectWiseSink
    from connector.adapters.connectwise.source import ConnectWiseSource
    from connector.adapters.connectwise.undo import ConnectWiseUndo
    from connector.adapters.connectwise.watch import ConnectWiseWatch

    psa = Psa(settings, context)
    return Ports(
        source=ConnectWiseSource(psa),
        sink=ConnectWiseSink(psa),
        watch=ConnectWiseWatch(psa),
        undo=ConnectWiseUndo(psa),
        setup=ConnectWiseFields(psa),
        cautions=ConnectWiseCautions(psa),
        hints=ConnectWiseHints(psa),
    )


def _ear(settings: ConnectWiseSettings) -> Ear:
    from connector.adapters.connectwise.callbacks import Ear as ConnectWiseEar

    return ConnectWiseEar(settings)


SPEC = AdapterSpec(
    kind="connectwise",
    label="ConnectWise PSA",
    settings=ConnectWiseSettings,
    facets=frozenset(Facet),
    changes=frozenset(
        {
            "record_response",
            "open_ticket",
            "add_note",
            "create_task",
            "add_to_group",
            "set_field",
            "update_ticket",
        }
    ),
    catalogues=frozenset(
        {
            "boards",
            "statuses of <board>",
            "types of <board>",
            "subtypes of <board>",
            "items of <board>",
            "teams of <board>",
            "priorities",
            "members",
            "sources",
            "locations",
            "task_types",
            "task_statuses",
            "custom_fields",
            "company_fields",
        }
    ),
    ticket_options=frozenset(
        {
            "board",
            "status",
            "priority",
            "type",
            "subtype",
            "item",
            "team",
            "source",
            "location",
            "agreement",
            "severity",
            "impact",
            "bill_time",
        }
    ),
    ticket_needs=frozenset({"board"}),
    asks=("site", "company", "public_key", "private_key", "client_id"),
    owners=("account_manager", "territory_manager"),
    variables="CW",
    called="psa",
    ear=_ear,
    wire=_wire,
    open=_open,
)

__all__ = ["SPEC", "ConnectWiseSettings"]
