"""`connector demo`"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import common, demo_crms, demo_folder
from connector.cli.demo_crms import ALL, StandIn
from connector.cli.demo_measured import Measured
from connector.cli.demo_story import BACK, Story
from connector.cli.output import facts, say
from connector.cli.picture import change_lines
from connector.jobs.local_time import zone_of

WIDTH = 12


def demo(
    contacts: Annotated[int, typer.Option(min=1, help="How many contacts live in each stand-in.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people and answers.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where configuration, answers and store are left.")] = Path("nps-demo"),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="With this CRM alone: connectwise, hubspot or salesforce; may be repeated.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Afterwards keep the stand-ins running until Ctrl-C.")] = False,
) -> None:
    """Tell the whole story on stand-ins of three CRMs, twice: pull, preview, answers, tickets, score, replay.

    Everything stays on this machine, in one folder, which is made anew each time.

    Example: connector demo
    Example: connector demo --only connectwise --keep --folder nps-demo
    """
    common.given.log_level = common.given.log_level or "warning"
    common.start_log()
    kinds = [common.known("kind", kind, [crm.kind for crm in ALL]) for kind in only or ()]
    demo_folder.prepare(folder)
    with ExitStack() as ends:
        standing = demo_crms.start(demo_crms.chosen(kinds), contacts, seed, ends)
        story = Story(standing, folder, seed)
        ends.callback(story.close)
        common.given.zone = zone_of(story.config)
        _tell(story, contacts)
        different = story.replay()
        measured = story.end()
        _say_end(measured, different)
        _say_next(story, contacts, keep=keep)
        facts(measured)
        if keep:
            _wait()
    common.leave(1 if different or measured.second_run["tickets_created"] or measured.asked_twice else 0)


def _tell(story: Story, population: int) -> None:
    minutes = int(BACK.total_seconds() // 60)
    for number, each in enumerate(story.standing):
        line = f"a stand-in {each.crm.label} with {population:,} contacts at {each.server.url}"
        _chapter("" if number else "sandbox", f"{_named(story, each)}{line}")
    _chapter(
        "clock", f"stands {minutes} minutes back until the answers are in: they may be changed for 15, then rules act"
    )
    blind = story.check()
    _chapter("check", "configuration and keys are right" if not blind else "; ".join(blind))
    pulled = story.pull()
    for number, each in enumerate(story.standing):
        attempt = pulled[each.crm.connection].attempt
        assert attempt is not None, "it came to its end"
        counts = attempt.counts
        _chapter(
            "" if number else "pull",
            f"{_named(story, each)}{counts['contacts']:,} contacts in scope, {counts['companies']:,} companies, "
            f"{counts['memberships']:,} group members, {attempt.calls} calls",
        )
    say(*story.preview())
    if story.several:
        _tell_of_people(story)
    taken = story.answers().attempt
    assert taken is not None, "it came to its end"
    _chapter(
        "answers",
        f"{taken.counts.get('responses', 0)} people answered ({demo_folder.WAVE}); "
        f"rules made {taken.counts.get('write_backs', 0)} write-backs",
    )
    story.deliver()
    _tell_of_tickets(story)
    _chapter("NPS", str(story.nps()))
    story.second_run()
    second = story.measured.second_run
    _chapter(
        "once more",
        f"pull, plan, the same answers under another name, deliver: {second['tickets_created']} tickets opened, "
        f"{second['api_calls']} calls",
    )


def _tell_of_people(story: Story) -> None:
    """What only several CRMs can show: a word given to one holds in all, and one human being is one Person."""
    word = story.opt_out()
    if word is None:
        _chapter("opt-out", "nobody whom the first CRM would ask is known to another one in so small a world")
    else:
        _chapter("opt-out", f"{word.name} unsubscribes in {word.at}, so {word.by} asks no more: {word.seen}")
    asked = ", ".join(f"{count} by {name}" for name, count in story.ask().items())
    one = story.one_person()
    several, twice = story.measured.people_of_several, story.measured.asked_twice
    _chapter("asked", f"{asked}; {several} people are known to several, {twice or 'none'} asked twice")
    if one is not None:
        waits = "; ".join(f"{name} sees: {seen}" for name, seen in one.elsewhere.items())
        known = ", ".join(f"{name} {number}" for name, number in one.known.items())
        _chapter("one person", f"{one.name} is {known}: asked by {one.asked_by} alone, {waits}")


def _tell_of_tickets(story: Story) -> None:
    measured = story.measured
    states = ", ".join(f"{count} {state}" for state, count in measured.write_backs.items()) or "none"
    if story.several:
        opened = ", ".join(
            f"{each.crm.connection} {measured.crms[each.crm.connection].tickets} {each.crm.ticket}s"
            for each in story.standing
        )
        recorded = sum(at_crm.recorded for at_crm in measured.crms.values())
        _chapter(
            "records", f"{recorded} of {measured.responses} answers stand in the CRM they came from, none in another"
        )
        _chapter("tickets", f"{opened}; write-backs: {states}. One of each:")
    else:
        _chapter("tickets", f"{measured.tickets} opened; write-backs: {states}. One of them:")
    for _, entry, owner in story.tickets():
        lines = change_lines(entry.write_back.change, entry.write_back.key, owner=owner)
        say(*(f"    {line}" for line in (_short(lines) if story.several else lines)))


def _short(lines: list[str]) -> list[str]:
    """Head, who gave how much, the person's words: what stands inside, without headings and the rest."""
    inside = lines[lines.index("[internal]") + 1 :]
    return [lines[0], inside[0], *(line for line in inside if line.startswith('"'))]


def _say_end(measured: Measured, different: list[str]) -> None:
    for number, (name, at_crm) in enumerate(measured.crms.items()):
        whose = f"{name:<4}" if len(measured.crms) > 1 else ""
        archived = f", {at_crm.archived} of them archived" if at_crm.archived else ""
        _chapter(
            "" if number else "law of ids",
            f"{whose}{at_crm.served:,} served by the CRM{archived} = {at_crm.contacts:,} stored = "
            f"{at_crm.invitations:,} invited + {sum(at_crm.exclusions.values()):,} excluded",
        )
    replayed = measured.replay
    found = "no difference" if not different else f"{len(different)} differences: {different[0]}"
    _chapter("replay", f"{replayed['jobs']} jobs offline, {replayed['rows']:,} rows compared: {found}")


def _say_next(story: Story, contacts: int, *, keep: bool) -> None:
    say(f"next          cd {story.folder} && . ./env.sh")
    email = story.example()
    _chapter("offline", f"connector explain {email} | jobs list | jobs replay ID | outbox list")
    if keep:
        urls = ", ".join(each.server.url for each in story.standing)
        _chapter("live", f"what stands in keeps running, tickets and all: {urls} (Ctrl-C stops it)")
    else:
        for number, each in enumerate(story.standing):
            remark = "" if number else "   (the same people, no tickets)"
            _chapter("" if number else "live, after", _command(each, contacts, story.seed) + remark)
    whose = f" --connection {story.standing[0].crm.connection}" if story.several else ""
    _chapter("", f"connector rules test --score 3 --contact {email}{whose} | check --live | preview | run --once")


def _command(each: StandIn, contacts: int, seed: int) -> str:
    return f"connector sandbox {each.crm.kind} --port {each.server.port} --contacts {contacts} --seed {seed} &"


def _named(story: Story, each: StandIn) -> str:
    return f"{each.crm.connection:<4}" if story.several else ""


def _chapter(title: str, line: str) -> None:
    say(f"{title:<{WIDTH}}  {line}".rstrip())


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
