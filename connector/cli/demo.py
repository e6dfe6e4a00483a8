"""`connector demo`"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import common, demo_folder
from connector.cli.demo_story import BACK, Story
from connector.cli.output import facts, say
from connector.cli.picture import change_lines
from connector.sandbox.connectwise import Server, serve

PORT = 8420
WIDTH = 12


def demo(
    contacts: Annotated[int, typer.Option(min=1, help="How many contacts live in the stand-in CRM.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people and answers.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where configuration, answers and store are left.")] = Path("nps-demo"),
    keep: Annotated[bool, typer.Option("--keep", help="Afterwards keep the stand-in running until Ctrl-C.")] = False,
) -> None:
    """Tell the whole story on a stand-in CRM, twice: pull, preview, answers, tickets, score, replay.

    Everything stays on this machine, in one folder, which is made anew each time.

    Example: connector demo
    Example: connector demo --keep --folder nps-demo
    """
    common.given.log_level = common.given.log_level or "warning"
    common.start_log()
    demo_folder.prepare(folder)
    with _serving(contacts, seed) as server:
        story = Story(server, folder, seed)
        try:
            _tell(story, contacts)
            different = story.replay()
            measured = story.end()
            _say_end(story, different)
            _say_next(story, contacts, keep=keep)
        finally:
            story.close()
        facts(measured)
        if keep:
            _wait()
    common.leave(1 if different or measured.second_run["tickets_created"] else 0)


def _serving(contacts: int, seed: int) -> Server:
    """On the port the next commands are easy to type with, or on any free one."""
    try:
        return serve(port=PORT, contacts=contacts, seed=seed)
    except OSError:
        return serve(port=0, contacts=contacts, seed=seed)


def _tell(story: Story, population: int) -> None:
    minutes = int(BACK.total_seconds() // 60)
    _chapter("sandbox", f"a stand-in ConnectWise PSA with {population:,} contacts at {story.server.url}")
    _chapter(
        "clock", f"stands {minutes} minutes back until the answers are in: they may be changed for 15, then rules act"
    )
    blind = story.check()
    _chapter("check", "configuration and keys are right" if not blind else "; ".join(blind))
    pulled = story.pull()
    attempt = pulled.attempt
    assert attempt is not None, "it came to its end"
    counts = attempt.counts
    _chapter(
        "pull",
        f"{counts['contacts']:,} contacts in scope, {counts['companies']:,} companies, "
        f"{counts['memberships']:,} group members, {attempt.calls} calls",
    )
    say(*story.preview())
    taken = story.answers().attempt
    assert taken is not None, "it came to its end"
    _chapter(
        "answers",
        f"{taken.counts.get('responses', 0)} people answered ({demo_folder.WAVE}); "
        f"rules made {taken.counts.get('write_backs', 0)} write-backs",
    )
    story.deliver()
    states = ", ".join(f"{count} {state}" for state, count in story.measured.write_backs.items()) or "none"
    _chapter("tickets", f"{story.measured.tickets} opened; write-backs: {states}. One of them:")
    opened = story.ticket()
    if opened is not None:
        entry, owner = opened
        say(*(f"    {line}" for line in change_lines(entry.write_back.change, entry.write_back.key, owner=owner)))
    _chapter("NPS", str(story.nps()))
    story.second_run()
    second = story.measured.second_run
    _chapter(
        "once more",
        f"pull, plan, the same answers under another name, deliver: {second['tickets_created']} tickets opened, "
        f"{second['api_calls']} calls",
    )


def _say_end(story: Story, different: list[str]) -> None:
    measured = story.measured
    excluded = sum(measured.exclusions.values())
    _chapter(
        "law of ids",
        f"{measured.served:,} served by the CRM = {measured.contacts:,} stored = {measured.invitations:,} invited + "
        f"{excluded:,} excluded",
    )
    replayed = measured.replay
    found = "no difference" if not different else f"{len(different)} differences: {different[0]}"
    _chapter("replay", f"{replayed['jobs']} jobs offline, {replayed['rows']:,} rows compared: {found}")


def _say_next(story: Story, contacts: int, *, keep: bool) -> None:
    say(f"next          cd {story.folder} && . ./env.sh")
    email = story.example()
    _chapter("offline", f"connector explain {email} | jobs list | jobs replay ID | outbox list")
    if keep:
        _chapter("live", f"the stand-in keeps running, tickets and all: {story.server.url} (Ctrl-C stops it)")
    else:
        again = f"connector sandbox connectwise --port {story.server.port} --contacts {contacts} --seed {story.seed} &"
        _chapter("live, after", f"{again}   (the same people, no tickets)")
    _chapter("", f"connector rules test --score 3 --contact {email} | check --live | preview | run --once")


def _chapter(title: str, line: str) -> None:
    say(f"{title:<{WIDTH}}  {line}".rstrip())


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
