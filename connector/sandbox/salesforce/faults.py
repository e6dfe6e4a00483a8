"""Planned misfortunes: what goes wrong, on which request, how often."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connector.sandbox.http import Answer, Request

from . import limits
from .refusals import Refusal, refuse
from .state import Fault, State

# What each kind does.
KINDS = {
    "daily_limit": "answers 403 REQUEST_LIMIT_EXCEEDED: the day's calls are used up",
    "concurrent_limit": "answers 403 REQUEST_LIMIT_EXCEEDED: too many long requests at once",
    "429": "answers 429 without Retry-After, as the vendor sends none",
    "420": "answers 420 with an HTML page, as the vendor's edge does",
    "503html": "answers 503 with an HTML page",
    "503": "answers 503 SERVER_UNAVAILABLE",
    "500": "answers 500 UNKNOWN_EXCEPTION",
    "502": "answers 502 with an HTML page",
    "reset": "resets the connection before anything happens",
    "truncate": "does the work and breaks off in the middle of the answer",
    "slow": "answers after `seconds`",
    "drop_after_write": "does the work and drops the connection without an answer",
    "late_write": "drops the connection at once; the work is done `seconds` later by the sandbox clock",
    "auth_lost": "answers 401 INVALID_SESSION_ID",
    "api_disabled": "answers 403 API_DISABLED_FOR_ORG",
    "query_timeout": "a query ends in 400 QUERY_TIMEOUT; with `over` only one that finds more records",
    "query_too_complicated": "a query ends in 400 QUERY_TOO_COMPLICATED",
    "bad_locator": "a query locator is no longer known",
    "few_rows": "a page has fewer rows than asked for",
    "duplicate_row": "a page repeats a row of the page before",
    "missing_row": "a page lacks a row",
    "empty_list": "a page has no rows, as after a lost permission",
    "lock_row": "a write, or the `rows` of a collection, end in UNABLE_TO_LOCK_ROW",
    "row_error": "a write, or the `rows` of a collection, end in FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "storage_full": "a write, or the `rows` of a collection, end in STORAGE_LIMIT_EXCEEDED",
    "job_failed": "a bulk job ends in Failed",
}
OF_ROWS = {
    "lock_row": ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "row_error": ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "The tenant's rule says no"),
    "storage_full": ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
}
SPOILS = frozenset({"few_rows", "duplicate_row", "missing_row", "empty_list"})
# What only makes sense for some requests: such a fault lets the others pass uncounted.
_OF_QUERIES = SPOILS | {"query_timeout", "query_too_complicated"}
# A lost session or a used-up day is told by the API, not where one signs in.
_OF_DATA = frozenset({"auth_lost", "daily_limit", "concurrent_limit", "api_disabled"})
_OF_WRITES = frozenset({"drop_after_write", "late_write", *OF_ROWS})


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
                seconds=float(given.get("seconds", 0)),
                rows=tuple(int(place) for place in given.get("rows", ())),
                over=int(given.get("over", 0)),
            )
        )
    return faults


def due(state: State, request: Request, path: str, *, is_query: bool) -> Fault | None:
    """Return the fault that befalls this request and count it; the first planned one that fits wins.

    A fault's `path` is looked for in the path, the query's text and the body, so that it may name an object or a key.
    """
    whole = f"{path}?{request.query.get('q', '')}\n{request.body.decode('utf-8', 'replace')}" if state.faults else ""
    for fault in state.faults:
        if fault.times == 0 or fault.method not in ("*", request.method) or not re.search(fault.path, whole):
            continue
        makes_job = fault.kind == "empty_list" and request.method == "POST" and path.endswith("/jobs/query")
        if fault.kind in _OF_QUERIES and not is_query and not makes_job:
            continue
        if fault.kind in _OF_DATA and "/oauth2/" in path:
            continue
        if fault.kind == "bad_locator" and not re.search(r"/query/[^/]", path):
            continue
        if fault.kind == "job_failed" and not re.search(r"/jobs/query/[^/]+$", path):
            continue
        if fault.kind in _OF_WRITES and (request.method == "GET" or re.search("/jobs/query|/oauth2/", path)):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        fault.times -= 1 if fault.times > 0 else 0
        return fault
    return None


def before(fault: Fault, state: State, request: Request, now: float) -> Answer | None:
    """Return the answer of a fault that strikes before the work is done, None for one that strikes later."""
    kind = fault.kind
    if kind == "late_write":
        state.late.append((now + fault.seconds, request))
        return Answer(status=0, broken="drop")
    if kind == "reset":
        return Answer(status=0, broken="reset")
    if kind in ("420", "502", "503html"):
        return page(int(kind[:3]))
    refusals: dict[str, Callable[[], Refusal]] = {
        "daily_limit": limits.exceeded_today,
        "concurrent_limit": limits.exceeded_at_once,
        "429": lambda: refuse(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests"),
        "503": lambda: refuse(503, "SERVER_UNAVAILABLE", "Server unavailable, try again"),
        "500": lambda: refuse(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 1234567890-12345"),
        "auth_lost": lambda: refuse(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        "api_disabled": lambda: refuse(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization"),
        "query_timeout": lambda: refuse(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
        "query_too_complicated": lambda: refuse(
            400, "QUERY_TOO_COMPLICATED", "Query is either selecting too many fields"
        ),
        "bad_locator": lambda: refuse(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    }
    if kind in refusals and not fault.over:
        raise refusals[kind]()
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


def page(status: int) -> Answer:
    """Return the HTML page of the vendor's edge, which is no JSON (facts 4)."""
    body = f"<html><head><title>{status}</title></head><body><h1>Server is unavailable</h1></body></html>"
    return Answer(status=status, body=body.encode(), content_type="text/html; charset=utf-8")
