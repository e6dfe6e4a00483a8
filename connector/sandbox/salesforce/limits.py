"""The daily allotment: what was used in the last 24 hours, /limits, Sforce-Limit-Info in its forms, and the 403s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import Refusal, refuse
from .state import Row, State

if TYPE_CHECKING:
    from .world import World

FORMS = ("short", "bursts", "per_app", "long", "none")
_HOUR = 3600


def used(state: State, now: float) -> int:
    """Return the calls of the rolling 24 hours, with what the tenant's other programs had used."""
    hour = int(now // _HOUR)
    return state.used_before + sum(count for then, count in state.used.items() if hour - 24 < then <= hour)


def count(world: World) -> None:
    """Count one call; raise REQUEST_LIMIT_EXCEEDED where the day's allotment is used up."""
    state, now = world.state, world.now()
    if used(state, now) >= state.allotment:
        raise exceeded_today()
    state.used[int(now // _HOUR)] += 1


def exceeded_today() -> Refusal:
    return refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def exceeded_at_once() -> Refusal:
    return refuse(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")


def header(world: World) -> dict[str, str]:
    """Return Sforce-Limit-Info in the form that is asked for (facts 4)."""
    state = world.state
    form = state.limit_info
    if form == "short" and world.readings["limit_info"] == "long":
        form = "long"
    if form == "none":
        return {}
    parts = [f"api-usage={used(state, world.now())}/{state.allotment}"]
    if form in ("bursts", "long"):
        parts.append("api-bursts=1/750")
    if form in ("per_app", "long"):
        parts.append(f"per-app-api-usage={state.calls.total()}/250(appName=nps-connector)")
    return {"Sforce-Limit-Info": "; ".join(parts)}


def answer(world: World) -> Row:
    """Return /limits; raise where the user may not look (facts 4)."""
    if world.readings["limits_endpoint"] == "forbidden":
        raise refuse(
            403, "INSUFFICIENT_ACCESS", "You do not have the level of access necessary to perform the operation"
        )
    state = world.state
    left = max(0, state.allotment - used(state, world.now()))
    jobs = state.calls["bulk query job"]
    return {
        "DailyApiRequests": {"Max": state.allotment, "Remaining": left},
        "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000 - jobs},
        "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        "DataStorageMB": {"Max": 1_073, "Remaining": 1_000},
        "ConcurrentAsyncGetReportInstances": {"Max": 200, "Remaining": 200},
    }
