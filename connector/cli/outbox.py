"""`connector outbox list|show|settle|release`"""

from __future__ import annotations

import re
from typing import Annotated

import typer

from connector.cli import common
from connector.cli.output import facts, moment, say, table
from connector.cli.picture import change_lines
from connector.domain import EffectClass, Mode, WriteBackState
from connector.jobs.dry import DryRecord
from connector.jobs.explain import traces, waiting
from connector.jobs.explain.sections import write_back_facts
from connector.jobs.runtime import Runtime, open_ports
from connector.rules import fuses, going_live, manual
from connector.store import Tx, outbox
from connector.store import fuses as stored_fuses
from connector.store.outbox import Entry

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key of a write-back, or its beginning.")]


@app.callback()
def outbox_() -> None:
    """What waits to be written to the CRM, what became of it, and what a person decides about it."""


@app.command("list")
def list_entries(
    state: Annotated[
        str | None,
        typer.Option(help=f"Only those: {', '.join(WriteBackState)}; or as the list shows it.", show_default=False),
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only those of this connection.", show_default=False)] = None,
) -> None:
    """List the write-backs: how each stands, and what keeps one that waits.

    Example: connector outbox list --state waiting
    """
    if state:
        state = waiting.state_named(state) or common.known("state", state, list(WriteBackState))
    with common.opened() as runtime, runtime.store.read() as tx:
        entries = outbox.listed(tx, states=(state,) if state else (), connection=connection or "")
        whys = [waiting.why(tx, entry, runtime.config, runtime.now()) for entry in entries]
        whose = [waiting.whose(tx, entry) for entry in entries]
        facts({
            "write_backs": [
                write_back_facts(entry, why) | {"whose": of}
                for entry, why, of in zip(entries, whys, whose, strict=True)
            ]
        })  # fmt: skip
        if not entries:
            say("nothing is in the outbox" if not state and not connection else "there is none")
            return
        rows = [
            (entry.write_back.key, entry.write_back.kind, ", ".join(word for word in of.values() if word),
             entry.write_back.connection, entry.write_back.rule_id, waiting.state_words(entry),
             entry.receipt.record_id if entry.receipt else why)
            for entry, why, of in zip(entries, whys, whose, strict=True)
        ]  # fmt: skip
        table(("key", "what", "whose", "connection", "rule", "state", "record, or why"), rows)


@app.command()
def show(key: Key) -> None:
    """Show one write-back: the change in full, the history of its state, its receipt and what was said.

    Example: connector outbox show nps-k7m2q4
    """
    with common.opened() as runtime:
        with runtime.store.read() as tx:
            entry = _entry(tx, key)
            why = waiting.why(tx, entry, runtime.config, runtime.now())
        history = traces.moves(runtime, entry)
        taken = traces.collected(runtime, entry.write_back.response_key)
        write_back, receipt = entry.write_back, entry.receipt
        say(f"{write_back.key}: {write_back.kind} on {write_back.connection}, {waiting.state_words(entry)}")
        say(f"  rule {write_back.rule_id}, action {write_back.action_id}, for the answer {write_back.response_key}")
        if why:
            say(f"  {why}")
        say("", *change_lines(write_back.change, write_back.key), "")
        job = f" by job {taken.job_id}" if taken else ""
        say(f"{moment(entry.created_at)}  written down{job}")
        if history:
            say(*(f"{moment(trace.at)}  {trace.what} (job {trace.job_id})" for trace in history))
        times = f"{entry.tries} time{'' if entry.tries == 1 else 's'}"
        say(f"{moment(entry.changed_at)}  {waiting.state_words(entry)}; tried {times}")
        if receipt is not None:
            say(f"receipt: {receipt.record_type.replace('_', ' ')} {receipt.record_id} {receipt.link}".rstrip())
        facts(
            write_back_facts(entry, why)
            | {"change": write_back.change, "history": history, "response": write_back.response_key}
        )


@app.command()
def settle(
    key: Key,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    applied: Annotated[bool, typer.Option("--applied", help="It is there, whatever the program thinks.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="It shall not be sent.")] = False,
    record_id: Annotated[
        str | None,
        typer.Option("--record", metavar="ID", help="With --applied: which record it is.", show_default=False),
    ] = None,
) -> None:
    """Decide by hand what becomes of a write-back that waits, was refused or is of unknown outcome.

    Notes wait for the record of their ticket: without --record they are given up. It may be told afterwards.

    Example: connector outbox settle nps-k7m2q4 --discard --reason "she left the company"
    """
    if applied == discard:
        common.wrong("write either --applied (it is there) or --discard (it shall not be sent)")
    if not reason.strip():
        common.wrong("--reason: say why; it is kept beside the decision")
    if record_id is not None and (discard or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", record_id)):
        common.wrong("--record: goes with --applied, and is the id of the record in the other system, such as 4711")
    to = "applied" if applied else "discarded"
    with common.opened() as runtime:
        with runtime.store.write() as tx:
            entry = _entry(tx, key)
            why = f"settled by hand: {reason.strip()}"
            done = manual.settle(tx, entry.write_back.key, to=to, why=why, now=runtime.now(), record_id=record_id or "")
            given_up = [
                child
                for child in outbox.depending_on(tx, entry.write_back.key)
                if child.write_back.state is WriteBackState.DISCARDED
            ]
        if not done:
            common.wrong(f"{entry.write_back.key} {waiting.state_words(entry)}: there is nothing to settle")
        say(f"{entry.write_back.key}: {waiting.STATE_WORDS[WriteBackState(to)]}")
        for child in given_up:
            say(f"{child.write_back.key}: {waiting.state_words(child)}; {child.error}")
        facts(
            {
                "settled": entry.write_back.key,
                "state": to,
                "reason": reason.strip(),
                "record": record_id,
                "given_up": [child.write_back.key for child in given_up],
            }
        )


@app.command()
def release(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY…]", help="Keys of write-backs, or their beginnings.")
    ] = None,
    it_did_not_arrive: Annotated[
        bool, typer.Option("--it-did-not-arrive", help="You know that the message of unknown outcome never arrived.")
    ] = False,
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm",
            metavar="N",
            min=1,
            help="Let all go that a fuse holds: as many as you were told, else none.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Let refused, given-up or unanswered write-backs wait again; they go with the next delivery.

    With --confirm instead of keys: let go what is due of the time before mode live, else the tickets beyond the limits.

    Example: connector outbox release nps-k7m2q4
    """
    if bool(keys) == (confirm is not None):
        common.wrong("write either the keys of write-backs, or --confirm N for all that a fuse holds")
    if confirm is not None:
        _confirm(confirm)
        return
    with common.opened() as runtime:
        with runtime.store.read() as tx:
            entries = [_entry(tx, key) for key in keys or ()]
        for entry in entries:
            _may_be_released(runtime, entry, it_did_not_arrive=it_did_not_arrive)
        with runtime.store.write() as tx:
            for entry in entries:
                manual.release(tx, entry.write_back.key, now=runtime.now())
            after = [_entry(tx, entry.write_back.key) for entry in entries]
            whys = [waiting.why(tx, entry, runtime.config, runtime.now()) for entry in after]
        for entry, why in zip(after, whys, strict=True):
            say(f"{entry.write_back.key}: {waiting.state_words(entry)}; {why}")
        facts({"released": [entry.write_back.key for entry in after]})


def _confirm(number: int) -> None:
    """Let go what was written down before mode live; where there is none, the tickets that the limits hold."""
    with common.opened() as runtime:
        now, rehearsal = runtime.now(), runtime.mode is Mode.REHEARSAL
        with runtime.store.write() as tx:
            old = stored_fuses.unconfirmed(tx, now=now)
            before_live = 0 if rehearsal else old.due
            held = [] if before_live else _held(tx, runtime, rehearsal=rehearsal)
            there = before_live or len(held)
            if there == number and before_live:
                calendars = {name: each.calendar for name, each in runtime.config.connections.items() if each.calendar}
                going_live.confirm(tx, calendars, now=now)
            elif there == number:
                stored_fuses.let_go(tx, held, now=now)
        what = "write-backs of preview or rehearsal time" if before_live else "tickets beyond the limits"
        if not there and old.later and not rehearsal:
            common.wrong(f"nothing is to be confirmed yet; {old.later} of preview or rehearsal time are due later")
        if not there:
            common.wrong("no fuse holds anything; connector outbox list --state waiting says why each one waits")
        if there != number:
            common.wrong(f"{there} {what} wait, not {number}; look at them: connector outbox list --state waiting")
        say(f"{there} {what} may leave; they go with the next delivery")
        facts({"confirmed": there, "what": what})


def _held(tx: Tx, runtime: Runtime, *, rehearsal: bool) -> list[str]:
    limits = fuses.Limits(
        per_day=runtime.config.limits.tickets_per_day, per_owner=runtime.config.limits.tickets_per_owner
    )
    connections = dict.fromkeys(entry.write_back.connection for entry in outbox.listed(tx, states=("waiting",)))
    kept = [fuses.held(tx, name, limits, now=runtime.now(), rehearsal=rehearsal) for name in connections]
    return [key for each in kept for key in each.keys]


def _may_be_released(runtime: Runtime, entry: Entry, *, it_did_not_arrive: bool) -> None:
    """Refuse what is done or waits already, and what might be sent twice."""
    write_back = entry.write_back
    state, key = write_back.state, write_back.key
    if state not in (WriteBackState.REJECTED, WriteBackState.UNKNOWN, WriteBackState.DISCARDED):
        common.wrong(f"{key} {waiting.state_words(entry)}: there is nothing to release")
    if state is not WriteBackState.UNKNOWN or it_did_not_arrive:
        return
    sink = open_ports(runtime.config, write_back.connection, DryRecord(runtime)).sink
    if sink is None or sink.effect_class(write_back.kind) is EffectClass.UNKEYED:
        common.wrong(
            f"{key}: nobody can be asked whether this {write_back.kind} arrived, so it might be sent twice; "
            "if you know that it did not: --it-did-not-arrive"
        )


def _entry(tx: Tx, key: str) -> Entry:
    """The one write-back meant by a key or its beginning."""
    entry = outbox.get(tx, key)
    if entry is not None:
        return entry
    found = outbox.beginning(tx, key, limit=2) if key else []
    if len(found) != 1:
        many = "several begin so; write more of it" if found else "connector outbox list shows all"
        common.wrong(f'no write-back has the key "{key[:60]}": {many}')
    return found[0]
