"""pull: CRM → pages → contacts, companies and memberships in the store; addresses judged, persons linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from operator import attrgetter
from typing import Any

import structlog

from connector.config import Config
from connector.domain import Contact, Facet, Segment
from connector.errors import ContractError, RejectedError
from connector.jobs.forgotten import is_forgotten
from connector.jobs.names import meant
from connector.jobs.pull import gone, hinted
from connector.jobs.pull.linking import Known, changed_keys, known_of, other_addresses, stored_rows
from connector.jobs.pull.pages import ahead, together
from connector.jobs.pull.told import told as what_is_told
from connector.jobs.records.record import OTHER_ADDRESSES, PAGES_TOGETHER, Record, raw
from connector.jobs.resolving import remembered
from connector.ports import ContactSource, HintSource, Page, Scope
from connector.rules.names import referenced_names
from connector.store import Tx, addresses, contacts, holds
from connector.store import hints as store_hints
from connector.store import linking as store_linking
from connector.store.contacts import StoredContact
from connector.store.merges import Merge
from connector.store.segments import put_segments, remember_names
from connector.sync import audience as audiences
from connector.sync.address import Address, judge

_FACETS = frozenset(facet.value for facet in Facet)
_DOCUMENT, _LINK = attrgetter("doc"), attrgetter("id", "person_id", "address_key", "address_kind")
log = structlog.get_logger()


def pull(
    record: Record, config: Config, connection: str, source: ContactSource, hints: HintSource | None = None
) -> dict[str, Any]:
    """Pull everything in scope that changed. Returns counts; raises by the error's type, pages stored so far stay.

    A rerun (`again` in the parameters, with the cursor its Job began at) leaves the cursor where it stands.
    """
    segments = segments_in_use(config, connection, source)
    before = remembered(record, connection)
    resolved = _resolved(config, connection, segments, before)
    of_rules = _names_of_rules(config, connection, segments, before)
    counts: Counter[str] = Counter()
    told: dict[str, int | str] = {}
    for finding in (finding for audience in resolved for finding in audience.findings):
        log.warning("name_changed", problem=str(finding))
    _remember(record, config, connection, segments, resolved, of_rules)
    counts["held_audiences"] = sum(audience.held for audience in resolved)
    why = {"why": [str(finding) for audience in resolved if audience.held for finding in audience.findings]}
    held = why if counts["held_audiences"] else {}
    groups = [segment for (facet, _), segment in of_rules.items() if facet is Facet.MARKETING_GROUP]
    scope = audiences.scope(resolved, groups=groups)
    if not scope.selections:
        log.warning("nothing_in_scope", connection=connection, remedy="name an audience for it, or lift its hold")
        return {**counts, **held}
    again = record.params.get("again", {})
    moves = "cursor" not in again
    if hints is not None and moves:
        _look_at_hints(record, connection, hints, scope, counts)
    stored = record.read("cursor", dict[str, Any] | None, lambda tx: contacts.cursor(tx, connection))
    pages = source.pages(scope, stored if moves else again["cursor"])
    with closing(ahead(pages)) as coming:
        for page in together(coming) if record.does(PAGES_TOGETHER) else coming:
            judged = gone.verdict(record, connection, page, config.limits) if page.reconciled and moves else None
            _store(record, connection, page, counts, judged, moves=moves)
            if judged is not None and judged.error is not None:
                raise judged.error
            told |= page.told
            log.info("page", **{kind: counts[kind] for kind in ("contacts", "companies", "memberships")})
    return {**counts, **told, **held}


def _look_at_hints(record: Record, connection: str, source: HintSource, scope: Scope, counts: Counter[str]) -> None:
    """Read what callbacks hinted at, before the pull's own ways; then forget the hints."""
    waiting = hinted.waiting(record, connection)
    if not waiting:
        return
    ids = {kind: [hint.record_id for hint in waiting if hint.kind == kind] for kind in ("contact", "company")}
    try:
        seen = list(source.these(ids["contact"], ids["company"]))
    except (RejectedError, ContractError) as error:  # else each pull to come would stop here; nothing depends on hints
        log.warning("hints_dropped", connection=connection, hints=len(waiting), why=str(error))
        seen = []
    for one in seen:
        page = hinted.page_of(hinted.in_scope(record, connection, one, scope))
        _store(record, connection, page, counts, None, moves=False)
    people, firms = hinted.gone_by(record, connection, seen, counts)

    def write(tx: Tx) -> None:
        contacts.put_gone(tx, connection, people, firms, at=record.now)
        store_hints.drop(tx, waiting)

    record.commit(write)
    counts["hints"] += len(waiting)


def segments_in_use(config: Config, connection: str, source: ContactSource) -> dict[Facet, list[Segment]]:
    """The segments, as they are now, of every facet an audience or rule names; and the contact types, for tickets."""
    used = {Facet.CONTACT_TYPE}
    for audience in config.audiences.values():
        if audience.from_ == connection:
            used |= {facet for facet in Facet if audience.names(facet) or audience.exclude.names(facet)}
    kinds = {reference.kind for reference in referenced_names(config.rules)}
    used |= {facet for facet in Facet if facet.value in kinds}
    return {facet: source.segments(facet) for facet in Facet if facet in used}


def resolve(
    record: Record, config: Config, connection: str, segments: Mapping[Facet, Sequence[Segment]]
) -> list[audiences.ResolvedAudience]:
    """The audiences of a connection in the CRM's ids, by what their names stood for before."""
    return _resolved(config, connection, segments, remembered(record, connection))


def _resolved(
    config: Config, connection: str, segments: Mapping[Facet, Sequence[Segment]], before: audiences.Remembered
) -> list[audiences.ResolvedAudience]:
    return [
        audiences.resolve(name, audience, segments, before)
        for name, audience in config.audiences.items()
        if audience.from_ == connection
    ]


def _names_of_rules(
    config: Config, connection: str, segments: Mapping[Facet, Sequence[Segment]], before: audiences.Remembered
) -> dict[tuple[Facet, str], str]:
    """What the names in rules for this connection's answers stand for; one that is gone is told and holds nobody."""
    written = [
        (".".join(map(str, reference.path)), Facet(reference.kind), reference.name)
        for reference in referenced_names(config.rules)
        if reference.kind in _FACETS and meant(config, reference, [connection])
    ]
    ids, findings = audiences.find_names(written, segments, before)
    for finding in findings:
        if isinstance(finding, audiences.Renamed):
            log.warning("name_changed", problem=str(finding))
        else:
            log.warning("name_of_a_rule_not_found", place=finding.place, name=finding.written, connection=connection)
    return ids


def _remember(
    record: Record,
    config: Config,
    connection: str,
    segments: Mapping[Facet, Sequence[Segment]],
    resolved: Sequence[audiences.ResolvedAudience],
    of_rules: Mapping[tuple[Facet, str], str],
) -> None:
    record.emit("segments", [[facet, len(found)] for facet, found in segments.items()])
    record.emit("audiences", [[a.name, a.held, [str(finding) for finding in a.findings]] for a in resolved])

    def write(tx: Tx) -> None:
        put_segments(tx, connection, segments)
        holds.lift_unknown_audiences(tx, config.audiences)
        for names in (of_rules, *(audience.remember for audience in resolved)):
            ids = {(facet.value, name): segment for (facet, name), segment in names.items()}
            remember_names(tx, connection, ids, now=record.now)
        for audience in resolved:
            if audience.held:
                why = "; ".join(str(finding) for finding in audience.findings)
                hold = holds.Hold(kind="audience", name=audience.name, cause="missing", reason=why, since=record.now)
                holds.put(tx, hold)
            else:
                holds.lift(tx, "audience", audience.name, "missing")

    record.commit(write)


def _store(
    record: Record, connection: str, page: Page, counts: Counter[str], verdict: gone.Verdict | None, *, moves: bool
) -> None:
    """Judge, link and keep one page, with its cursor, in one transaction; with the last of a full pull who is gone."""
    wanted = [contact for contact in page.contacts if not is_forgotten(contact)]
    if left_out := len(page.contacts) - len(wanted):
        counts["forgotten"] += left_out
    judged = [(contact, judge(contact.email, explain=False)) for contact in wanted]
    others = other_addresses(wanted) if record.does(OTHER_ADDRESSES) else {}
    with record.turn(store_linking.link_in_turn, durable=False):
        _store_judged(record, connection, page, counts, verdict, judged, others, moves=moves)


def _store_judged(
    record: Record,
    connection: str,
    page: Page,
    counts: Counter[str],
    verdict: gone.Verdict | None,
    judged: Sequence[tuple[Contact, Address]],
    others: Mapping[str, tuple[Address, ...]],
    *,
    moves: bool,
) -> None:
    """What is known of these contacts is read, and they are kept, in one transaction: no other pull comes between."""
    rows: list[StoredContact] = []
    ended: list[tuple[str, str, str, str, str]] = []
    waiting: list[Merge] = []
    other_keys: dict[str, list[str]] = {}
    if judged:
        known = record.read("known", Known, lambda tx: known_of(tx, connection, judged, others))
        rows, ended = stored_rows(connection, judged, known, record.now, page.epoch, others)
        waiting = known.merges
        record.emit("contacts", map(raw, map(_DOCUMENT, rows)))
        record.emit("links", map(_LINK, rows))
        if others or any(each.other_keys for each in known.people):
            other_keys = changed_keys(connection, rows, known, others)
    if other_keys:
        record.emit("other_addresses", sorted(other_keys.items()))
    if page.companies:
        record.emit("companies", page.companies)
    if page.memberships:
        record.emit("memberships", page.memberships)
    told = what_is_told(record, connection, page, rows, waiting, counts)
    refused = verdict is not None and verdict.error is not None
    cursor = page.reconciled.again if page.reconciled is not None and refused else page.cursor
    left = verdict.gone if verdict is not None else {}
    for what, ids in left.items():
        if ids:
            counts[f"gone_{what}"] += len(ids)
    if cursor:  # records read by a hint have none
        record.emit("cursor", [cursor])
    counts["contacts"] += len(rows)
    counts["companies"] += len(page.companies)
    counts["memberships"] += len(page.memberships)

    def write(tx: Tx) -> None:
        contacts.put_companies(tx, page.companies, page.epoch)
        contacts.put_contacts(tx, rows)
        addresses.put(tx, connection, other_keys)
        store_linking.put_ended_links(tx, ended)
        contacts.put_memberships(tx, page.memberships, page.epoch)
        for group in page.finished_groups:
            contacts.finish_group(tx, connection, group, page.epoch)
        told.write(tx, record, connection)
        if verdict is not None and verdict.hinted:
            contacts.judge_hinted(tx, connection)
        if left:
            contacts.put_gone(tx, connection, left[gone.CONTACTS], left[gone.COMPANIES], at=record.now)
        if moves:
            contacts.put_cursor(tx, connection, cursor, now=record.now)

    record.commit(write)
