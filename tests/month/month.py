"""A month, pass by pass: three a day, each `run_once` with a clock of its own, and what must hold at its end."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.domain import FollowUpState
from connector.jobs import once
from connector.jobs.runtime import Runtime, open_runtime
from connector.rules import follow_up as rules
from connector.sandbox.connectwise import serve
from connector.store import follow_ups, holds, outbox, plans, responses
from tests.month.office import Office
from tests.pacing import paced_by
from tests.settings import RULES, TICKET, load_config

AUDIENCE = "decision-makers"
HOURS = (7, 12, 16)
NOON = 12


class Clock:
    """Stands at the moment it is put to; sleeping moves it and takes no time."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(slots=True)
class Month:
    """What there was to see, and what was wrong."""

    days: int
    did: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    tickets: int = 0
    plans_checked: int = 0
    wrong: list[str] = field(default_factory=list)


def live(folder: Path, *, days: int = 30, seed: int = 20261122, store_url: str = "", contacts: int = 60) -> Month:
    """Live through a month and check it; `wrong` is empty where everything held."""
    month = Month(days=days)
    answers = folder / "answers"
    answers.mkdir(parents=True, exist_ok=True)
    with serve(contacts=contacts, seed=7) as server:
        rules_ = [{**RULES[0], "then": ["record_response", {"open_ticket": TICKET}, {"notify": {}}]}, *RULES[1:]]
        config = load_config(
            server.url,
            folder,
            rules=rules_,
            answers={"folder": "answers"},
            follow_up={"escalate_to": ["lead@example.com"]},
            limits={"tickets_per_day": 50, "tickets_per_owner": 50},
        )
        start = _monday(datetime.fromtimestamp(server.world.now(), UTC))
        clock = Clock(start)
        environ = {"CONNECTOR_DATABASE_URL": store_url} if store_url else {}
        runtime = open_runtime(config, environ=environ, clock=clock, sleep=clock.sleep)
        with closing(runtime.store), paced_by(lambda: clock.now.timestamp()):
            office = Office(server, answers, seed=seed, days=days)
            seen: dict[int, str] = {}
            for day in range(days):
                for hour in HOURS:
                    _to(clock, office, start + timedelta(days=day, hours=hour - start.hour))
                    if hour == HOURS[0]:
                        office.morning(day, clock.now)
                        _resume(runtime)
                    if hour == NOON:
                        office.noon()
                    office.answer(day, clock.now)
                    _age(answers, clock.now)
                    _pass(runtime, office, month)
                    _note_tickets(office, seen)
                    office.handle()
            _wind_up(runtime, office, month, clock)
            _note_tickets(office, seen)
            month.did = office.did
            _check(runtime, office, month, seen)
    return month


def _pass(runtime: Runtime, office: Office, month: Month) -> None:
    steps = once.run_once(runtime)
    for step in steps:
        month.outcomes[f"{step.story} {step.outcome}"] += 1
        if step.story == "reconcile" and step.attempt:
            month.differences.update({row[0]: 1 for row in step.attempt.counts.get("found", ())})
        if step.outcome == "failed":
            month.wrong.append(f"{step.story} failed: {step.why}")
    pulled = any(step.story == "pull" and step.outcome == "done" for step in steps)
    planned = any(step.story == "plan" and step.outcome == "done" for step in steps)
    if pulled and planned:
        month.plans_checked += 1
        asked = _invited(runtime) & set(office.opted_out)
        if asked:
            month.wrong.append(f"asked after opting out: {sorted(asked)}")


def _invited(runtime: Runtime) -> set[str]:
    with runtime.store.read() as tx:
        plan = plans.newest(tx, AUDIENCE)
        return {d.contact_id for d in plans.decisions(tx, plan.id) if d.invited} if plan else set()


def _wind_up(runtime: Runtime, office: Office, month: Month, clock: Clock) -> None:
    """Two quiet days: technicians close what is open, and everything that waits goes out."""
    office.control("permit", {"tickets": "seen"})
    for _ in range(8):
        _to(clock, office, clock.now + timedelta(hours=6))
        _resume(runtime)
        _pass(runtime, office, month)
        office.handle(everything=True)


def _check(runtime: Runtime, office: Office, month: Month, seen: dict[int, str]) -> None:
    with runtime.store.read() as tx:
        standing = follow_ups.standing(tx, rehearsal=False)
        rows = [each.follow_up for each in follow_ups.listed(tx)]
        answers = responses.listed(tx)
        entries = outbox.listed(tx)
    for response in answers:
        state = standing.get(response.key, "no ticket asked for")
        month.states[state] += 1
        if state not in {*FollowUpState, "no ticket asked for"}:
            month.wrong.append(f"response {response.key} ends as {state!r}")
        if state in (FollowUpState.OPEN, FollowUpState.NOT_VISIBLE):
            month.wrong.append(f"response {response.key} is still {state} when everything was closed")
    for row in rows:
        if row.state in rules.ESCALATES and row.escalated_at is None:
            month.wrong.append(f"ticket {row.ticket_id} was closed without contact, and nobody was told")
    month.tickets = len(seen)
    doubled = [key for key, n in Counter(seen.values()).items() if n > 1]
    month.wrong += [f"doubled ticket {key}" for key in doubled]
    records = office.control("records")
    there = {ticket["id"] for ticket in records["tickets"]}  # the notes of a deleted ticket are gone with it
    for kind in ("contact_notes", "ticket_notes"):
        notes = [note for note in records[kind] if kind == "contact_notes" or note["ticketId"] in there]
        keys = Counter(word for note in notes for word in note["text"].split() if word.startswith("nps-"))
        month.wrong += [f"doubled {kind}: {key}" for key, n in keys.items() if n > 1]
    unsettled = Counter(e.write_back.state.value for e in entries if e.write_back.state in ("waiting", "sending"))
    month.wrong += [f"{n} write-backs are still {state}" for state, n in unsettled.items()]
    told = Counter(
        (e.write_back.action_id, e.write_back.response_key) for e in entries if e.write_back.kind == "notify"
    )
    month.wrong += [f"told twice: {what}" for what, n in told.items() if n > 1 and what[0].startswith("follow-up")]
    month.told.update({action: 0 for action, _ in told})
    for action, _ in told:
        month.told[action] += 1


def _note_tickets(office: Office, seen: dict[int, str]) -> None:
    """Every ticket that ever was, by its number: a deleted one counts too."""
    for ticket in office.control("records")["tickets"]:
        if str(ticket.get("externalXRef") or "").startswith("nps-"):
            seen[ticket["id"]] = ticket["externalXRef"]


def _resume(runtime: Runtime) -> None:
    """What the operator does in the morning, if something is held: connector resume."""
    with runtime.store.write() as tx:
        holds.lift(tx, "connection", "psa", "auth")


def _to(clock: Clock, office: Office, moment: datetime) -> None:
    """Both clocks go on to a moment."""
    clock.now = max(clock.now, moment)
    office.control("clock", {"advance": clock.now.timestamp() - office.control("clock")["now"]})


def _age(answers: Path, now: datetime) -> None:
    """Files look as if they were written ten minutes ago, so that they count as finished."""
    for file in answers.iterdir():
        if file.stat().st_mtime > now.timestamp() - 600 or file.stat().st_mtime < now.timestamp() - 86400 * 400:
            os.utime(file, (now.timestamp() - 600,) * 2)


def _monday(now: datetime) -> datetime:
    day = (now + timedelta(days=1)).replace(hour=HOURS[0], minute=0, second=0, microsecond=0)
    return day + timedelta(days=(7 - day.weekday()) % 7)


def table(month: Month) -> str:
    """The month for people."""
    parts: list[tuple[str, Counter[str]]] = [
        ("what happened", month.did),
        ("every answer ends as", month.states),
        ("passes", month.outcomes),
        ("messages", month.told),
        ("reconcile found", month.differences),
    ]
    lines = [f"{month.days} days, {len(HOURS)} passes a day", ""]
    for title, counts in parts:
        lines += [title, *(f"  {name.replace('_', ' '):<52}{n:>6,}" for name, n in sorted(counts.items())), ""]
    checks: dict[str, Any] = {
        f"tickets there ever were: {month.tickets}, none twice": "doubled",
        f"plans checked against opt-outs: {month.plans_checked}, nobody asked after opting out": "asked after",
        "every answer ends in a state the table names": "response ",
        "whoever had to be told was told, once": "told",
    }
    for said, mark in checks.items():
        failed = [wrong for wrong in month.wrong if mark in wrong]
        lines.append(f"{'FAILED' if failed else 'ok':<8}{said}")
    lines += [f"  {wrong}" for wrong in month.wrong]
    return "\n".join(lines)
