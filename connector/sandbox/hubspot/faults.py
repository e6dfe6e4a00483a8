"""Planned misfortunes: what goes wrong, on which request, how often."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from connector.sandbox.http import Answer, Request

from .limits import Limits
from .refusals import Refusal, refuse, too_many
from .state import Fault, State

# What each kind does.
KINDS = {
    "429": "answers that a limit is reached; `policy`: TEN_SECONDLY_ROLLING, SECONDLY or DAILY",
    "414": "answers that the URI is too long",
    "423": "answers that the record is locked, for two seconds",
    "477": "answers that the portal moves to another data centre; Retry-After is `seconds`",
    "500": "answers with a server error",
    "502": "answers with a proxy's HTML page",
    "503html": "answers with a proxy's HTML page",
    "504": "answers with a proxy's HTML page",
    "521": "answers as the CDN does when the server is down",
    "522": "answers as the CDN does when the server does not connect",
    "523": "answers as the CDN does when the server is not reachable",
    "524": "answers as the CDN does when the server did not answer in time",
    "530": "answers as the CDN does to a token it cannot read",
    "504_after_write": "does the work and answers with a proxy's HTML page",
    "reset": "resets the connection before anything happens",
    "truncate": "does the work and breaks off in the middle of the answer",
    "slow": "answers after `seconds`",
    "drop_after_write": "does the work and drops the connection without an answer",
    "late_write": "drops the connection at once; the work is done `seconds` later by the sandbox clock",
    "auth_lost": "answers as if the token were wrong",
    "token_expired": "answers as if the token had run out",
    "missing_scopes": "answers that the app lacks a scope",
    "empty_list": "a list is empty, as after a lost permission",
    "duplicate_row": "a list repeats its first row",
    "missing_row": "a list lacks a row of the page",
    "unknown_fields": "rows bear members that nobody has documented",
}
_OF_LISTS = frozenset({"empty_list", "duplicate_row", "missing_row", "unknown_fields"})
_OF_WRITES = frozenset({"drop_after_write", "late_write", "504_after_write"})
_PAGES = frozenset({"502", "503html", "504", "521", "522", "523", "524", "530"})
_ASKS = re.compile(r"/(search|batch/read)$")


def planned(body: Any) -> list[Fault]:
    """Return the faults of a control request; raise a 400 with the known kinds for one that cannot be read."""
    faults = []
    for given in body if isinstance(body, list) else [body]:
        kind = str(given.get("kind", "")) if isinstance(given, dict) else ""
        if kind not in KINDS:
            raise refuse(400, "CONTROL", f"unknown fault kind {kind!r}; known: {', '.join(KINDS)}")
        times = given.get("times", 1)
        faults.append(
            Fault(
                kind=kind,
                method=str(given.get("method", "*")).upper(),
                path=str(given.get("path", "")),
                skip=int(given.get("skip", 0)),
                times=-1 if times is None else int(times),
                seconds=float(given.get("seconds", 2 if kind in ("423", "429") else 60 if kind == "477" else 0)),
                policy=str(given.get("policy", "TEN_SECONDLY_ROLLING")),
            )
        )
    return faults


def due(state: State, request: Request) -> Fault | None:
    """Return the fault that befalls this request and count it; the first planned one that fits wins."""
    asks = request.method == "GET" or bool(_ASKS.search(request.path))
    for fault in state.faults:
        if fault.times == 0 or fault.method not in ("*", request.method) or not re.search(fault.path, request.path):
            continue
        if (fault.kind in _OF_LISTS and not asks) or (fault.kind in _OF_WRITES and asks):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        fault.times -= 1 if fault.times > 0 else 0
        return fault
    return None


def before(fault: Fault, state: State, request: Request, now: float, limits: Limits) -> Answer | None:
    """Return the answer of a fault that strikes before the work is done, None for one that strikes later."""
    kind = fault.kind
    if kind == "429":
        raise too_many(fault.policy, limits.retry_after(fault.seconds) if fault.policy != "DAILY" else {})
    if kind in _PAGES:
        return _page(int(kind[:3]))
    if kind == "414":
        return Answer(status=414, body=b"<html><body>Request-URI Too Large</body></html>", content_type="text/html")
    if kind == "423":
        raise refuse(423, "LOCKED", "This record is locked by another write; try again in 2 seconds")
    if kind == "477":
        body = {"status": "error", "message": "This account is being migrated", "category": "MIGRATION_IN_PROGRESS"}
        raise Refusal(477, body, {"Retry-After": str(int(fault.seconds))})
    if kind == "500":
        raise refuse(500, "INTERNAL_ERROR", "internal error")
    if kind == "auth_lost":
        raise refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
    if kind == "token_expired":
        raise refuse(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")
    if kind == "missing_scopes":
        raise missing_scopes("crm.objects.contacts.read")
    if kind == "late_write":
        state.late.append((now + fault.seconds, request))
        return Answer(status=0, broken="drop")
    return Answer(status=0, broken="reset") if kind == "reset" else None


def missing_scopes(*scopes: str) -> Refusal:
    """403 for a scope that the app was not granted."""
    message = "This app hasn't been granted all required scopes to make this call."
    context = {"requiredGranularScopes": list(scopes)}
    return refuse(403, "MISSING_SCOPES", message, errors=[{"message": message, "context": context}])


def after(fault: Fault, answer: Answer) -> Answer:
    """Return the answer as the fault spoils it once the work is done."""
    if fault.kind == "drop_after_write":
        answer.broken = "drop"
    elif fault.kind == "truncate":
        answer.broken = "truncate"
    elif fault.kind == "slow":
        answer.delay = fault.seconds
    elif fault.kind == "504_after_write":
        return _page(504)
    elif fault.kind in _OF_LISTS and answer.status in (200, 207):
        answer.body = _spoiled(fault.kind, answer.body)
    return answer


def _spoiled(kind: str, body: bytes) -> bytes:
    page = msgspec.json.decode(body)
    rows = page.get("results") if isinstance(page, dict) else None
    if not isinstance(rows, list) or not rows:
        return body
    if kind == "empty_list":
        page = {name: value for name, value in page.items() if name != "paging"} | {"results": []}
        page |= {"total": 0} if "total" in page else {}
    elif kind == "duplicate_row":
        page["results"] = [rows[0], *rows]
    elif kind == "missing_row":
        page["results"] = rows[: len(rows) // 2] + rows[len(rows) // 2 + 1 :]
    else:
        page["results"] = [row | {"neverDocumented": {"deep": [1, {"a": None}]}} for row in rows]
    return msgspec.json.encode(page)


def _page(status: int) -> Answer:
    page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>".encode()
    return Answer(status=status, body=page, content_type="text/html; charset=UTF-8")
