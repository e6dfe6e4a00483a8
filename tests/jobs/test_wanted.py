"""The service makes no Job of nothing: what a fuse holds is told once, and again when something changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connector.jobs import once, readiness, schedule, stories
from connector.jobs.service import due_slot
from connector.jobs.wanted import wanted
from connector.sandbox.connectwise import Server
from connector.store import attempts, fuses, jobs, outbox
from tests.jobs.test_collect import Desk, opened
from tests.jobs.test_guards import RULES, answers, deliver

__all__ = ["opened"]
Opened = Callable[..., Desk]


def is_wanted(desk: Desk) -> bool:
    entries = schedule.entries(desk.runtime.config, stories.TIMED)
    [entry] = [each for each in entries if (each.story, each.connection) == ("deliver", "psa")]
    now = desk.clock()
    with desk.runtime.store.read() as tx:
        return wanted(tx, desk.runtime, entry, now)


def overdue(desk: Desk) -> list[str]:
    """The stories that are, which all began long ago."""
    entries = schedule.entries(desk.runtime.config, stories.TIMED)
    found = readiness.reasons(desk.runtime, entries, desk.start - timedelta(days=30))
    return [reason.partition(" is due")[0] for reason in found]


def test_a_delivery_is_overdue_from_when_work_arrived_and_not_from_the_last_one(opened: Opened) -> None:
    desk = opened(rules=RULES, schedule={"deliver": "1 minute", "pull": "30 days", "watch": "30 days"})
    answers(desk, 0)
    assert deliver(desk).outcome == "done"
    desk.clock.move(minutes=60)
    desk.collect({"external_id": "late", "score": 2})
    assert overdue(desk) == [], "it settles yet"
    desk.clock.move(minutes=16)
    assert is_wanted(desk)
    assert overdue(desk) == [], "it may go for a minute"
    desk.clock.move(minutes=6)
    assert overdue(desk) == ["deliver of psa"]
    assert deliver(desk).outcome == "done"
    assert overdue(desk) == []


def test_what_was_there_at_a_delivery_that_failed_waits_since_then_though_it_was_touched(opened: Opened) -> None:
    desk = opened(rules=RULES, schedule={"deliver": "5 minutes", "pull": "30 days", "watch": "30 days"})
    answers(desk, 0)
    desk.clock.move(minutes=18)
    [entry] = desk.entries("s0")
    now = desk.clock()
    with desk.runtime.store.write() as tx:
        job = jobs.put_job(tx, story="deliver", connection="psa", slot="s", params={}, now=now)
        tried = attempts.start(tx, job, clock=now, seed="", config="c", config_doc="{}", journal="{id}", now=now)
        attempts.end(tx, replace(tried, outcome="deferred", ended_at=now))
    desk.clock.move(minutes=30)
    with desk.runtime.store.write() as tx:
        outbox.move(tx, entry.write_back.key, from_states=("waiting",), to="waiting", now=desk.clock())
    assert overdue(desk) == ["deliver of psa"]


def test_a_watch_is_overdue_from_when_a_ticket_was_opened_and_a_reconcile_from_when_one_is_old_enough(
    opened: Opened,
) -> None:
    desk = opened(rules=RULES, schedule={"watch": "5 minutes", "reconcile": "1 day", "pull": "30 days"})
    answers(desk, 0)
    assert deliver(desk).outcome == "done"
    assert overdue(desk) == []
    desk.clock.move(minutes=30)
    assert overdue(desk) == ["watch of psa"]
    assert once.perform(desk.runtime, "watch", "psa").outcome == "done"
    desk.clock.move(hours=24)
    assert "reconcile of psa" not in overdue(desk)
    desk.clock.move(hours=120)
    assert "reconcile of psa" in overdue(desk)


def test_what_an_owner_s_share_holds_is_told_once_and_goes_when_the_day_is_over(opened: Opened) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 2})
    answers(desk, 0, 1, 2)
    desk.clock.move(minutes=20)
    assert is_wanted(desk)
    assert deliver(desk).outcome == "stopped"
    desk.clock.move(hours=5)
    assert not is_wanted(desk)
    steps = once.run_once(desk.runtime, only="deliver")
    assert (once.exit_code(steps), [step.outcome for step in steps]) == (4, ["stopped"]), "a person meets it each time"
    assert not is_wanted(desk)
    desk.clock.move(hours=20)
    assert is_wanted(desk)
    assert deliver(desk).outcome == "done"


def test_what_came_since_is_tried_and_told_anew(opened: Opened) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 1})
    answers(desk, 0, 1)
    deliver(desk)
    desk.collect({"external_id": "late", "score": 2})
    assert not is_wanted(desk), "it settles yet"
    desk.clock.move(minutes=20)
    assert is_wanted(desk)
    assert "2 tickets wait" in deliver(desk).why
    assert not is_wanted(desk)
    [entry, *_] = desk.entries("late")
    with desk.runtime.store.write() as tx:
        fuses.let_go(tx, [entry.write_back.key], now=desk.clock())
    assert is_wanted(desk)


def test_a_limit_that_was_raised_is_work(opened: Opened) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_day": 1})
    answers(desk, 0, 1)
    deliver(desk)
    assert not is_wanted(desk)
    config = desk.runtime.config
    limits = config.limits.model_copy(update={"tickets_per_day": 2})
    desk.runtime = replace(desk.runtime, config=replace(config, limits=limits))
    assert is_wanted(desk)
    assert deliver(desk).outcome == "done"


def test_what_is_of_unknown_outcome_is_looked_up_though_the_fuse_holds_the_rest(opened: Opened) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_day": 1})
    answers(desk, 0, 1, 2)
    deliver(desk)
    assert not is_wanted(desk)
    with desk.runtime.store.read() as tx:
        [entry, *_] = outbox.listed(tx, states=("waiting",))
    with desk.runtime.store.write() as tx:
        now = desk.clock()
        outbox.move(tx, entry.write_back.key, from_states=("waiting",), to="unknown", now=now, look_after=now)
    assert is_wanted(desk)


def test_what_was_written_down_before_mode_live_is_told_once_until_a_person_confirms(opened: Opened) -> None:
    rehearsal: dict[str, Any] = {"company": "acme", "board": "Help Desk", "mail_to": "rehearsal@example.com"}
    desk = opened(mode="preview", rules=RULES, rehearsal=rehearsal)
    answers(desk, 0)
    desk.runtime.store.close()
    desk = opened(rules=RULES, rehearsal=rehearsal)
    desk.clock.move(minutes=20)
    assert is_wanted(desk)
    assert deliver(desk).outcome == "stopped"
    desk.clock.move(hours=30)
    assert not is_wanted(desk)
    assert once.exit_code(once.run_once(desk.runtime, only="deliver")) == 4
    with desk.runtime.store.write() as tx:
        assert fuses.confirm(tx, now=desk.clock()) == 1
    assert is_wanted(desk)


def test_a_held_delivery_is_no_slot_and_its_last_attempt_still_says_why(opened: Opened, sandbox: Server) -> None:
    desk = opened(rules=RULES, limits={"tickets_per_owner": 1}, schedule={"deliver": "5 minutes"})
    answers(desk, 0, 1)
    deliver(desk)
    entries = schedule.entries(desk.runtime.config, stories.TIMED)
    [entry] = [each for each in entries if (each.story, each.connection) == ("deliver", "psa")]
    desk.clock.move(hours=2)
    with desk.runtime.store.read() as tx:
        assert due_slot(tx, desk.runtime, entry, desk.clock()) is None
        last = attempts.of_story(tx, "deliver", "psa")[0]
    assert last.outcome == "stopped"
    assert "limits.tickets_per_owner: 1 for bob" in last.error
