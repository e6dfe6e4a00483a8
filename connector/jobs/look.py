"""What the store says of an audience, outside of any Job: its newest Plan as a funnel, its contacts screened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from connector.config import Config
from connector.domain import Facet, Reason
from connector.jobs import plan as planning
from connector.jobs.dry import DryRecord
from connector.jobs.runtime import Runtime
from connector.store import Tx, codec, contacts, plans
from connector.sync import audience as audiences
from connector.sync import law
from connector.sync.address import judge
from connector.sync.candidates import Glance, Screened
from connector.sync.funnel import Funnel, Tally, funnel


def newest_funnel(runtime: Runtime, audience: str) -> tuple[Funnel, Counter[Reason]] | None:
    """The funnel of the audience's newest Plan, and what is only reported of its invited people, by reason.

    None where it was never planned. Raises ContractError by law 1.
    """
    config, notes = runtime.config, Counter[Reason]()
    with runtime.store.read() as tx:
        plan = plans.newest(tx, audience)
        if plan is None:
            return None
        tally = Tally()
        for decision in plans.each_decision(tx, plan.id):
            tally.add(decision)
            if decision.invited:
                notes.update(note.reason for note in decision.notes)
        resolved = _resolved(tx, config, audience)
    found = funnel(
        resolved,
        tally,
        pulled=plan.summary["pulled"],
        now=plan.at,
        cool_down=config.caps.cool_down.text,
        per_company=config.caps.per_company,
        stale_age=config.cleaning.stale.age.over.text,
    )
    return found, notes


def screened(runtime: Runtime, audience: str) -> Iterator[Screened]:
    """Every stored contact of the audience's Connection after screening, as of now; nobody if the audience is held."""
    record = DryRecord(runtime)
    resolved = planning.resolved_audience(record, runtime.config, audience)
    if not resolved.held:
        for contact in planning.screened_contacts(record, runtime.config, resolved, law.IdsDigest()):
            yield contact._replace(address=judge(contact.email))


def glances(runtime: Runtime, connection: str) -> Iterator[Glance]:
    """A first look at every stored contact of a Connection, opt-outs left aside."""
    company = lru_cache(maxsize=4096)(codec.decode_company)
    with runtime.store.read() as tx:
        for row in contacts.with_company(tx, connection, documents=False):
            at = company(row.company) if row.company else None
            gone = at is not None and (at.deleted or at.inactive)
            kind, active = planning.ADDRESS_KINDS[row.address_kind], not gone and not row.inactive
            key = row.address_key or ""
            yield Glance(row.id, row.company_id, row.person_id, key, kind, row.name_key, False, None, active)


def _resolved(tx: Tx, config: Config, audience: str) -> audiences.ResolvedAudience:
    connection = config.audiences[audience].from_
    segments = contacts.segments(tx, connection)
    by_facet = {facet: [segment for segment in segments if segment.facet is facet] for facet in Facet}
    remembered = {(Facet(f), name): at for (f, name), at in contacts.remembered_names(tx, connection).items()}
    return audiences.resolve(audience, config.audiences[audience], by_facet, remembered)
