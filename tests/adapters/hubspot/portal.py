"""The stand-in portal over HTTP, with the levers of the contract suite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import requests

from connector.adapters.hubspot import SPEC, HubSpotSettings
from connector.domain import Facet
from connector.ports import Answer, Call, Context, Ports, Scope, Selection, Wire
from connector.sandbox.hubspot import serve
from tests.adapters.wires import RecordingWire
from tests.vaults import NoVault

NPS_LIST = "7"
# Where the fields of the contract suite stand: caption to record type and property.
_FIELDS = {
    "NPS Score": ("contacts", "nps_score"),
    "NPS Date": ("contacts", "nps_date"),
    "NPS Status": ("companies", "nps_status"),
    "NPS Status Date": ("companies", "nps_status_date"),
}
_LAST_WRITE = {
    "open_ticket": ("POST", "tickets/batch/create$"),
    "record_response": ("POST", "notes/batch/create$"),
    "add_note": ("POST", "notes/batch/create$"),
    "create_task": ("POST", "tasks/batch/create$"),
    "add_to_group": ("PUT", "memberships/add$"),
    "set_field": ("POST", "contacts/batch/update$"),
    "update_ticket": ("POST", "tickets/batch/update$"),
}


class ShortPages:
    """Shows no more than so many rows of a page of a search, and counts them all."""

    def __init__(self, inner: Wire, rows: int) -> None:
        self._inner, self._rows = inner, rows

    def send(self, call: Call) -> Answer:
        answer = self._inner.send(call)
        if not call.path.endswith("/search"):
            return answer
        page = json.loads(answer.body)
        page["results"] = page["results"][: self._rows]
        return replace(answer, body=json.dumps(page).encode())


class PortalWorld:
    connection = "hub"
    board = "Customer Success"
    score_field, date_field, company_field = "NPS Score", "NPS Date", "NPS Status"
    fields_are_visible = True
    group = "NPS 2026"
    member = "bob@example.com"
    nobody = "89999999999"
    scope = Scope(
        selections=(Selection(include={Facet.MARKETING_GROUP: frozenset({NPS_LIST})}),), groups=frozenset({NPS_LIST})
    )

    def __init__(
        self,
        readings: str | Mapping[str, str] = "lenient",
        *,
        version: str = "2026-03",
        contacts: int = 60,
        page_size: int = 10,
        limits: str = "off",
        **more: Any,
    ) -> None:
        chosen = {"*": readings} if isinstance(readings, str) else dict(readings)
        # Limits run by the machine's clock, and the tests do not wait; those of limits turn them on.
        chosen = {**chosen, "rate_limits": limits}
        self._server = serve(contacts=contacts, readings=chosen, **more)
        self._version, self._page_size = version, page_size
        self.wires: list[RecordingWire] = []
        self._refuses_after: int | None = None

    def __enter__(self) -> PortalWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for wire in self.wires:
            wire.inner.close()  # type: ignore[attr-defined]
        self._server.close()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def login(self) -> Any:
        return self._server.login

    def settings(self, **other: Any) -> HubSpotSettings:
        given = {
            "base_url": self._server.url,
            "access_token": self._server.login.token,
            "api_version": self._version,
            "page_size": self._page_size,
            "portal": "4242",
        }
        return HubSpotSettings.model_validate(given | other)

    def context(self, settings: HubSpotSettings, vault: Any = None) -> Context:
        wire = RecordingWire(SPEC.wire(settings, lambda: None, vault or NoVault()))
        wire.refuses_after = self._refuses_after
        self.wires.append(wire)
        return Context(connection="hub", wire=wire, now=_now, sleep=lambda _: None)

    def open(self, **settings: Any) -> Ports:
        given = self.settings(**settings)
        return SPEC.open(given, self.context(given))

    def open_showing(self, rows: int) -> Ports:
        """Searches whose pages are shorter than asked for, though more follow."""
        given = self.settings()
        context = self.context(given)
        return SPEC.open(given, replace(context, wire=ShortPages(context.wire, rows)))

    def open_with_wrong_credentials(self) -> Ports:
        return self.open(access_token="pat-wrong")

    @property
    def calls(self) -> list[Call]:
        return [call for wire in self.wires for call, _ in wire.exchanges]

    # ------------------------------------------------------------ who is there
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", "truth")
        return found

    def contact_ids(self) -> set[str]:
        return {str(number) for number in self._server.world.stores["contacts"].ids()}

    def company_ids(self) -> set[str]:
        return {str(number) for number in self._server.world.stores["companies"].ids()}

    def member_ids(self) -> set[str]:
        rows = self.api("GET", f"/crm/v3/lists/{NPS_LIST}/memberships?limit=250")
        return {str(row["recordId"]) for row in rows["results"]}

    def someone(self) -> tuple[str, str]:
        return next(
            (id_, str(each["company"]))
            for id_, each in self.truth()["contacts"].items()
            if each["labels"] == ["healthy"] and each["company"]
        )

    def with_label(self, label: str) -> str:
        return next(str(id_) for id_, each in self.truth()["contacts"].items() if label in each["labels"])

    def people(self, count: int) -> list[tuple[str, str]]:
        """Healthy contacts, each with its company."""
        found = [
            (str(id_), str(each["company"]))
            for id_, each in self.truth()["contacts"].items()
            if "healthy" in each["labels"] and each["company"]
        ]
        return found[:count]

    def merge_someone(self) -> tuple[str, str]:
        """The old one, and the survivor: a new id, or that of the primary one."""
        (primary, _), (old, _) = self.people(4)[2:]
        self.later()
        self.technician("merge_records", type="contacts", id=old, into=primary)
        self.later()
        return old, str(self.truth()["merged"][old])

    def archive_someone(self) -> str:
        someone, _ = self.people(3)[2]
        self.later()
        self.technician("archive", type="contacts", id=someone)
        self.later()
        return someone

    def bounce_someone(self) -> str:
        someone, _ = self.people(3)[2]
        values = {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"}
        self.control("POST", "edit", {"type": "contacts", "id": someone, "set": values})
        return someone

    def add_address(self, contact_id: str, address: str) -> None:
        values = {"hs_additional_emails": address}
        self.control("POST", "edit", {"type": "contacts", "id": contact_id, "set": values})

    def hide_opt_outs(self) -> None:
        self.hide("contacts", "hs_email_optout")

    def touch(self, contact_id: str) -> None:
        self.later()
        self.control("POST", "touch", {"contacts": [int(contact_id)]})
        self.later()

    def later(self) -> None:
        """A minute passes; the search index learns what was written."""
        self.control("POST", "clock", {"advance": 60})

    settle = later

    # ------------------------------------------------------------ what was written
    def count_with_key(self, key: str) -> int:
        """A ticket's own note carries its key as well and is not counted."""
        records = self.control("GET", "records")
        tickets = [each for each in records["tickets"] if each["properties"].get("nps_response_key") == key]
        notes = [each for each in records["notes"] if key in (each["properties"].get("hs_note_body") or "")]
        tasks = [each for each in records["tasks"] if key in (each["properties"].get("hs_task_body") or "")]
        return len(tickets) or len(notes) or len(tasks)

    def field(self, record_id: str, caption: str) -> object:
        kind, name = _FIELDS[caption]
        value = self.api("GET", f"/crm/v3/objects/{kind}/{record_id}?properties={name}")["properties"][name]
        return int(value) if value and name == "nps_score" else value or None

    def is_member(self, contact_id: str) -> bool:
        return contact_id in self.member_ids()

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        names = "subject,content,hs_pipeline,hs_pipeline_stage,hs_ticket_priority,hubspot_owner_id,nps_response_key"
        found: dict[str, Any] = self.api("GET", f"/crm/v3/objects/tickets/{ticket_id}?properties={names}")
        return found

    def summary(self, ticket_id: str) -> str:
        return str(self.ticket(ticket_id)["properties"]["subject"])

    def close_ticket(self, ticket_id: str) -> None:
        self.technician("close", ticket=ticket_id)

    def move_ticket(self, ticket_id: str) -> None:
        """To another company and contact, as a technician may."""
        contact, company = self.someone()
        other = next(each for each in sorted(self.company_ids()) if each != company)
        stranger = next(each for each in sorted(self.contact_ids()) if each != contact)
        self.technician("unlink", type="tickets", id=ticket_id, to_type="companies", to=company)
        self.technician("unlink", type="tickets", id=ticket_id, to_type="contacts", to=contact)
        self.technician("link", type="tickets", id=ticket_id, to_type="companies", to=other)
        self.technician("link", type="tickets", id=ticket_id, to_type="contacts", to=stranger)

    # ------------------------------------------------------------ levers
    def lose_the_next_answer(self, key: str, kind: str) -> None:
        method, path = _LAST_WRITE[kind]
        self.fault("drop_after_write", method=method, path=path)

    def refuse_after(self, writes: int | None) -> None:
        self._refuses_after = writes

    def everything(self) -> Any:
        return self.control("GET", "records")

    def throttle(self) -> None:
        for method, path in (("POST", "/batch/(create|update|upsert)$"), ("PUT", ""), ("PATCH", "")):
            self.fault("429", method=method, path=path, seconds=30)

    def fault(self, kind: str, **how: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **how})

    def hide(self, kind: str, name: str) -> None:
        """The token may not see a property: it is left out of answers, as one that is not there."""
        del self._server.world.state.properties[kind][name]

    def technician(self, act: str, **how: Any) -> Any:
        return self.control("POST", "technician", {"act": act, **how})

    def control(self, method: str, lever: str, body: Any = None) -> Any:
        return self._http(method, f"/control/{lever}", body, {})

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The portal as the vendor's API shows it; counted there, not among our calls."""
        return self._http(method, path, body, {"Authorization": f"Bearer {self._server.login.token}"})

    def _http(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self._server.url}{path}", json=body, headers=dict(headers), timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


def _now() -> datetime:
    return datetime.now(UTC)
