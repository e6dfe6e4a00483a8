"""watch, follow-ups, reconcile and undo on the command line."""

from __future__ import annotations

from typing import Any

import requests

from tests.cli.acting import ANN, answer, delivered, jobs, outbox
from tests.cli.conftest import Connector, Desk


def act(desk: Desk, deed: str, ticket: str, **more: Any) -> None:
    body = {"act": deed, "ticket": int(ticket), **more}
    assert requests.post(f"{desk.server.url}/control/technician", json=body, timeout=10).status_code == 200


def opened(desk: Desk, connector: Connector) -> str:
    return str(delivered(desk, connector)["open_ticket"]["receipt"]["record_id"])


def test_a_closed_ticket_is_followed_up_in_every_list(desk: Desk, connector: Connector) -> None:
    ticket = opened(desk, connector)
    act(desk, "close", ticket, by="alice")
    said = connector("watch", "psa")
    assert said.code == 0, said.out + said.err
    assert "followed up 1" in said.out
    listed = connector("follow-ups")
    assert f"{ticket}" in listed.out
    assert "followed up" in listed.out
    [row] = connector("follow-ups", "--state", "followed-up", "--json").facts["follow_ups"]
    assert (row["closed_by"], row["ticket_id"], row["overdue"]) == ("alice", ticket, False)
    assert row["closed_after"]["seconds"] >= 0
    assert connector("follow-ups", "--state", "overdue", "--json").facts["follow_ups"] == []
    assert "followed up" in connector("responses", "list").out
    assert "closed by a person: followed up" in connector("explain", ANN).out
    assert connector("watch").out.splitlines()[-1] == "no follow-up is open"


def test_a_ticket_that_nobody_looked_at_yet_is_told(desk: Desk, connector: Connector) -> None:
    desk.write("live")
    assert connector("follow-ups").out.splitlines() == ["0 of 0 follow-ups"]
    opened(desk, connector)
    assert "1 ticket was opened and not looked at yet: connector watch does" in connector("follow-ups").out
    assert connector("watch").code == 0
    assert "not looked at" not in connector("follow-ups").out


def test_an_unknown_state_is_refused_with_the_nearest(desk: Desk, connector: Connector) -> None:
    opened(desk, connector)
    said = connector("follow-ups", "--state", "overdo")
    assert said.code == 2
    assert "overdue" in said.err


def test_reconcile_leaves_with_5_and_names_the_next_command(desk: Desk, connector: Connector) -> None:
    ticket = opened(desk, connector)
    assert connector("reconcile", "psa").code == 0
    other = {"summary": "printer", "board": {"id": 10}, "status": {"id": 100}, "company": {"id": 5001}}
    edit = {"path": "/service/tickets", "set": other}  # where no ticket is seen at all, none is taken for deleted
    assert requests.post(f"{desk.server.url}/control/edit", json=edit, timeout=10).status_code == 200
    act(desk, "delete", ticket)
    said = connector("reconcile", "psa")
    assert said.code == 5
    assert f"connector explain ticket:{ticket}" in said.out
    facts = connector("reconcile", "psa", "--json").facts
    assert facts["counts"]["deleted"] == 1


def test_reconcile_without_a_connection_takes_those_with_tickets(desk: Desk, connector: Connector) -> None:
    assert "no ticket of ours is known" in connector("reconcile").out
    opened(desk, connector)
    said = connector("reconcile", "--json")
    assert said.code == 0
    assert [(step["connection"], step["counts"]["tickets"]) for step in said.facts["steps"]] == [("psa", 1)]


def test_the_ticket_of_a_write_check_and_those_of_a_forgotten_person_are_no_strays(
    desk: Desk, connector: Connector
) -> None:
    opened(desk, connector)
    assert connector("check", "--live", "--write", "--yes").code == 0
    assert connector("forget", ANN, "--yes").code == 0
    said = connector("reconcile", "psa", "--json")
    assert said.code == 0, said.out
    assert said.facts["counts"]["differences"] == 0
    stray = {"summary": "?", "board": {"id": 10}, "status": {"id": 100}, "company": {"id": 5001}}
    stray |= {"externalXRef": "nps-" + "a" * 26}
    edit = {"path": "/service/tickets", "set": stray}
    assert requests.post(f"{desk.server.url}/control/edit", json=edit, timeout=10).status_code == 200
    said = connector("reconcile", "psa", "--json")
    assert said.code == 5
    [row] = said.facts["counts"]["found"]
    assert row[0] == "stray"
    assert f"connector explain ticket:{row[1]}" in row[4]


def test_undo_shows_first_and_acts_when_told_to(desk: Desk, connector: Connector) -> None:
    ticket = opened(desk, connector)
    [delivery] = jobs(connector, "deliver")
    shown = connector("undo", delivery["id"])
    assert shown.code == 0, shown.err
    assert "close the ticket, with an internal note" in shown.out
    assert f"connector undo {delivery['id']} --yes does it" in shown.out
    assert all(each["state"] == "applied" for each in outbox(connector))
    done = connector("undo", delivery["id"], "--yes")
    assert done.code == 0, done.out + done.err
    assert f"open_ticket ticket {ticket}: done, closed, with an internal note" in done.out
    assert "undone already" in connector("undo", delivery["id"]).out
    assert {each["kind"]: each["state"] for each in outbox(connector)}["open_ticket"] == "undone"
    assert connector("deliver").code == 0


def test_undo_takes_deliveries_only_and_respects_the_mode(desk: Desk, connector: Connector) -> None:
    opened(desk, connector)
    [pull] = jobs(connector, "pull")
    said = connector("undo", pull["id"])
    assert said.code == 2
    assert "is a pull" in said.err
    assert connector("undo", "no-such-job").code == 2
    [delivery] = jobs(connector, "deliver")
    desk.write("preview")
    said = connector("undo", delivery["id"], "--yes")
    assert "nothing was done: mode is preview" in said.out
    assert all(each["state"] == "applied" for each in outbox(connector))


def test_a_paused_connection_is_not_undone(desk: Desk, connector: Connector) -> None:
    opened(desk, connector)
    [delivery] = jobs(connector, "deliver")
    connector("pause", "psa")
    assert connector("undo", delivery["id"], "--yes").code == 3
    connector("resume", "psa")
    assert connector("undo", delivery["id"], "--yes").code == 0


def test_the_section_follow_up_is_checked(desk: Desk, connector: Connector) -> None:
    desk.write("live", lambda text: text + "follow_up: {via: mail, escalate_to: [lead@example.com]}\n")
    said = connector("check")
    assert said.code == 2
    assert 'there is no connection "mail"' in said.err
    mail = "  mail: {adapter: smtp, host: localhost, from: nps@example.com}\naudiences:"
    desk.write("live", lambda text: text.replace("audiences:", mail, 1) + "follow_up: {via: mail}\n")
    said = connector("check")
    assert said.code == 2
    assert "add escalate_to" in said.err


def test_a_ticket_that_was_taken_back_does_not_show_the_status_it_had_before(desk: Desk, connector: Connector) -> None:
    opened(desk, connector)
    assert connector("watch", "psa").code == 0
    [before] = connector("follow-ups", "--json").facts["follow_ups"]
    assert before["status"]
    [delivery] = jobs(connector, "deliver")
    assert connector("undo", delivery["id"], "--yes").code == 0
    said = connector("follow-ups").out
    assert "undone" in said
    assert before["status"] not in said
    assert f"({before['status']}" not in connector("explain", ANN).out


def test_a_ticket_is_not_said_to_be_opened_for_what_the_answer_became(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 9, "comment": "Now they do."})
    said = connector("explain", ANN).out.splitlines()
    [place] = [number for number, line in enumerate(said) if "open_ticket done" in line]
    assert "for what was answered before the 9 of" in said[place + 1]
