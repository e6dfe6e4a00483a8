"""One story run for a command, and what is said of how it went."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connector.cli.output import say
from connector.cli.progress import Progress
from connector.jobs import once
from connector.jobs.once import Step
from connector.jobs.runtime import Runtime


def perform(runtime: Runtime, story: str, connection: str, params: dict[str, Any] | None = None) -> Step:
    """Run one story, saying on the way how far it is where that takes long."""
    progress = Progress()
    try:
        return once.perform(replace(runtime, told=progress), story, connection, params)
    finally:
        progress.end(story, connection)


def line(step: Step) -> str:
    """`pull      psa      done   contacts 1,204, companies 311   24 calls  3.1 s`"""
    attempt, numbers, spent = step.attempt, "", ""
    if attempt is not None:
        shown = {
            name: value
            for name, value in attempt.counts.items()
            if isinstance(value, int) and (value or name == "contacts")
        }
        numbers = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in shown.items())
        spent = f"{attempt.calls} call{'' if attempt.calls == 1 else 's'}, {seconds(step)} s"
    audience = f"{attempt.counts['audience']}:" if attempt and "audience" in attempt.counts else ""
    parts = [f"{step.story:<9} {step.connection:<8} {step.outcome:<8}", audience, numbers, spent]
    return "  ".join(part for part in parts if part).rstrip()


def say_step(step: Step) -> None:
    """The step's line, and below it what keeps it, with the remedy."""
    say(line(step))
    for why in whys(step):
        say(f"    {why}")


def whys(step: Step) -> list[str]:
    """What kept the step from being done, each a sentence."""
    found = [step.why] if step.why else []
    if step.attempt is not None and isinstance(step.attempt.counts.get("why"), list):
        found += step.attempt.counts["why"]
    if step.outcome == "held":
        found.append(f"connector pause lists what is held; connector resume {step.connection} (or all) lets it go on")
    return found


def as_json(step: Step) -> dict[str, Any]:
    attempt = step.attempt
    return {
        "story": step.story,
        "connection": step.connection,
        "outcome": step.outcome,
        "why": step.why,
        "counts": attempt.counts if attempt else {},
        "calls": attempt.calls if attempt else 0,
        "seconds": seconds(step),
        "job": attempt.job_id if attempt else None,
    }


def seconds(step: Step) -> float:
    if step.attempt is None or step.attempt.ended_at is None:
        return 0.0
    return round((step.attempt.ended_at - step.attempt.started_at).total_seconds(), 1)
