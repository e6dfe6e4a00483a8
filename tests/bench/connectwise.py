"""The figures of ConnectWise PSA: speed and memory of pull and plan, the time at a latency, calls of a second pull."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.shared import (
    COMPANIES,
    LATENCY_MS,
    Check,
    Loaded,
    Options,
    Story,
    Told,
    child,
    control,
    loaded,
    say,
    session,
    stand_in,
    timed,
)
from tests.settings import AUDIENCE, load_config

CRM = "connectwise"
PAGE = 1000
SCRIPT = 3.6
"""CPU seconds of the ten-minute script for 100,000 contacts on the machine the rates were promised for."""
AUDIENCES: dict[str, dict[str, Any]] = {
    "everyone": {"from": "psa", "company_types": ["Managed Client"]},  # no contact type: every contact is pulled
    "types": {"from": "psa", "contact_types": ["Decision Maker", "Owner", "End User", "Billing", "Technical"]},
    "readme": AUDIENCE,
}


def checks(options: Options) -> Iterator[Check]:
    yield from _speed(options.contacts, options.runs)
    yield from _latency(options.contacts)
    yield from _second_pull(options.contacts)
    if options.million:
        yield from _memory(options.million)


def _speed(contacts: int, runs: int) -> Iterator[Check]:
    """fetch, decode, judge, link, store, record; then dedupe and decide; in turn with the script that only loads.

    The rates were promised for a machine on which that script takes SCRIPT seconds. Machines differ by more than four
    times and one machine by more than twice from hour to hour, so each run is scaled by the script run beside it.
    """
    pulls, plans, scripts = [], [], []
    with stand_in(CRM, contacts) as psa:
        for run in range(runs):
            told = child(CRM, "tell", psa, "everyone")
            script = child(CRM, "script", psa)
            pulls.append(told["pull"]["cpu"])
            plans.append(told["plan"]["cpu"])
            scripts.append(script["pull"]["cpu"])
            say(
                f"{CRM} run {run + 1}: pull {pulls[-1]:.2f} + dedupe and decide {plans[-1]:.2f} CPU s; "
                f"the ten-minute script {scripts[-1]:.2f} CPU s (loads only)"
            )
    found = told["pull"]["contacts"]
    wholes = [pull + plan for pull, plan in zip(pulls, plans, strict=True)]
    for what, seconds in (
        (f"{found:,} contacts: fetched, judged, linked, stored", pulls),
        ("the same, and a decision for each, with reasons", wholes),
    ):
        ratio = statistics.median(mine / script for mine, script in zip(seconds, scripts, strict=True))
        rate = 100_000 / (ratio * SCRIPT)
        yield Check(
            what=what,
            measured=f"{rate:,.0f} contacts per CPU s ({ratio:.2f} × the script; here {found / min(seconds):,.0f})",
            promised=f"≥ 20,000 where the script takes {SCRIPT} s",
            kept=rate >= 20_000,
        )
    say(f"lowest of {runs}: pull {min(pulls):.2f}, plan {min(plans):.2f}, script {min(scripts):.2f} CPU s")


def _latency(contacts: int) -> Iterator[Check]:
    with stand_in(CRM, contacts, latency_ms=LATENCY_MS) as psa:
        pull = child(CRM, "tell", psa, "everyone")["pull"]
    least = max(pull["calls"] * LATENCY_MS / 1000, pull["cpu"])
    yield Check(
        what=f"wall time at {LATENCY_MS} ms a call, {pull['calls']} calls",
        measured=f"{pull['wall']:.1f} s = {pull['wall'] / least:.2f} × {least:.1f} s",
        promised=f"≤ 1.3 × max(calls × {LATENCY_MS} ms, CPU)",
        kept=pull["wall"] <= 1.3 * least,
    )


def _second_pull(contacts: int) -> Iterator[Check]:
    """1 % changed; by contact type alone, and with the README's audience."""
    with stand_in(CRM, contacts) as psa:
        told = child(CRM, "twice", psa, "types")
        first, second = told["pull"]["calls"], told["second"]["calls"]
        yield Check(
            what="second pull, 1 % changed, by contact type alone",
            measured=f"{second} of {first} calls = {100 * second / first:.1f} %",
            promised="≤ 3 %",
            kept=second <= 0.03 * first,
        )
    with stand_in(CRM, contacts) as psa:
        told = child(CRM, "twice", psa, "readme")
        second = told["second"]
        names, changed, firms = 3, math.ceil(contacts / 100 / PAGE), math.ceil(COMPANIES / 100 / PAGE)
        rows = math.ceil(second["contact_members"] / PAGE) + max(1, math.ceil(second["company_members"] / PAGE))
        least = names + changed + firms + rows
        say(
            f"least calls = {names} (segment names: contact types, company types, groups) + ⌈changed contacts/1000⌉ "
            f"{changed} + ⌈changed companies/1000⌉ {firms} + ⌈contact members/1000⌉ + max(1, ⌈company members/1000⌉) "
            f"{rows} = {least}"
        )
        yield Check(
            what=f"second pull, README's audience, {second['contact_members'] + second['company_members']:,} members",
            measured=f"{second['calls']} calls, least is {least}",
            promised="≤ least + 3",
            kept=second["calls"] <= least + 3,
        )


def _memory(contacts: int) -> Iterator[Check]:
    with stand_in(CRM, contacts, companies=contacts // 4) as psa:
        told = child(CRM, "tell", psa, "everyone")
    peak = told["pull"]["peak_mb"]
    yield Check(
        what=f"peak memory at {contacts:,} contacts, pull",
        measured=f"{peak:.0f} MB",
        promised="< 400 MB",
        kept=peak < 400,
    )
    peak, invited = told["plan"]["peak_mb"], told["plan"]["invitations"]
    yield Check(
        what=f"the same, plan with {invited:,} invitations",
        measured=f"{peak:.0f} MB",
        promised="< 400 MB",
        kept=peak < 400,
    )


# ---------------------------------------------------------------- in the measured process
def _story(psa: Told, folder: Path, audience: str) -> Story:
    return Story(load_config(psa["url"], folder, audiences={"asked": AUDIENCES[audience]}, rules=[]), "psa")


def _tell(psa: Told, folder: Path, audience: str) -> Told:
    """Pull everything, then decide for everybody."""
    story = _story(psa, folder, audience)
    return {"pull": timed(story.pull), "plan": timed(lambda: story.plan("asked"))}


def _twice(psa: Told, folder: Path, audience: str) -> Told:
    """Pull, change 1 % of contacts and companies, pull again."""
    story = _story(psa, folder, audience)
    first = timed(story.pull)
    served = control(psa, "served")
    changed = served["contacts"][::100][: len(served["contacts"]) // 100]
    control(psa, "touch", {"contacts": changed, "companies": served["companies"][::100]})
    return {"pull": first, "second": timed(story.pull)}


def _script(psa: Told, folder: Path) -> Told:
    def pages() -> Iterator[list[Loaded]]:
        client = session(clientId=psa["client_id"])
        client.auth = (f"{psa['company']}+{psa['public_key']}", psa["private_key"])
        where, page = f"{psa['url']}/v4_6_release/apis/3.0/company/contacts", 1
        while True:
            asked = {"pageSize": "1000", "page": str(page), "orderBy": "id asc"}
            rows = client.get(where, params=asked, timeout=60).json()
            if not rows:
                return
            yield [_row(row) for row in rows]
            page += 1

    return {"pull": timed(lambda: loaded(folder, pages()))}


def _row(row: Any) -> Loaded:
    mails = [item["value"] for item in row.get("communicationItems", []) if item["communicationType"] == "Email"]
    name, company = f"{row.get('firstName')} {row.get('lastName')}", (row.get("company") or {}).get("id")
    return row["id"], name, mails[0] if mails else None, company, json.dumps(row)


CHILDREN = {"tell": _tell, "twice": _twice, "script": _script}
