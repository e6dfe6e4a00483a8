"""`connector rehearse`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say
from connector.domain import OpenTicket
from connector.errors import ConnectorError
from connector.jobs import once
from connector.jobs import owners as asking
from connector.jobs import rehearse as rehearsing
from connector.jobs.once import Step
from connector.jobs.runtime import Runtime
from connector.jobs.trying import Trial, trial
from connector.store import undoing
from connector.store.outbox import Entry

_UNKNOWN = 6
_OF_A_CONTACT = ("add_note", "add_to_group", "record_response", "set_field")


def rehearse(
    email: Annotated[str, typer.Argument(metavar="EMAIL|ID", help="Whose answer it is: an address or a contact's id.")],
    score: Annotated[int, typer.Option(min=0, max=10, help="The score that is given, 0 to 10.")] = 3,
    comment: Annotated[str, typer.Option(help="The words that are given.")] = "Rehearsal: nobody said this.",
    connection: Annotated[
        str | None, typer.Option(help="The CRM connection, where there are several.", show_default=False)
    ] = None,
) -> None:
    """Walk one person through the loop: found, answered, judged by the rules, written to the test company at once.

    Nobody is asked and no real record is touched: tickets go to the company and board under rehearsal, mail to its
    mail_to, in mode live too. The answer is not kept: it counts in no history, quota or figure. What was begun and did
    not come to its end is taken up by the same command again; nothing is doubled.

    Example: connector rehearse ann@example.com
    Example: connector rehearse ann@example.com --score 9 --comment "All is well."

    Exit 2: mode is preview, rehearsal is not set up, or nobody has the address
    Exit 6: put off, or no answer came to a write; the same command again looks, and goes on
    """
    with common.opened(effects=False) as runtime:
        rehearsing.refuse(runtime.config)
        tried = trial(runtime, _values(runtime, email, score, comment, connection), who="EMAIL|ID")
        on = tried.response.connection
        _say_before(runtime, tried)
        assert tried.response.contact_id is not None, "trial raises where nobody is meant"
        person = {"contact_id": tried.response.contact_id, "email": tried.response.email}
        params = rehearsing.asked(runtime, on, **person, score=score, comment=comment)
        done = [steps.perform(runtime, rehearsing.STORY, on, params)]
        for name, keys in rehearsing.elsewhere(rehearsing.entries(runtime, on, params), on).items():
            done.append(steps.perform(runtime, rehearsing.STORY, name, {"keys": keys}))
        copies = rehearsing.entries(runtime, on, params)
        owners = _say_owners(runtime, tried)
        jobs = _say_after(runtime, tried, done, copies)
        facts(
            {
                "mode": runtime.mode,
                "contact": tried.response.contact_id,
                "score": score,
                "rules": [match.rule_id for match in tried.matches if match.verdict.holds],
                "steps": [steps.as_json(step) for step in done],
                "write_backs": [_as_json(entry) for entry in copies],
                "undo": jobs,
                "owners": owners,
            }
        )
    unknown = any(entry.write_back.state == "unknown" for entry in copies)
    common.leave(once.exit_code(done) or _UNKNOWN * unknown)


def _values(runtime: Runtime, who: str, score: int, comment: str, connection: str | None) -> dict[str, str]:
    by = "email" if "@" in who else "contact_id"
    return {
        "score": str(score),
        "comment": comment,
        "connection": connection or "",
        "responded_at": runtime.now().isoformat(),
        "email": "",
        "contact_id": "",
    } | {by: who.strip()}


def _say_before(runtime: Runtime, tried: Trial) -> None:
    rehearsal, response = runtime.config.rehearsal, tried.response
    assert rehearsal is not None, "refuse raises where it is missing"
    board = f", board {rehearsal.board}" if rehearsal.board else ""
    say(
        f"REHEARSAL (mode {runtime.mode}): tickets go to company {rehearsal.companies()}{board}; "
        f"mail goes to rehearsal.mail_to"
    )
    where = f"of company {response.company_id}" if response.company_id else "of no company"
    say(f"1 found     contact {response.contact_id} {where} on {response.connection}")
    say(f"2 answered  {response.score} of 10 ({response.band}); it is not kept, and counts nowhere")
    titles = {rule.id: rule.title for rule in runtime.config.rules}
    for number, match in enumerate(tried.matches):
        word = "applies" if match.verdict.holds else "does not apply"
        say(f"{'3 judged' if not number else '':<10}  rule {match.rule_id} {word}: {titles.get(match.rule_id, '')}")
        say(*(f"              {line}" for line in match.verdict.lines()))
    if not tried.matches:
        say("3 judged    there is no rule; write one under rules")
    for skipped in tried.skipped:
        say(f"            {skipped.rule_id} {skipped.action_id} left out: {skipped.why}")


def _say_after(runtime: Runtime, tried: Trial, done: list[Step], copies: list[Entry]) -> list[str]:
    """Say what was written and how to take it back; the Jobs that did it."""
    shown = sorted(copies, key=lambda entry: entry.write_back.depends_on is not None)
    for number, entry in enumerate(shown):
        say(f"{'4 written' if not number else '':<10}  {_line(entry)}")
        if entry.error and entry.write_back.state != "applied":
            say(f"              {entry.error}")
    if not copies:
        say("4 written   nothing" if tried.write_backs else "4 written   nothing: no rule that applies has it done")
    rehearsed = {(entry.write_back.rule_id, entry.write_back.action_id) for entry in copies}
    for wb in tried.write_backs:
        if wb.kind in _OF_A_CONTACT and (wb.rule_id, wb.action_id) not in rehearsed:
            say(
                f"            {wb.kind} not rehearsed: it would touch a real contact; a rehearsal puts it as a note on "
                f"the test company's ticket, and for the score {tried.response.score} no rule opens one"
            )
    for step in done:
        if step.outcome != "done":
            steps.say_step(step)
    if any(entry.write_back.state == "unknown" for entry in copies):
        say("            unknown: no answer came; the same command again, some minutes later, looks and goes on")
    with runtime.store.read() as tx:
        opened = [entry.write_back.key for entry in copies if entry.write_back.kind == "open_ticket" and entry.receipt]
        jobs = sorted({job for key in opened if (job := undoing.job_of(tx, key))})
    for number, job in enumerate(jobs):
        say(f"{'5 clean up' if not number else '':<10}  connector undo {job} --yes")
    return jobs


def _say_owners(runtime: Runtime, tried: Trial) -> dict[str, str]:
    """Say who the real ticket would go to, which no ticket at the test company can show; by action, the member."""
    owners: dict[str, str] = {}
    for wb in tried.write_backs:
        if not isinstance(wb.change, OpenTicket) or not wb.change.owner or not wb.change.company_id:
            continue
        try:
            found = asking.of_company(runtime.config, wb.connection, wb.change.company_id, wb.change.owner)
        except ConnectorError as error:
            say(f"            whose the real ticket would be cannot be told now: {error}")
            continue
        step = found.step.replace("_", " ")
        why = f" ({'; '.join(found.skipped)})" if found.skipped else ""
        say(f"            the real ticket would go to {found.member or 'nobody'}{f', {step}' if step else ''}{why}")
        owners[f"{wb.rule_id}.{wb.action_id}"] = found.member
    return owners


def _line(entry: Entry) -> str:
    write_back, receipt = entry.write_back, entry.receipt
    record = f"{receipt.record_type.replace('_', ' ')} {receipt.record_id} {receipt.link}" if receipt else ""
    return f"{write_back.kind:<14} {write_back.connection:<8} {write_back.state:<9} {record}".rstrip()


def _as_json(entry: Entry) -> dict[str, Any]:
    write_back, receipt = entry.write_back, entry.receipt
    return {
        "key": write_back.key,
        "kind": write_back.kind,
        "connection": write_back.connection,
        "state": write_back.state,
        "record": receipt.record_id if receipt else None,
        "link": receipt.link if receipt else "",
        "error": entry.error,
    }
