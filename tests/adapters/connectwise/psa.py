"""The stand-in PSA over HTTP, with the levers of the contract suite."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any

import requests

from connector.adapters.connectwise import SPEC, ConnectWiseSettings
from connector.domain import Facet
from connector.ports import Context, Ports, Scope, Selection
from connector.sandbox.connectwise import serve
from tests.adapters.wires import RecordingWire
from tests.vaults import NoVault

GROUP = "7"


class PsaWorld:
    connection = "psa"
    board = "Customer Success"
    score_field, date_field, company_field = "NPS Score", "NPS Date", "NPS Status"
    group = "NPS 2026"
    scope = Scope(
        selections=(Selection(include={Facet.MARKETING_GROUP: frozenset({GROUP})}),), groups=frozenset({GROUP})
    )

    def __init__(
        self, readings: str | dict[str, str] = "lenient", *, contacts: int = 60, page_size: int = 25, **more: Any
    ) -> None:
        self._server = serve(contacts=contacts, readings=readings, **more)
        self._page_size = page_size
        self.fields_are_visible = self._server.world.readings["external_xref_filter"] == "yes"
        self.wires: list[RecordingWire] = []
        self._refuses_after: int | None = None

    def __enter__(self) -> PsaWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for wire in self.wires:
            wire.inner.close()  # type: ignore[attr-defined]
        self._server.close()

    def settings(self, **other: Any) -> ConnectWiseSettings:
        login = self._server.login
        given = {
            "base_url": self._server.url,
            "company": login.company,
            "public_key": login.public_key,
            "private_key": login.private_key,
            "client_id": login.client_id,
            "page_size": self._page_size,
            "ticket_type": "Customer Feedback",
        }
        return ConnectWiseSettings.model_validate(given | other)

    def open(self, **settings: Any) -> Ports:
        given = self.settings(**settings)
        wire = RecordingWire(SPEC.wire(given, lambda: None, NoVault()))
        wire.refuses_after = self._refuses_after
        self.wires.append(wire)
        return SPEC.open(given, Context(connection="psa", wire=wire, now=_now, sleep=lambda _: None))

    def open_with_wrong_credentials(self) -> Ports:
        return self.open(private_key="wrong")

    def contact_ids(self) -> set[str]:
        return {str(number) for number in self._server.world.tables["contacts"].ids(0)}

    def company_ids(self) -> set[str]:
        return {str(number) for number in self._server.world.tables["companies"].ids(0)}

    def member_ids(self) -> set[str]:
        tables = self._server.world.tables
        return {str(number) for of in ("group_contacts", "group_companies") for number in tables[of].ids(int(GROUP))}

    def someone(self) -> tuple[str, str]:
        return self.people(1)[0]

    nobody = "99999999"

    def people(self, count: int) -> list[tuple[str, str]]:
        people: dict[str, Any] = self.control("GET", "truth")["contacts"]
        healthy = ((id_, str(each["company"])) for id_, each in people.items() if each["labels"] == ["healthy"])
        return list(islice(healthy, count))

    def touch(self, contact_id: str) -> None:
        self.control("POST", "clock", {"advance": 60})
        self.control("POST", "touch", {"contacts": [int(contact_id)]})

    def count_with_key(self, key: str) -> int:
        """A ticket's own first note carries its key as well and is not counted."""
        records = self.control("GET", "records")
        tickets = [ticket for ticket in records["tickets"] if ticket.get("externalXRef") == key]
        notes = [note for of in ("ticket_notes", "contact_notes") for note in records[of] if note["text"].endswith(key)]
        tasks = [task for task in records["activities"] if task["notes"].endswith(key)]
        return len(tickets) or len(notes) or len(tasks)

    def field(self, record_id: str, caption: str) -> object:
        records = self.control("GET", "records")
        fields = {**records["custom_fields"], **records["company_fields"]}
        return fields.get(record_id, {}).get(caption)

    def is_member(self, contact_id: str) -> bool:
        return self._server.world.tables["group_contacts"].row(int(GROUP), int(contact_id)) is not None

    def summary(self, ticket_id: str) -> str:
        tickets = self.control("GET", "records")["tickets"]
        return next(str(each["summary"]) for each in tickets if str(each["id"]) == ticket_id)

    def close_ticket(self, ticket_id: str) -> None:
        self.control("POST", "technician", {"act": "close", "ticket": int(ticket_id)})

    def move_ticket(self, ticket_id: str) -> None:
        other = next(each for each in sorted(self.company_ids()) if each != self.someone()[1])
        self.edit(f"/service/tickets/{ticket_id}", company={"id": int(other)}, contact=None)

    def edit(self, path: str, **values: Any) -> None:
        self.control("POST", "edit", {"path": path, "set": values})

    def lose_the_next_answer(self, key: str, kind: str) -> None:
        self.fault("drop_after_write", method="PATCH" if kind in ("set_field", "update_ticket") else "POST")

    def refuse_after(self, writes: int | None) -> None:
        self._refuses_after = writes

    def everything(self) -> Any:
        return self.control("GET", "records")

    def throttle(self) -> None:
        self.fault("429", method="POST", seconds=30)
        self.fault("429", method="PATCH", seconds=30)

    def fault(self, kind: str, **how: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **how})

    def control(self, method: str, lever: str, body: Any = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self._server.url}/control/{lever}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _now() -> datetime:
    return datetime.now(UTC)
