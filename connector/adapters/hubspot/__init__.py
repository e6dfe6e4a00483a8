"""HubSpot: contacts, companies and lists out; answers, tickets, notes and tasks in.

Only the settings are imported here; the vendor side is imported when a Connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.hubspot.settings import HubSpotSettings
from connector.domain import Facet
from connector.ports import AdapterSpec, Context, Ports, Vault, Wire


def _wire(settings: HubSpotSettings, guard: Callable[[], None], vault: Vault) -> Wire:
    from connector.adapters.hubspot.wire import HubSpotWire

    return HubSpotWire(settings, guard, vault)


def _open(settings: HubSpotSettings, context: Context) -> Ports:
    from connector.adapters.hubspot.client import Portal
    from connector.adapters.hubspot.feedback import HubSpotFeedback
    from connector.adapters.hubspot.field_setup import HubSpotFields
    from connector.adapters.hubspot.sink import HubSpotSink
    from connector.adapters.hubspot.source import HubSpotSource
    from connector.adapters.hubspot.undo import HubSpotUndo
    from connector.adapters.hubspot.watch import HubSpotWatch

    portal = Portal(settings, context)
    return Ports(
        source=HubSpotSource(portal),
        sink=HubSpotSink(portal),
        watch=HubSpotWatch(portal),
        undo=HubSpotUndo(portal),
        setup=HubSpotFields(portal),
        responses=HubSpotFeedback(portal),
    )


SPEC = AdapterSpec(
    kind="hubspot",
    label="HubSpot",
    settings=HubSpotSettings,
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
            "priorities",
            "types",
            "sources",
            "members",
            "lists",
            "static_lists",
            "task_types",
            "task_statuses",
            "custom_fields",
            "company_fields",
        }
    ),
    ticket_options=frozenset({"board", "status", "priority", "type", "source"}),
    asks=("access_token", "portal"),
    may_ask=frozenset({"portal"}),
    variables="HUBSPOT",
    answers=True,
    wire=_wire,
    open=_open,
)

__all__ = ["SPEC", "HubSpotSettings"]
