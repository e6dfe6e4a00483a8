"""The claims of `connector demo` about several CRMs, looked at in the stand-ins and in the store."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.cli import demo_crms, demo_folder
from connector.cli.demo_crms import StandIn
from connector.cli.demo_measured import OptOut
from connector.cli.demo_story import Story
from connector.domain import Decision, Reason
from connector.errors import ContractError
from connector.store import contacts, plans


class Told:
    """A story told up to its deliveries."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder = folder / "nps-demo"
        demo_folder.prepare(self.folder)
        self.standing = demo_crms.start(demo_crms.ALL, 200, 7, ends, fixed=False)
        self.story = Story(self.standing, self.folder, 7)
        ends.callback(self.story.close)
        self.story.pull()
        self.story.preview()
        self.word: OptOut | None = self.story.opt_out()
        self.asked = self.story.ask()
        self.decided = {each.crm.connection: self._decisions(each) for each in self.standing}
        self.story.answers()
        self.story.deliver()

    def records(self, connection: str) -> dict[str, Any]:
        url = next(each.server.url for each in self.standing if each.crm.connection == connection)
        found: dict[str, Any] = requests.get(f"{url}/control/records", timeout=20).json()
        return found

    def _decisions(self, each: StandIn) -> list[Decision]:
        with self.story.runtime.store.read() as tx:
            plan = plans.newest(tx, each.crm.audience)
            assert plan is not None
            return plans.decisions(tx, plan.id)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with ExitStack() as ends:
        yield Told(tmp_path_factory.mktemp("story"), ends)


def test_one_human_being_is_one_person_and_asked_once(told: Told) -> None:
    decided = {(name, d.contact_id): d for name, decisions in told.decided.items() for d in decisions}
    with told.story.runtime.store.read() as tx:
        anns = contacts.contacts_with_address(tx, "ann@example.com")
        assert {row.connection for row in anns} == {"psa", "hub", "sf"}
        assert len({row.person_id for row in anns}) == 1
    found = {row.connection: decided[row.connection, row.id].findings for row in anns}
    assert found["psa"] == ()
    assert [found[name][0].reason for name in ("hub", "sf")] == [Reason.ASKED_RECENTLY] * 2
    persons = [d.person_id for d in decided.values() if d.invited]
    assert len(persons) == len(set(persons)) == sum(told.asked.values())


def test_an_opt_out_in_one_holds_in_the_others(told: Told) -> None:
    assert told.word is not None
    with told.story.runtime.store.read() as tx:
        [psa] = [
            d
            for d in told.decided["psa"]
            for row in [contacts.contact(tx, "psa", d.contact_id)]
            if row is not None and row.contact().name == told.word.name
        ]
    assert [finding.reason for finding in psa.findings] == [Reason.OPTED_OUT_CONTACT]
    number = psa.findings[0].seen.partition("hub/")[2].split()[0]
    [there] = [row for row in told.records("hub")["contacts"] if row["id"] == number]
    assert there["properties"]["hs_email_optout"] == "true"
    own = next(d for d in told.decided["hub"] if d.contact_id == number)
    assert Reason.OPTED_OUT_CONTACT in [finding.reason for finding in own.findings]


def test_each_answer_stands_in_the_crm_it_came_from_and_nowhere_else(told: Told) -> None:
    with (told.folder / demo_folder.WAVE).open(encoding="utf-8", newline="") as file:
        given = [(row["connection"], row["email"].lower(), int(row["score"])) for row in csv.DictReader(file)]
    assert {connection for connection, *_ in given} == {"psa", "hub", "sf"}
    hub = [
        ("hub", row["properties"]["email"], int(row["properties"]["nps_score"]))
        for row in told.records("hub")["contacts"]
        if row["properties"].get("nps_score")
    ]
    assert sorted(hub) == sorted(row for row in given if row[0] == "hub")
    org = told.records("sf")
    address = {number: row["Email"].lower() for number, row in org["Contact"].items()}
    sf = [("sf", address[row["Contact__c"]], int(row["Score__c"])) for row in org["NPS_Response__c"]]
    assert sorted(sf) == sorted(row for row in given if row[0] == "sf")
    notes = [note["text"] for note in told.records("psa")["contact_notes"]]
    scores = [score for connection, _, score in given if connection == "psa"]
    assert len(notes) == len(scores)
    assert all(any(f"{score} of 10" in note for note in notes) for score in scores)


def test_each_crm_has_the_tickets_of_its_own_detractors(told: Told) -> None:
    shown = {each.crm.kind: (entry.write_back.connection, owner) for each, entry, owner in told.story.tickets()}
    assert {kind: connection for kind, (connection, _) in shown.items()} == {
        "connectwise": "psa", "hubspot": "hub", "salesforce": "sf",
    }  # fmt: skip
    assert told.records("hub")["tickets"][0]["properties"]["hs_pipeline"] == "5566778"
    assert told.records("sf")["Case"][0]["Subject"].startswith("NPS follow-up: ")
    assert told.records("psa")["tickets"][0]["board"]["name"] == "Customer Success"


def test_a_contact_that_was_served_and_is_nowhere_breaks_the_law(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    served = StandIn.served
    monkeypatch.setattr(StandIn, "served", lambda each: {*served(each), "4711"})
    with pytest.raises(ContractError, match=r"law of ids broken: \d+ served"):
        told.story.second_run()


def test_a_ticket_that_is_of_no_answer_is_noticed(told: Told) -> None:
    """Last, for it stays: nothing but what was delivered may stand in a CRM."""
    requests.post(
        f"{told.standing[1].server.url}/crm/v3/objects/tickets",
        json={"properties": {"subject": "Printer", "hs_pipeline": "0", "hs_pipeline_stage": "1"}},
        headers={"Authorization": f"Bearer {told.standing[1].server.login.token}"},
        timeout=10,
    ).raise_for_status()
    with pytest.raises(ContractError, match=r"hub has \d+ tickets"):
        told.story.deliver()
