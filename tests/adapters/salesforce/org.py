"""The stand-in org over HTTP, with the levers of the contract suite."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import requests

from connector.adapters.salesforce import SPEC, SalesforceSettings
from connector.domain import Facet
from connector.ports import Context, Ports, Scope, Selection
from connector.sandbox.salesforce import serve
from connector.sandbox.salesforce.shapes import SHAPES
from connector.sandbox.salesforce.tenant import campaign_id
from tests.adapters.wires import RecordingWire
from tests.vaults import NoVault

GROUP = campaign_id(0)  # NPS 2026
_OBJECTS = {"003": "Contact", "001": "Account"}
_PATHS = {
    "record_response": ("PATCH", "composite/sobjects/NPS_Response__c"),
    "set_field": ("PATCH", "composite/sobjects"),
    "update_ticket": ("PATCH", "composite/sobjects"),
}


class OrgWorld:
    connection = "sf"
    board = "NPS Follow-up"
    score_field, date_field, company_field = "NPS Score", "NPS Date", "NPS Status"
    group = "NPS 2026"
    fields_are_visible = True
    nobody = "0035g00000ZZZZZAA5"
    scope = Scope(
        selections=(Selection(include={Facet.MARKETING_GROUP: frozenset({GROUP})}),), groups=frozenset({GROUP})
    )

    def __init__(
        self, readings: str | dict[str, str] = "lenient", *, contacts: int = 250, bulk: bool = False, **more: Any
    ) -> None:
        """`more`: settings of the connection, and options of the stand-in."""
        settings = {name: more.pop(name) for name in list(more) if name in SalesforceSettings.model_fields}
        self._server = serve(contacts=contacts, readings=readings, **more)
        hidden = self._server.world.readings["opt_out_field"] == "hidden"
        self._given: dict[str, Any] = {
            "page_size": 200,
            "bulk_above": 0 if bulk else 50_000,
            "ticket_source": "NPS",
            "contact_type_field": "Contact_Type__c",
            "opt_out_fields": ["NPS_Opt_Out__c"] if hidden else ["HasOptedOutOfEmail", "NPS_Opt_Out__c"],
            "other_email_fields": ["Secondary_Email__c"],
            "contact_inactive_field": "Inactive__c",
            "company_inactive_field": "!Active__c",
            "company_opt_out_field": "NPS_Opt_Out__c",
            **settings,
        }
        self.wires: list[RecordingWire] = []
        self._refuses_after: int | None = None
        self.sleeps: list[float] = []
        self._someone: tuple[str, str] | None = None

    def __enter__(self) -> OrgWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for wire in self.wires:
            wire.inner.close()  # type: ignore[attr-defined]
        self._server.close()

    def settings(self, **other: Any) -> SalesforceSettings:
        login = self._server.login
        given = {
            "domain": "acme.my.salesforce.com",
            "base_url": self._server.url,
            "consumer_key": login.consumer_key,
            "consumer_secret": login.consumer_secret,
            **self._given,
        }
        return SalesforceSettings.model_validate(given | other)

    def open(self, **settings: Any) -> Ports:
        return SPEC.open(self.settings(**settings), self.context(**settings))

    def context(self, **settings: Any) -> Context:
        wire = RecordingWire(SPEC.wire(self.settings(**settings), lambda: None, NoVault()))
        wire.refuses_after = self._refuses_after
        self.wires.append(wire)
        return Context(connection="sf", wire=wire, now=_now, sleep=self.sleeps.append)

    def open_with_wrong_credentials(self) -> Ports:
        return self.open(consumer_secret="wrong")

    def contact_ids(self) -> set[str]:
        return self._ids("Contact")

    def company_ids(self) -> set[str]:
        return self._ids("Account")

    def member_ids(self) -> set[str]:
        table = self._server.world.tables["CampaignMember"]
        rows = [table.row(place) for place in self._places("CampaignMember")]
        return {row["ContactId"] for row in rows if _in(row, GROUP) and row.get("ContactId")}

    def someone(self) -> tuple[str, str]:
        if self._someone is None:  # joining a campaign changes what is said of them
            people: dict[str, Any] = self.control("GET", "truth")["contacts"]
            healthy = ((id_, each["company"]) for id_, each in people.items() if each["labels"] == ["healthy"])
            self._someone = next(healthy)
        return self._someone

    def labelled(self, label: str) -> list[str]:
        """The contacts that were planted so."""
        people: dict[str, Any] = self.control("GET", "truth")["contacts"]
        return [id_ for id_, each in people.items() if label in each["labels"]]

    def people(self, count: int) -> list[tuple[str, str]]:
        """So many contacts that have a company, with it."""
        people: dict[str, Any] = self.control("GET", "truth")["contacts"]
        return [(id_, each["company"]) for id_, each in people.items() if each["company"]][:count]

    def touch(self, contact_id: str) -> None:
        self.control("POST", "clock", {"advance": 1200})
        self.control("POST", "touch", {"contacts": [contact_id]})
        self.control("POST", "clock", {"advance": 1200})

    def count_with_key(self, key: str) -> int:
        """A case's own first comment carries its key as well and is not counted."""
        records = self.records()
        found = [case for case in records["Case"] if case.get("NPS_Key__c") == key]
        found = found or [row for row in records["NPS_Response__c"] if row.get("Response_Key__c") == key]
        return len(found) or len(
            [row for row in records["CaseComment"] if str(row["CommentBody"]).endswith(key)]
            + [row for row in records["Task"] if str(row["Description"]).endswith(key)]
        )

    def field(self, record_id: str, caption: str) -> object:
        kind = _OBJECTS[record_id[:3]]
        name = next((each.name for each in SHAPES[kind].fields.values() if each.label == caption), caption)
        value = self.records()[kind].get(record_id, {}).get(name)
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def is_member(self, contact_id: str) -> bool:
        rows = self.records()["CampaignMember"]
        return any(_in(row, GROUP) and row["ContactId"] == contact_id for row in rows)

    def summary(self, ticket_id: str) -> str:
        return str(self.case(ticket_id)["Subject"])

    def case(self, ticket_id: str) -> dict[str, Any]:
        return next(each for each in self.records()["Case"] if each["Id"] == ticket_id)

    def close_ticket(self, ticket_id: str) -> None:
        self.technician("close", ticket_id)

    def move_ticket(self, ticket_id: str) -> None:
        other = next(each for each in sorted(self.company_ids()) if each != self.someone()[1])
        self.technician("move", ticket_id, account=other)

    def technician(self, act: str, record_id: str, **how: Any) -> None:
        self.control("POST", "technician", {"act": act, "id": record_id, **how})

    def edit(self, record_id: str, **values: Any) -> None:
        """Raw fields, without validation; a SystemModstamp stands as given."""
        self.control("POST", "edit", {"id": record_id, "set": values})

    def merge_someone(self) -> tuple[str, str]:
        """(the old contact, the survivor)."""
        old, survivor, *_ = sorted(self.labelled("healthy"))
        self.later()
        self.technician("merge", old, into=survivor)
        return old, survivor

    def archive_someone(self) -> str:
        gone = sorted(self.labelled("healthy"))[0]
        self.later()
        self.technician("delete", gone)
        return gone

    def bounce_someone(self) -> str:
        dead = next(each for each in sorted(self.labelled("healthy")) if each != self.someone()[0])
        self.technician("bounce", dead)
        return dead

    def add_address(self, contact_id: str, address: str) -> None:
        self.edit(contact_id, Secondary_Email__c=address)

    def hide_opt_outs(self) -> None:
        self.permit(hide=["Contact.HasOptedOutOfEmail", "Contact.NPS_Opt_Out__c"])

    def later(self, seconds: float = 3600) -> None:
        self.control("POST", "clock", {"advance": seconds})

    def records(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", "records")
        return found

    def lose_the_next_answer(self, key: str, kind: str) -> None:
        method, path = _PATHS.get(kind, ("POST", "composite/sobjects"))
        self.fault("drop_after_write", method=method, path=path)

    def refuse_after(self, writes: int | None) -> None:
        self._refuses_after = writes

    def everything(self) -> Any:
        return self.control("GET", "records")

    def throttle(self) -> None:
        self.fault("429", method="POST", path="composite/sobjects")
        self.fault("429", method="PATCH", path="composite/sobjects")

    def fault(self, kind: str, **how: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **how})

    def permit(self, **how: list[str]) -> None:
        """`hide` and `show`, `readonly` and `writable`: of Object.Field."""
        self.control("POST", "permit", how)

    def control(self, method: str, lever: str, body: Any = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self._server.url}/control/{lever}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _ids(self, kind: str) -> set[str]:
        table = self._server.world.tables[kind]
        rows = [table.row(place) for place in self._places(kind)]
        return {row["Id"] for row in rows if row.get("Id") and not row.get("IsDeleted")}

    def _places(self, kind: str) -> range:
        world = self._server.world
        return range(world.tables[kind].base + world.state.added.get(kind, 0))


def _in(row: dict[str, Any], campaign: str) -> bool:
    return bool(row["CampaignId"] == campaign and not row.get("IsDeleted"))


def _now() -> datetime:
    return datetime.now(UTC)
