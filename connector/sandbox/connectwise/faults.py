"""Planned misfortunes: what goes wrong, on which request, how often."""

from __future__ import annotations

import re
from typing import Any

from connector.sandbox.http import Answer, Request

from .refusals import Refusal, refuse, too_many
from .state import Fault, State

# What each kind does.
KINDS = {
    "429": "answers that there were too many requests, with Retry-After",
    "503html": "answers with a proxy's HTML page",
    "500timeout": "answers with a server error that speaks of a timeout",
    "reset": "resets the connection before anything happens",
    "truncate": "does the work and breaks off in the middle of the answer",
    "slow": "answers after `seconds`",
    "duplicate_row": "a list repeats a row of the page before",
    "missing_row": "a list lacks a row of the page",
    "empty_list": "a list is empty, as after a lost permission",
    "codebase_change": "the versioned codebase moves on; the old one is no longer known",
    "drop_after_write": "does the work and drops the connection without an answer",
    "late_write": "drops the connection at once; the work is done `seconds` later by the sandbox clock",
    "auth_lost": "answers as if the keys were wrong",
}


def planned(body: Any) -> list[Fault]:
    """Return the faults of a control request; raise a 400 with the known kinds for one that cannot be read."""
    faults = []
    for given in body if isinstance(body, list) else [body]:
        kind = str(given.get("kind", "")) if isinstance(given, dict) else ""
        if kind not in KINDS:
            raise refuse(400, "Control", f"unknown fault kind {kind!r}; known: {', '.join(KINDS)}")
        times = given.get("times", 1)
        faults.append(
            Fault(
                kind=kind,
                method=str(given.get("method", "*")).upper(),
                path=str(given.get("path", "")),
                skip=int(given.get("skip", 0)),
                times=-1 if times is None else int(times),
                seconds=float(given.get("seconds", 30 if kind == "429" else 0)),
            )
        )
    return faults


# What only makes sense for some requests: such a fault lets the others pass uncounted.
_OF_LISTS = frozenset({"duplicate_row", "missing_row", "empty_list"})
_OF_WRITES = frozenset({"drop_after_write", "late_write"})


def due(state: State, request: Request, path: str, *, is_list: bool) -> Fault | None:
    """Return the fault that befalls this request and count it; the first planned one that fits wins."""
    for fault in state.faults:
        if fault.times == 0 or fault.method not in ("*", request.method) or not re.search(fault.path, path):
            continue
        if (fault.kind in _OF_LISTS and not is_list) or (fault.kind in _OF_WRITES and request.method == "GET"):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        fault.times -= 1 if fault.times > 0 else 0
        return fault
    return None


def before(fault: Fault, state: State, request: Request, now: float) -> Answer | None:
    """Return the answer of a fault that strikes before the work is done, None for one that strikes later."""
    if fault.kind == "429":
        raise too_many(fault.seconds)
    if fault.kind == "500timeout":
        raise Refusal(500, {"code": "InternalServerError", "message": "Execution timeout expired.", "errors": None})
    if fault.kind == "503html":
        page = b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
        return Answer(status=503, body=page, content_type="text/html")
    if fault.kind == "late_write":
        state.late.append((now + fault.seconds, request))
        return Answer(status=0, broken="drop")
    if fault.kind == "reset":
        return Answer(status=0, broken="reset")
    if fault.kind == "codebase_change":
        name, _, number = state.codebase.rpartition("_")
        state.codebase = f"{name}_{int(number) + 1}"
    return None


def after(fault: Fault, answer: Answer) -> Answer:
    """Return the answer as the fault spoils it once the work is done."""
    if fault.kind == "drop_after_write":
        answer.broken = "drop"
    elif fault.kind == "truncate":
        answer.broken = "truncate"
    elif fault.kind == "slow":
        answer.delay = fault.seconds
    return answer


def spoiled(kind: str, numbers: list[int], before_page: int | None) -> list[int]:
    """Return the ids of a page with a row repeated or missing, as paging over changing records gives (facts 2)."""
    if kind == "empty_list" or not numbers:
        return []
    if kind == "duplicate_row":
        return [numbers[0] if before_page is None else before_page, *numbers]
    if kind == "missing_row":
        middle = len(numbers) // 2
        return numbers[:middle] + numbers[middle + 1 :]
    return numbers
