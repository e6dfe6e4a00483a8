"""The figures of HubSpot: a first pull at Professional limits, what facets add to it, a second pull, tickets, CPU."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from connector.adapters.hubspot import SPEC
from connector.adapters.hubspot.paths import COMPANIES as HUBSPOT_COMPANIES
from connector.adapters.hubspot.paths import CONTACTS, TICKETS, ApiVersion, path
from connector.domain import OpenTicket, Receipt, WriteBack
from connector.jobs.records.journal import read_lines
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
    cpu_check,
    crm_config,
    loaded,
    opened,
    session,
    stand_in,
    timed,
)

CRM = "hubspot"
VERSION: ApiVersion = "2026-03"
LISTED = {path(VERSION, "objects", type=kind) for kind in (CONTACTS, HUBSPOT_COMPANIES)}
OF_CONTACTS = {path(VERSION, operation, type=CONTACTS) for operation in ("objects", "search")}
CREATE = f"POST {path(VERSION, 'batch_create', type=TICKETS)}"
PROPERTIES = (
    "email,firstname,lastname,jobtitle,phone,associatedcompanyid,hs_additional_emails,hs_email_optout,"
    "hs_email_hard_bounce_reason_enum,hs_email_hard_bounce_reason,hs_email_quarantined,hs_email_quarantined_reason,"
    "hs_email_bad_address,hs_merged_object_ids,hs_calculated_merged_vids,lifecyclestage"
)
"""What the adapter asks for."""
EVERYONE = {"company_types": ["Managed Client"]}  # HubSpot is read whole whatever the contact types are
FACETS = {"contact_types": ["Customer"], "company_types": ["Managed Client"], "marketing_groups": ["NPS 2026"]}
AUDIENCES = {"everyone": EVERYONE, "types": {"contact_types": ["Customer"]}, "facets": FACETS}


def checks(options: Options) -> Iterator[Check]:
    with stand_in(CRM, options.contacts) as portal:
        yield cpu_check(CRM, portal, options, "everyone")
    with stand_in(CRM, options.contacts, latency_ms=LATENCY_MS, readings="rate_limits=professional") as portal:
        yield from _first_pull(child(CRM, "pull", portal, "everyone")["pull"])
    with stand_in(CRM, options.contacts) as portal:
        yield from _facets(child(CRM, "pull", portal, "facets")["pull"])
    with stand_in(CRM, options.contacts) as portal:
        second = child(CRM, "twice", portal, "types")["second"]["calls"]  # a company type named is a call more
        yield Check(
            what="second pull, 1 % changed, by contact type alone",
            measured=f"{second} calls",
            promised="≤ 8",
            kept=second <= 8,
        )
    with stand_in(CRM, 2000, companies=200) as portal:
        yield _tickets(child(CRM, "tickets", portal))


def _first_pull(pull: Told) -> Iterator[Check]:
    yield Check(
        what=f"{pull['contacts']:,} contacts at {LATENCY_MS} ms and Professional limits",
        measured=f"{pull['wall']:.1f} s, {pull['calls']} calls, {pull['refused']} refused (429)",
        promised="≤ 60 s",
        kept=pull["wall"] <= 60,
    )
    yield Check(
        what="cursors of lists: each was handed out before it was used",
        measured=f"{pull['cursors']} cursors, {len(pull['constructed'])} constructed",
        promised="none constructed",
        kept=pull["cursors"] > 0 and not pull["constructed"],
    )


def _facets(pull: Told) -> Iterator[Check]:
    """All calls but those that read contacts are for facets: companies, members, and what their names stand for."""
    members = pull["contact_members"] + pull["company_members"]
    most = math.ceil(COMPANIES / 100) + math.ceil(members / 250)
    yield Check(
        what=f"facets: {COMPANIES:,} companies, {members:,} members of a list",
        measured=f"{pull['facet_calls']} calls beside those for contacts",
        promised=f"≤ companies/100 + members/250 = {most}",
        kept=members > 0 and pull["facet_calls"] <= most,
    )


def _tickets(told: Told) -> Check:
    return Check(
        what="1,000 tickets",
        measured=f"{told['made']} made by {told['creates']} creates, {told['others']} other calls: look-ups and names",
        promised="10 creates + 10 look-ups + names (≤ 5)",
        kept=told["made"] == 1000 and told["creates"] == 10 and told["others"] <= 15,
    )


# ---------------------------------------------------------------- in the measured process
def _connection(portal: Told) -> Told:
    return {
        "access_token": portal["token"],
        "portal": str(portal["portal"]),
        "base_url": portal["url"],
        "api_version": VERSION,
    }


def _story(portal: Told, folder: Path, audience: str) -> Story:
    opened(SPEC, _connection(portal))  # the client is loaded, as it is in a service
    control(portal, "served/reset", {})
    return Story(crm_config(folder, CRM, _connection(portal), AUDIENCES[audience]), "crm")


def _pull(portal: Told, folder: Path, audience: str) -> Told:
    story = _story(portal, folder, audience)
    pull = timed(story.pull)
    log = control(portal, "log")[-pull["calls"] :]
    used = Counter(cursor for each in log if _is_list(each["method"], each["path"]) for cursor in _after(each["query"]))
    handed = _handed_out(folder)
    return {
        "pull": pull
        | {
            "facet_calls": pull["calls"] - sum(each["path"] in OF_CONTACTS for each in log),
            "refused": sum(each["status"] == 429 for each in log),
            "cursors": used.total(),
            "constructed": sorted(set(used) - handed),
        }
    }


def _handed_out(folder: Path) -> set[str]:
    """The cursors of lists that answers gave before a call used them, by the record of the pull."""
    given: set[str] = set()
    before_use: set[str] = set()
    for record in sorted(folder.rglob("*.zst")):
        for frame in map(json.loads, read_lines(record)):
            if frame["t"] != "exchange" or not _is_list(frame["call"]["method"], frame["call"]["path"]):
                continue
            asked = {value for name, value in frame["call"]["query"] if name == "after" and value}
            before_use |= asked & given
            paging = json.loads(frame["answer"]["body"]).get("paging") or {}
            given.add((paging.get("next") or {}).get("after") or "")
    return before_use


def _is_list(method: str, where: str) -> bool:
    return method == "GET" and (where in LISTED or where.endswith("/memberships"))


def _after(query: str) -> list[str]:
    return parse_qs(query).get("after", [])


def _twice(portal: Told, folder: Path, audience: str) -> Told:
    """Pull, change 1 % of contacts and companies an hour later, pull again."""
    story = _story(portal, folder, audience)
    first = timed(story.pull)
    served = control(portal, "served")
    control(portal, "clock", {"advance": 3600})
    control(portal, "touch", {"contacts": len(served["contacts"]) // 100, "companies": COMPANIES // 100})
    return {"pull": first, "second": timed(story.pull)}


def _tickets_made(portal: Told, _folder: Path) -> Told:
    ports, wire = opened(SPEC, _connection(portal))
    assert ports.sink is not None
    contact, company = control(portal, "served")["contacts"], "951"
    change = OpenTicket(
        company_id=company, contact_id=str(contact[0]) if contact else "901", board="Customer Success",
        summary="NPS follow-up", priority="High", owner=("account_manager",),
    )  # fmt: skip
    batch = [_write_back(change, number) for number in range(1000)]
    outcomes = list(ports.sink.apply(batch))
    creates = wire.calls.count(CREATE)
    made = sum(isinstance(each.result, Receipt) for each in outcomes)
    return {"made": made, "creates": creates, "others": len(wire.calls) - creates}


def _write_back(change: OpenTicket, number: int) -> WriteBack:
    at = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
    return WriteBack(
        key=f"nps-{number:04d}", connection="crm", change=change, response_key="r", revision=1, rule_id="rule",
        action_id="act", not_before=at,
    )  # fmt: skip


def _script(portal: Told, folder: Path) -> Told:
    def pages() -> Iterator[list[Loaded]]:
        client = session(Authorization=f"Bearer {portal['token']}")
        asked = {"limit": "100", "properties": PROPERTIES}
        more: dict[str, Any] | None = {}
        while more is not None:
            answer = client.get(f"{portal['url']}/crm/v3/objects/contacts", params=asked | more, timeout=60).json()
            yield [
                (
                    row["id"],
                    f"{row['properties'].get('firstname')} {row['properties'].get('lastname')}",
                    row["properties"].get("email"),
                    row["properties"].get("associatedcompanyid"),
                    json.dumps(row),
                )
                for row in answer["results"]
            ]
            following = (answer.get("paging") or {}).get("next")
            more = {"after": following["after"]} if following else None

    return {"pull": timed(partial(loaded, folder, pages()))}


CHILDREN = {"pull": _pull, "twice": _twice, "tickets": _tickets_made, "script": _script}
