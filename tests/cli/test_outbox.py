from __future__ import annotations

import pytest

from tests.cli.acting import ANN, answer, delivered, outbox, pulled, tickets
from tests.cli.conftest import Connector, Desk


def test_in_preview_the_list_says_that_the_mode_keeps_it(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector, "preview")
    answer(desk, connector, {"email": ANN, "score": 3})
    said = connector("outbox", "list")
    assert said.out.splitlines()[0] == "PREVIEW: nothing is sent or written"
    assert "mode: preview writes nothing" in said.out
    assert {each["state"] for each in outbox(connector, "--state", "waiting")} == {"waiting"}


def test_settling_time_and_pause_are_said(desk: Desk, connector: Connector) -> None:
    desk.write("live", lambda text: text.replace("settle: 0 seconds", "settle: 30 minutes"))
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    assert all("until then the answer may still change" in each["why"] for each in outbox(connector))
    desk.write("live")
    assert connector("pause", "psa").code == 0
    assert all("psa is held" in each["why"] for each in outbox(connector))


def test_show_tells_the_change_its_history_and_the_receipt(desk: Desk, connector: Connector) -> None:
    ticket = delivered(desk, connector)["open_ticket"]
    assert ticket["state"] == "applied"
    said = connector("outbox", "show", ticket["key"][:12])
    assert "NPS follow-up: Ann Example" in said.out
    assert "claimed, to be sent" in said.out
    assert f"receipt: ticket {ticket['receipt']['record_id']} http" in said.out
    facts = connector("outbox", "show", ticket["key"], "--json").facts
    assert [move["what"] for move in facts["history"]] == ["claimed, to be sent", "applied"]


@pytest.mark.parametrize("shown", ["done", "Done (was already there)", "applied"])
def test_a_state_as_it_is_shown_is_a_filter_too(desk: Desk, connector: Connector, shown: str) -> None:
    ticket = delivered(desk, connector)["open_ticket"]
    assert ticket["key"] in [each["key"] for each in outbox(connector, "--state", shown)]
    assert {each["state"] for each in outbox(connector, "--state", shown)} == {"applied"}
    assert outbox(connector, "--state", "given up") == []
    assert connector("outbox", "list", "--state", "finished").code == 2


def test_an_unknown_key_is_refused(desk: Desk, connector: Connector) -> None:
    delivered(desk, connector)
    assert connector("outbox", "show", "nps-none").code == 2
    several = connector("outbox", "show", "nps-")
    assert several.code == 2
    assert "several begin so" in several.err


def test_a_person_gives_one_up_and_lets_it_wait_again(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 2})
    before = tickets(desk)
    key = next(each["key"] for each in outbox(connector) if each["kind"] == "open_ticket")
    assert connector("outbox", "settle", key, "--discard", "--reason", "she left").code == 0
    assert next(each for each in outbox(connector) if each["key"] == key)["why"] == "settled by hand: she left"
    connector("deliver")
    assert tickets(desk) == before
    assert connector("outbox", "release", key).code == 0
    connector("deliver")
    assert tickets(desk) == before + 1
    again = connector("outbox", "release", key)
    assert again.code == 2
    assert "nothing to release" in again.err


@pytest.mark.parametrize("options", [["--applied", "--discard"], []])
def test_settle_wants_one_decision(desk: Desk, connector: Connector, options: list[str]) -> None:
    key = delivered(desk, connector)["open_ticket"]["key"]
    assert connector("outbox", "settle", key, "--reason", "x", *options).code == 2


NOTED = "      - add_note: {on: ticket, text: Noted.}\n"


def test_a_ticket_settled_with_its_record_takes_its_notes(desk: Desk, connector: Connector) -> None:
    ticket, note = _ticket_with_note(desk, connector)
    assert connector("outbox", "settle", ticket, "--applied", "--reason", "seen").code == 0
    [given_up] = [each for each in outbox(connector) if each["key"] == note]
    assert given_up["state"] == "discarded"
    assert "without saying which record" in given_up["why"]
    told = connector("outbox", "settle", ticket, "--applied", "--record", "4711", "--reason", "seen", "--json")
    assert told.facts["given_up"] == []
    found = {each["key"]: each for each in outbox(connector)}
    assert found[ticket]["receipt"]["record_id"] == "4711"
    assert found[note]["state"] == "waiting"
    again = connector("outbox", "settle", ticket, "--applied", "--record", "4712", "--reason", "no")
    assert again.code == 2


@pytest.mark.parametrize("options", [["--discard", "--record", "1"], ["--applied", "--record", "../1"]])
def test_a_record_is_an_id_and_goes_with_applied(desk: Desk, connector: Connector, options: list[str]) -> None:
    ticket, _ = _ticket_with_note(desk, connector)
    assert connector("outbox", "settle", ticket, "--reason", "x", *options).code == 2


def _ticket_with_note(desk: Desk, connector: Connector) -> tuple[str, str]:
    """The keys of a waiting ticket and of the note that waits for it."""
    desk.write("live", lambda text: text.replace("      - record_response\n", NOTED, 1))
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    keys = {each["kind"]: each["key"] for each in outbox(connector)}
    return keys["open_ticket"], keys["add_note"]


def test_a_message_nobody_can_be_asked_about_is_not_sent_twice_by_accident(desk: Desk, connector: Connector) -> None:
    def notifying(text: str) -> str:
        return text.replace("      - record_response\n", "      - notify\n")

    desk.write("live", notifying)
    connector("pull")
    answer(desk, connector, {"email": ANN, "score": 3})
    from sqlalchemy import text

    from connector.store import open_store

    key = next(each["key"] for each in outbox(connector) if each["kind"] == "notify")
    store = open_store(f"sqlite:///{desk.folder / 'nps-data/nps.sqlite3'}")
    with store.write() as tx:
        tx.execute(text("update write_back set state = 'unknown' where key = :k"), {"k": key})
    store.close()
    refused = connector("outbox", "release", key)
    assert refused.code == 2
    assert "--it-did-not-arrive" in refused.err
    assert connector("outbox", "release", key, "--it-did-not-arrive").code == 0


def test_the_list_says_whose_it_is_and_show_why_it_was_settled(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector, "preview")
    answer(desk, connector, {"email": ANN, "score": 3})
    assert "Ann Example, Northwind Example Ltd" in connector("outbox", "list").out
    first = outbox(connector)[0]
    assert first["whose"] == {"contact": "Ann Example", "company": "Northwind Example Ltd"}
    connector("outbox", "settle", first["key"], "--applied", "--reason", "done on paper")
    assert "settled by hand: done on paper" in connector("outbox", "show", first["key"]).out


def test_one_replaced_by_a_later_answer_names_the_other(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector, "preview")
    answer(desk, connector, {"id": "r-1", "email": ANN, "score": 3})
    answer(desk, connector, {"id": "r-1", "email": ANN, "score": 2})
    entries = [each for each in outbox(connector) if each["kind"] == "record_response"]
    (old,) = [each for each in entries if each["state"] == "discarded"]
    (new,) = [each for each in entries if each["state"] == "waiting"]
    assert old["why"] == f"the answer changed; replaced by {new['key']}"


def test_what_was_written_down_in_preview_goes_live_by_its_number(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector, "preview")
    answer(desk, connector, {"email": ANN, "score": 3})
    count = len(outbox(connector))
    desk.write("live")
    stopped = connector("deliver", "psa")
    assert stopped.code == 4
    assert f"connector outbox release --confirm {count} " in " ".join(stopped.out.split())
    assert tickets(desk) == 0
    assert "--confirm 2 lets them go" in connector("outbox", "list").out
    wrong = connector("outbox", "release", "--confirm", str(count + 1))
    assert wrong.code == 2
    assert f"{count} write-backs of preview or rehearsal time wait, not {count + 1}" in wrong.err
    assert connector("outbox", "release", "--confirm", str(count), "--json").facts["confirmed"] == count
    assert connector("deliver", "psa").code == 0
    assert tickets(desk) == 1
    nothing = connector("outbox", "release", "--confirm", "1")
    assert nothing.code == 2
    assert "no fuse holds anything" in nothing.err
    assert connector("outbox", "release").code == 2


def test_only_what_was_written_down_in_preview_is_labelled_so(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector, "preview")
    answer(desk, connector, {"email": ANN, "score": 3}, name="old.csv")
    old = {each["key"] for each in outbox(connector)}
    desk.write("live")
    answer(desk, connector, {"email": ANN, "score": 2}, name="new.csv")
    labelled = {each["key"] for each in outbox(connector) if "written down in preview" in each["why"]}
    assert labelled
    assert labelled <= old
    assert connector("deliver").code == 4
    gone = {each["key"] for each in outbox(connector) if each["state"] == "applied"}
    assert gone
    assert not gone & old
