"""Who is looked up at the CRM, by address, id or name, is asked for by the same pseudonym in an exported record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.jobs import once, rehearse
from connector.jobs.records import pseudonyms
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime
from connector.store import contacts
from tests.conftest import ShiftedClock
from tests.jobs.story import answers_file, first, read_frames, runtime_for, tell
from tests.kill.crm import Crm
from tests.kill.crms import CRMS
from tests.kill.stand_in import StandIn

KEY = b"a key of the test"
BOARDS = {"connectwise": "Help Desk", "hubspot": "Customer Success", "salesforce": "NPS Follow-up"}
UNKNOWN = {
    "plain": "Katrin.Keller@unheard-of.co.uk",
    "tagged": "katrin+nps@unheard-of.co.uk",
    "apostrophe": "o'keller@unheard-of.co.uk",
    "other letters": "katrin@kellerbücher.co.uk",
    "other letters in ASCII": "katrin@xn--kellerbcher-zhb.co.uk",
    "other letters before the sign": "käthe@unheard-of.co.uk",
    "no address": "katrin@kellerhost",
    "role": "office@unheard-of.co.uk",
    "throw-away": "katrin@mailinator.com",
}


@pytest.fixture(scope="module", params=list(CRMS.values()), ids=list(CRMS))
def crm(request: pytest.FixtureRequest) -> Crm:
    found: Crm = request.param
    return found


@pytest.fixture(scope="module")
def _stand_in(crm: Crm) -> Iterator[StandIn]:
    with crm.serve() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(_stand_in: StandIn) -> StandIn:
    _stand_in.control("reset", {})
    return _stand_in


@pytest.fixture
def runtime(crm: Crm, stand_in: StandIn, tmp_path: Path, clock: ShiftedClock) -> Iterator[Runtime]:
    config = crm.config(stand_in, tmp_path)
    opened = runtime_for(config, f"sqlite:///{tmp_path / 'nps.sqlite3'}", clock)
    yield opened
    opened.store.close()


def exported(path: Path, target: Path) -> str:
    """The exported record as text; it replays as the original did."""
    assert pseudonyms.export(path, target, KEY).same
    made, original = Recorded.load(target), Recorded.load(path)
    assert replay(made).same
    assert made.end is not None
    assert original.end is not None
    assert (made.end["outcome"], made.end["counts"].keys()) == (original.end["outcome"], original.end["counts"].keys())
    return str(list(read_frames(target)))


@pytest.mark.parametrize("address", UNKNOWN.values(), ids=UNKNOWN)
def test_an_address_that_the_crm_does_not_know_exports_and_replays(
    runtime: Runtime, tmp_path: Path, address: str
) -> None:
    step = once.perform(runtime, "collect", "answers", {"file": str(answers_file(tmp_path, ("a1", address, 3, "no")))})
    assert step.attempt is not None
    assert step.attempt.counts["unmatched"] == 1
    told = exported(first(runtime, "collect"), tmp_path / "export.zst")
    assert address not in told
    assert address.lower() not in told


def test_an_address_that_only_the_crm_knows_exports_and_replays(runtime: Runtime, crm: Crm, tmp_path: Path) -> None:
    known = crm.people[0]
    rows = answers_file(
        tmp_path, ("a1", known, 3, "no"), ("a2", known.upper(), 10, ""), ("a3", UNKNOWN["plain"], 9, "")
    )
    step = once.perform(runtime, "collect", "answers", {"file": str(rows)})
    assert step.attempt is not None
    assert step.attempt.counts["unmatched"] == 1
    told = exported(first(runtime, "collect"), tmp_path / "export.zst")
    assert known not in told.lower()


def test_an_id_that_the_crm_does_not_know_exports_and_replays(runtime: Runtime, crm: Crm, tmp_path: Path) -> None:
    unknown = {"connectwise": "987654", "hubspot": "987654", "salesforce": "003000000000999AAA"}[crm.kind]
    answers = tmp_path / "by_id.csv"
    answers.write_text(f"contact_id,score,responded_at\n{unknown},3,{runtime.now().isoformat()}\n")
    step = once.perform(runtime, "collect", "answers", {"file": str(answers)})
    assert step.attempt is not None
    assert step.attempt.counts["unmatched"] == 1
    exported(first(runtime, "collect"), tmp_path / "export.zst")


def test_a_delivery_that_looks_for_a_member_by_name_or_address_exports_and_replays(
    runtime: Runtime, crm: Crm, tmp_path: Path, clock: ShiftedClock
) -> None:
    steps = tell(runtime, answers_file(tmp_path, ("a1", crm.people[3], 10, "")), clock.move)
    [delivered] = [step for step in steps if step.story == "deliver"]
    assert delivered.attempt is not None
    assert delivered.attempt.counts["applied"]
    told = exported(first(runtime, "deliver"), tmp_path / "export.zst")
    assert "member:bob" not in told
    assert "= 'bob'" not in told


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_rehearsal_on_the_company_that_is_called_so_exports_and_replays(
    crm: Crm, stand_in: StandIn, tmp_path: Path, clock: ShiftedClock, by: str
) -> None:
    called = "acme" if crm.kind == "connectwise" else "Acme Ltd"
    rehearsal = {"company": called, "mail_to": "rehearsal@example.com", "board": BOARDS[crm.kind]}
    url = f"sqlite:///{tmp_path / 'nps.sqlite3'}"
    runtime = runtime_for(crm.config(stand_in, tmp_path, rehearsal=rehearsal), url, clock)
    assert once.perform(runtime, "pull", crm.name).outcome == "done"
    with runtime.store.read() as tx:
        [firm] = contacts.companies_called(tx, called, crm.name)
        ann = min(contacts.contacts_with_address(tx, "ann@example.com"), key=lambda row: row.id)
    if by == "id":
        runtime.store.close()
        runtime = runtime_for(crm.config(stand_in, tmp_path, rehearsal=rehearsal | {"company": firm.id}), url, clock)
    params = rehearse.asked(runtime, crm.name, ann.id, score=3, comment="no", email="ann@example.com")
    step = once.perform(runtime, "rehearse", crm.name, params)
    runtime.store.close()
    assert step.outcome == "done", step
    told = exported(first(runtime, "rehearse"), tmp_path / "export.zst")
    assert "acme ltd" not in told.lower()


@pytest.mark.parametrize("by", ["name", "id"])
def test_the_own_account_that_tickets_go_to_exports_and_replays(tmp_path: Path, clock: ShiftedClock, by: str) -> None:
    salesforce = CRMS["salesforce"]
    ticket = {"record_type": "NPS Follow-up", "company": "own", "owner": ["member:bob"], "due": "1 business day"}
    rules = [{"id": "c", "name": "c", "then": [{"open_ticket": ticket}]}]
    url = f"sqlite:///{tmp_path / 'nps.sqlite3'}"

    def opened(stand_in: StandIn, own: str) -> Runtime:
        config = salesforce.config(stand_in, tmp_path, connection={"own_company": own}, rules=rules)
        return runtime_for(config, url, clock)

    with salesforce.serve() as stand_in:
        runtime = opened(stand_in, "Acme Ltd")
        if by == "id":
            assert once.perform(runtime, "pull", salesforce.name).outcome == "done"
            with runtime.store.read() as tx:
                [acme] = contacts.companies_called(tx, "Acme Ltd", salesforce.name)
            runtime.store.close()
            runtime = opened(stand_in, acme.id)
        steps = tell(runtime, answers_file(tmp_path, ("a1", "ann@example.com", 3, "no")), clock.move)
        runtime.store.close()
    assert [step.outcome for step in steps if step.story == "deliver"] == ["done"], steps
    told = exported(first(runtime, "deliver"), tmp_path / "export.zst")
    assert "Acme" not in told
