"""What the store says of an audience, outside of any Job: its newest Plan as a funnel, its contacts screened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connector.domain import Reason
from connector.jobs.dry import DryRecord
from connector.jobs.glances import Known, View
from connector.jobs.plan import screened_contacts
from connector.jobs.resolving import resolved_audience
from connector.jobs.runtime import Runtime
from connector.store import contacts, plans
from connector.sync import law
from connector.sync.address import judge
from connector.sync.candidates import Glance, Screened
from connector.sync.funnel import Funnel, Tally, funnel
from connector.sync.groups import Groups


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
    resolved = resolved_audience(DryRecord(runtime), config, audience)
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
    resolved = resolved_audience(record, runtime.config, audience)
    if not resolved.held:
        for contact in screened_contacts(record, runtime.config, resolved, law.IdsDigest()):
            yield contact._replace(address=judge(contact.email))


def glances(runtime: Runtime, connection: str) -> Iterator[Glance]:
    """A first look at every stored contact of a Connection, as the CRM has it: nothing known here, no groups."""
    view = View(connection, Known(), Groups())
    with runtime.store.read() as tx:
        yield from map(view.glance, contacts.with_company(tx, connection, documents=False))
