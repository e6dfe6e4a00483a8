"""Hints of changes: read by the next pull, believed only after a read, never needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import text

from connector.domain import Reason
from connector.jobs import once
from connector.jobs.callbacks import address_of, token_of
from connector.jobs.runtime import Runtime
from connector.sandbox.connectwise import Server
from connector.store import hints
from connector.web.listening import Listener
from connector.web.public import Doors, create_app
from tests.conftest import ConfigFor, ShiftedClock
from tests.jobs.story import runtime_for
from tests.jobs.test_gone import control, decided, delete, everything_replays, full_pull, gone, ids, pull, stored

EVERYONE: dict[str, Any] = {"from": "psa", "company_types": ["Managed Client"]}


class Heard:
    """The public listener of a service on the store, and what it woke."""

    def __init__(self) -> None:
        self.woken: list[tuple[str, str]] = []
        self.runtime: Runtime | None = None
        app = create_app(Doors(runtime=lambda: self.at(), wake=lambda *what: self.woken.append(what)))
        self.listener = Listener("public", "127.0.0.1:0", app)

    def at(self) -> Runtime:
        assert self.runtime is not None
        return self.runtime

    @property
    def url(self) -> str:
        return f"http://{self.listener.address}"


@pytest.fixture
def heard(sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock) -> Iterator[Heard]:
    made = Heard()
    with made.listener:
        config = config_for(
            sandbox, mode="live", audiences={"everyone": EVERYONE}, rules=[],
            connection={"callbacks": made.url, "page_size": 20},
        )  # fmt: skip
        made.runtime = runtime_for(config, store_url, clock)
        yield made
        made.runtime.store.close()


def register(heard: Heard, do: str = "register") -> once.Step:
    return once.perform(heard.at(), "callbacks", "psa", {"do": do})


def kept(heard: Heard) -> set[tuple[str, str]]:
    with heard.at().store.read() as tx:
        return {(hint.kind, hint.record_id) for hint in hints.listed(tx, "psa")}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def post(url: str, body: bytes, **headers: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, data=body, headers=headers, timeout=10).status_code


def test_a_change_is_told_kept_once_and_wakes_the_pull_which_reads_it(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    pull(runtime)
    assert register(heard).outcome == "done"
    assert register(heard).attempt.counts == {"found": 2, "made": 0}  # type: ignore[union-attr]
    someone = ids(runtime)[0]
    path = f"/company/contacts/{someone}"
    for name in ("One", "Two"):  # no mark of change: the pull alone would not see it for a week
        control(sandbox, "edit", {"path": path, "set": {"firstName": name}, "touch": False})
    until(lambda: bool(kept(heard)))
    until(lambda: len(heard.woken) >= 2)
    assert kept(heard) == {("contact", someone)}
    assert set(heard.woken) == {("pull", "psa")}
    step = pull(runtime)
    assert step.attempt is not None
    assert step.attempt.counts["hints"] == 1
    assert stored(runtime, someone).contact().first_name == "Two"
    assert kept(heard) == set()
    assert everything_replays(runtime)


def test_a_deletion_that_is_told_is_proved_by_a_read(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    pull(runtime)
    register(heard)
    leaving, staying = ids(runtime)[:2]
    delete(sandbox, leaving)
    until(lambda: bool(kept(heard)))
    with runtime.store.write() as tx:  # a hint that lies: this one is still there
        hints.put(tx, "psa", "contact", staying, at=runtime.now())
    assert pull(runtime).outcome == "done"
    assert gone(runtime) == {leaving}
    assert Reason.GONE in decided(runtime, leaving)
    assert everything_replays(runtime)


def test_many_deletions_at_once_are_left_to_the_full_pull(heard: Heard, sandbox: Server, clock: ShiftedClock) -> None:
    runtime = heard.at()
    pull(runtime)
    leaving = ids(runtime)[:11]
    delete(sandbox, *leaving)
    with runtime.store.write() as tx:
        for each in leaving:
            hints.put(tx, "psa", "contact", each, at=runtime.now())
    pull(runtime)
    assert gone(runtime) == set()
    assert kept(heard) == set()
    full_pull(runtime, clock)
    assert gone(runtime) == set(leaving)


def hint(runtime: Runtime, *record_ids: str, kind: str = "contact") -> None:
    with runtime.store.write() as tx:
        for each in record_ids:
            hints.put(tx, "psa", kind, each, at=runtime.now())


def test_no_more_than_a_handful_are_gone_by_hints_within_a_day(
    heard: Heard, sandbox: Server, clock: ShiftedClock
) -> None:
    runtime = heard.at()
    pull(runtime)
    first, second = ids(runtime)[:6], ids(runtime)[6:12]
    delete(sandbox, *first, *second)
    hint(runtime, *first)
    pull(runtime)
    assert gone(runtime) == set(first)
    clock.move(hours=1)
    hint(runtime, *second, first[0])
    pull(runtime)
    assert gone(runtime) == set(first)
    clock.move(hours=24)
    hint(runtime, *first[:5], *second)  # who is gone already is told of again, and counts for nothing
    pull(runtime)
    assert gone(runtime) == {*first, *second}
    assert everything_replays(runtime)


def test_companies_are_counted_by_the_day_too_and_are_gone_since_the_first_time(
    heard: Heard, sandbox: Server, clock: ShiftedClock
) -> None:
    runtime = heard.at()
    pull(runtime)

    def firms() -> dict[str, str | None]:
        with runtime.store.read() as tx:
            rows = tx.execute(text("select id, gone_at from company where connection = 'psa' order by id"))
            return {row.id: row.gone_at for row in rows}

    [one, *others] = list(firms())[:11]
    delete(sandbox, one, *others, of="companies")
    hint(runtime, one, kind="company")
    pull(runtime)
    since = firms()[one]
    assert since
    clock.move(hours=1)
    hint(runtime, *others, kind="company")
    pull(runtime)
    hint(runtime, one, kind="company")
    pull(runtime)
    assert {each for each, at in firms().items() if at} == {one}
    assert firms()[one] == since
    assert everything_replays(runtime)


def test_a_stranger_to_every_audience_is_not_stored_because_of_a_hint(
    sandbox: Server, config_for: ConfigFor, store_url: str, clock: ShiftedClock
) -> None:
    typed: dict[str, Any] = {"from": "psa", "contact_types": ["Owner"], "company_types": ["Managed Client"]}
    runtime = runtime_for(config_for(sandbox, audiences={"typed": typed}, rules=[]), store_url, clock)
    pull(runtime)
    known = ids(runtime)
    everywhere = Reason.OUTSIDE_COMPANY_TYPE  # a pull brings those of the types, whatever their company
    inside = next(each for each in known if everywhere not in decided(runtime, each, "typed"))
    template = stored(runtime, inside).contact()
    strangers = [str(each) for each in sandbox.world.tables["contacts"].ids(0) if str(each) not in known]
    newcomer, stranger = strangers[:2]
    hint(runtime, newcomer, stranger, known[0])
    pull(runtime)
    assert ids(runtime) == known
    path = f"/company/contacts/{newcomer}"
    in_scope = {
        "types": [{"id": int(each)} for each in template.type_ids],
        "company": {"id": int(template.company_id or 0)},
    }
    control(sandbox, "edit", {"path": path, "set": in_scope, "touch": False})
    hint(runtime, newcomer, stranger)
    pull(runtime)
    assert ids(runtime) == sorted([*known, newcomer])
    assert everything_replays(runtime)
    runtime.store.close()


def test_somebody_read_by_a_hint_while_a_full_pull_is_under_way_is_not_gone_by_it(
    heard: Heard, sandbox: Server, clock: ShiftedClock
) -> None:
    runtime = heard.at()
    pull(runtime)
    early = ids(runtime)[0]
    control(sandbox, "faults", {"kind": "503html", "path": "company/contacts$", "skip": 2, "times": 5})
    assert full_pull(runtime, clock).outcome == "deferred"
    with runtime.store.write() as tx:
        hints.put(tx, "psa", "contact", early, at=runtime.now())
    assert pull(runtime).outcome == "done"
    assert gone(runtime) == set()
    delete(sandbox, early)
    full_pull(runtime, clock)
    assert gone(runtime) == {early}


def test_lost_hints_lose_nothing(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    pull(runtime)
    someone = ids(runtime)[0]
    control(sandbox, "clock", {"advance": 600})
    control(sandbox, "edit", {"path": f"/company/contacts/{someone}", "set": {"firstName": "Told by nobody"}})
    pull(runtime)
    assert stored(runtime, someone).contact().first_name == "Told by nobody"


def test_a_hint_that_cannot_be_read_is_dropped_and_stops_no_pull(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    pull(runtime)
    someone = ids(runtime)[0]
    bad = {"path": f"/company/contacts/{someone}", "set": {"firstName": {"no": "text"}}, "touch": False}
    control(sandbox, "edit", bad)
    with runtime.store.write() as tx:
        hints.put(tx, "psa", "contact", someone, at=runtime.now())
    step = pull(runtime)
    assert step.outcome == "done", step.why
    assert kept(heard) == set()
    assert everything_replays(runtime)


def test_strangers_are_refused_and_leave_nothing(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    address = address_of(runtime.config, "psa", runtime.store.installation())
    key_url = f"{sandbox.url}/system/callbackkey/index.rails?companyName=acme&id=1"
    body = b'{"ID": 1001, "Type": "contact", "Metadata": {"key_url": "%s"}}' % key_url.encode()
    assert post(address, body) == 401
    assert post(address, body, **{"x-content-signature": "AAAA"}) == 401
    assert post(address, b"x" * 300_000) == 413
    assert post(address[:-3] + "abc", body) == 404
    assert post(address.replace("/psa/", "/other/"), body) == 404
    assert (kept(heard), heard.woken) == (set(), [])


def test_removed_callbacks_tell_no_more(heard: Heard, sandbox: Server) -> None:
    runtime = heard.at()
    register(heard)
    assert register(heard, "remove").attempt.counts == {"removed": 2}  # type: ignore[union-attr]
    control(sandbox, "edit", {"path": "/company/contacts/1001", "set": {"firstName": "Quiet"}})
    time.sleep(0.3)
    assert kept(heard) == set()
    assert everything_replays(runtime)


def test_the_address_is_this_installations_own() -> None:
    assert token_of("psa", "one") != token_of("psa", "two") != token_of("crm", "two")
