"""Salesforce: contacts, accounts and campaign members out; answers, cases, comments and tasks in.

Only the settings are imported here; the vendor's client is imported when a Connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.salesforce.settings import SalesforceSettings
from connector.domain import Facet
from connector.ports import AdapterSpec, Context, Ports, Vault, Wire


def _wire(settings: SalesforceSettings, guard: Callable[[], None], _vault: Vault) -> Wire:
    from connector.adapters.salesforce.wire import open_wire

    return open_wire(settings, guard)


def _open(settings: SalesforceSettings, context: Context) -> Ports:
    from connector.adapters.salesforce.cautions import SalesforceCautions
    from connector.adapters.salesforce.client import Org
    from connector.adapters.salesforce.field_setup import SalesforceFields
    from connector.adapters.salesforce.sink import SalesforceSink
    from connector.adapters.salesforce.source import SalesforceSource
    from connector.adapters.salesforce.undo import SalesforceUndo
    from connector.adapters.salesforce.watch import SalesforceWatch

    org = Org(settings, context)
    return Ports(
        source=SalesforceSource(org),
        sink=SalesforceSink(org),
        watch=SalesforceWatch(org),
        undo=SalesforceUndo(org),
        setup=SalesforceFields(org),
        cautions=SalesforceCautions(org),
    )


SPEC = AdapterSpec(
    kind="salesforce",
    label="Salesforce",
    settings=SalesforceSettings,
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
            "teams of <board>",
            "priorities",
            "members",
            "sources",
            "task_types",
            "task_statuses",
            "custom_fields",
            "company_fields",
        }
    ),
    ticket_options=frozenset({"board", "status", "priority", "type", "source", "team"}),
    asks=("domain", "consumer_key", "consumer_secret"),
    variables="SF",
    wire=_wire,
    open=_open,
)

__all__ = ["SPEC", "SalesforceSettings"]
