"""A MemoryCrm with the levers of the contract suite."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.adapters.memory import SPEC, WORLDS, MemoryCrm, MemorySettings
from connector.domain import Company, Contact, Facet, Membership, Segment, TicketState
from connector.ports import Context, Ports, Scope, Selection
from tests.vaults import NoVault


class MemoryWorld:
    connection = "crm"
    board = "Service"
    score_field, date_field, company_field = "NPS Score", "NPS Date", "NPS Status"
    group = "Happy"
    fields_are_visible = True
    scope = Scope(selections=(Selection(include={Facet.MARKETING_GROUP: frozenset({"7"})}),), groups=frozenset({"7"}))

    def __init__(self) -> None:
        self.crm = WORLDS["contract"] = MemoryCrm(
            contacts=[
                Contact(connection="", id=str(number), company_id=str(number % 3 + 1), email=f"p{number}@example.com")
                for number in range(1, 12)
            ],
            companies=[Company(connection="", id=str(number), name=f"Firm {number}") for number in (1, 2, 3)],
            memberships=[
                Membership(connection="", group_id="7", contact_id="4"),
                Membership(connection="", group_id="7", company_id="2", all_contacts=True),
            ],
            segments=[Segment(facet=Facet.MARKETING_GROUP, id="8", name="Happy")],
            page_size=4,
        )

    def open(self) -> Ports:
        settings = MemorySettings(world="contract")
        wire = SPEC.wire(settings, lambda: None, NoVault())
        now = datetime(2026, 11, 20, tzinfo=UTC)
        return SPEC.open(settings, Context(connection="crm", wire=wire, now=lambda: now, sleep=lambda _: None))

    def open_with_wrong_credentials(self) -> Ports:
        self.crm.locked = True
        return self.open()

    def contact_ids(self) -> set[str]:
        return set(self.crm.contacts)

    def company_ids(self) -> set[str]:
        return set(self.crm.companies)

    def member_ids(self) -> set[str]:
        return {row.contact_id or row.company_id or "" for row in self.crm.memberships}

    def someone(self) -> tuple[str, str]:
        return "4", self.crm.contacts["4"].company_id or ""

    # ------------------------------------------------------------ more levers
    nobody = "999"

    def merge_someone(self) -> tuple[str, str]:
        self.crm.merge("5", into="6")
        return "5", "6"

    def archive_someone(self) -> str:
        self.crm.archive(contact_id="5")
        return "5"

    def bounce_someone(self) -> str:
        self.crm.touch("5", undeliverable="hard bounce: no such mailbox")
        return "5"

    def add_address(self, contact_id: str, address: str) -> None:
        self.crm.touch(contact_id, other_emails=(address,))

    def hide_opt_outs(self) -> None:
        for contact in list(self.crm.contacts):
            self.crm.touch(contact, opted_out=None)

    def people(self, count: int) -> list[tuple[str, str]]:
        return [(each.id, each.company_id or "") for each in list(self.crm.contacts.values())[:count]]

    def touch(self, contact_id: str) -> None:
        self.crm.touch(contact_id, title="CEO")

    def count_with_key(self, key: str) -> int:
        return len(self.crm.with_key(key))

    def field(self, record_id: str, caption: str) -> object:
        return self.crm.fields.get(record_id, {}).get(caption)

    def is_member(self, contact_id: str) -> bool:
        return any(row.group_id == "8" and row.contact_id == contact_id for row in self.crm.memberships)

    def summary(self, ticket_id: str) -> str:
        return str(self.crm.records[ticket_id].fields["summary"])

    def close_ticket(self, ticket_id: str) -> None:
        self.crm.records[ticket_id].state = TicketState.CLOSED_BY_PERSON

    def move_ticket(self, ticket_id: str) -> None:
        self.crm.records[ticket_id].company_id = "3"

    def lose_the_next_answer(self, key: str, kind: str) -> None:
        self.crm.lose.add(key)

    def throttle(self) -> None:
        self.crm.throttle = 1
