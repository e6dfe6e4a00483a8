"""The parts of an explanation: each a title, lines for people and facts for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from connector.domain import Company, Facet, FollowUp, FollowUpState, Segment
from connector.jobs.explain import waiting
from connector.jobs.local_time import when, zone_of
from connector.jobs.runtime import Runtime
from connector.rules import follow_up as rules
from connector.store import follow_ups, outbox, responses
from connector.store.outbox import Entry


class Section(NamedTuple):
    name: str
    title: str
    lines: tuple[str, ...]
    facts: Any


def names(segments: Sequence[Segment], facet: Facet, ids: Iterable[str]) -> list[str]:
    """What these segments are called; the id where the name is not known."""
    known = {segment.id: segment.name for segment in segments if segment.facet is facet}
    return sorted(known.get(each, f"id {each}") for each in ids)


def company_line(company: Company, segments: Sequence[Segment]) -> str:
    types = ", ".join(names(segments, Facet.COMPANY_TYPE, company.type_ids)) or "no type"
    flags = [flag for flag in ("deleted", "inactive", "own", "vendor", "lead") if getattr(company, flag)]
    flags += ["opted out"] if company.opted_out else []
    return f"{company.name} ({company.identifier or company.id}): {types}{'; ' + ', '.join(flags) if flags else ''}"


def company_facts(company: Company, segments: Sequence[Segment]) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(company)
    return facts | {"types": names(segments, Facet.COMPANY_TYPE, company.type_ids)}


def write_back_section(runtime: Runtime, entries: Sequence[Entry]) -> Section:
    """Each write-back: kind, state, what keeps it, rule, receipt with its link."""
    lines: list[str] = []
    facts = []
    rules = {rule.id: rule.title for rule in runtime.config.rules}
    zone = zone_of(runtime.config)
    with runtime.store.read() as tx:
        for entry in entries:
            write_back, receipt = entry.write_back, entry.receipt
            why = waiting.why(tx, entry, runtime.config, runtime.now())
            response = responses.get(tx, write_back.response_key)
            facts.append(write_back_facts(entry, why) | {"response": write_back.response_key})
            rule = rules.get(write_back.rule_id, "no rule of this name any more")
            rehearsed = " (rehearsal)" if entry.rehearsal else ""
            lines.append(f"{write_back.kind}{rehearsed} {waiting.state_words(entry)}{f': {why}' if why else ''}")
            score = f"the {response.score} of {when(response.responded_at, zone)}" if response else ""
            if response and write_back.revision < response.revision:
                score = f"what was answered before {score}"
            score = score and f", for {score}"
            lines.append(f"  {write_back.key} by rule {write_back.rule_id} ({rule}){score}")
            if receipt is not None:
                lines.append(f"  {receipt.record_type.replace('_', ' ')} {receipt.record_id} {receipt.link}".rstrip())
            followed = [f.follow_up for f in follow_ups.listed(tx, response_key=write_back.response_key)]
            for follow_up in (each for each in followed if each.key == write_back.key):
                lines.append(f"  {follow_up_line(follow_up, runtime.now(), zone)}")
                facts[-1]["follow_up"] = follow_up
    return Section("write_backs", "written back", tuple(lines) or ("nothing",), facts)


def follow_up_line(row: FollowUp, now: datetime, zone: tzinfo) -> str:
    """`overdue since 2026-11-23 15:20 CET (In Progress, bob); reminded 2026-11-23 11:00 CET`."""
    words = rules.WORDS[row.state]
    if rules.overdue(row, now):
        words = f"overdue since {when(row.due_at, zone)}"
    status = row.status if row.state is not FollowUpState.UNDONE else ""  # it was read before it was closed
    beside = ", ".join(part for part in (status, row.owner) if part)
    told = [("touched", row.first_touch_at), ("reminded", row.reminded_at), ("escalated", row.escalated_at)]
    told += [(f"closed by {row.closed_by}" if row.closed_by else "closed", row.closed_at)]
    parts = [f"{words} ({beside})" if beside else words, *(f"{word} {when(at, zone)}" for word, at in told if at)]
    return "; ".join([*parts, *([f"merged into {row.merged_into}"] if row.merged_into else [])])


def write_back_facts(entry: outbox.Entry, why: str) -> dict[str, Any]:
    """One write-back for a machine."""
    write_back = entry.write_back
    return {
        "key": write_back.key,
        "kind": write_back.kind,
        "connection": write_back.connection,
        "state": write_back.state.value,
        "why": why,
        "rule": write_back.rule_id,
        "action": write_back.action_id,
        "revision": write_back.revision,
        "not_before": write_back.not_before,
        "depends_on": write_back.depends_on,
        "rehearsal": entry.rehearsal,
        "tries": entry.tries,
        "error": entry.error,
        "created_at": entry.created_at,
        "changed_at": entry.changed_at,
        "receipt": entry.receipt,
    }
