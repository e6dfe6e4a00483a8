"""For how many companies each step of an owner chain would serve, asked live; reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connector.config import Config
from connector.jobs.live import open_live
from connector.jobs.matching import elsewhere
from connector.jobs.written_on import answers_of
from connector.ports import ContactSource, OwnerFound
from connector.store import Tx, contacts, plans


@dataclass(slots=True, kw_only=True)
class Served:
    """What one chain does for the companies of a connection: how many each step serves, how many nobody, and why steps
    were skipped. `unknown` are people invited elsewhere who are not known there: nothing is written for them."""

    connection: str
    rules: list[str]
    chain: tuple[str, ...]
    unknown: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    nobody: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    calls: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "connection": self.connection,
            "rules": self.rules,
            "chain": list(self.chain),
            "steps": {step: self.steps[step] for step in self.chain},
            "nobody": self.nobody,
            "unknown": self.unknown,
            "skipped": dict(sorted(self.skipped.items())),
            "calls": self.calls,
        }

    def line(self) -> str:
        """`account manager 180, territory manager 20, member bob 7; 214 calls`"""
        said = [f"{_plain(step)} {self.steps[step]:,}" for step in self.chain]
        said += [f"nobody {self.nobody:,}"] if self.nobody else []
        return f"{', '.join(said)}; {self.calls:,} call{'' if self.calls == 1 else 's'}"


def of_company(config: Config, connection: str, company_id: str, chain: Sequence[str]) -> OwnerFound:
    """Who would get a ticket of this company, asked live in a few calls. Raises what the connection raises."""
    source = open_live(config, connection).source
    found = next(iter(source.owners([company_id], chain)), None) if source is not None else None
    return found or OwnerFound(company_id=company_id)


@dataclass(slots=True, kw_only=True)
class Invited:
    """The companies, on one connection, of the people whom a plan invites; `unknown` of these are not there."""

    companies: list[str]
    unknown: int = 0


def invited(tx: Tx, config: Config, audience: str) -> dict[str, Invited]:
    """By connection: where the newest plan of the audience invites, and where rules write owners by their `at`."""
    plan = plans.newest(tx, audience)
    if plan is None:
        return {}
    decided = [(each.contact_id, each.company_id) for each in plans.each_decision(tx, plan.id) if each.invited]
    found = {plan.connection: Invited(companies=sorted({company for _, company in decided if company}))}
    others = sorted({at for at, _ in _chains(config, plan.connection)} - {plan.connection})
    companies: dict[str, set[str]] = {name: set() for name in others}
    unknown = dict.fromkeys(others, 0)
    for contact_id, _ in decided if others else ():
        stored = contacts.contact(tx, plan.connection, contact_id)
        there = elsewhere(tx, stored.person_id if stored else None, others)
        for name in others:
            unknown[name] += name not in there
            if name in there and there[name].contact.company_id:
                companies[name].add(there[name].contact.company_id or "")
    return found | {name: Invited(companies=sorted(companies[name]), unknown=unknown[name]) for name in others}


def coverage(config: Config, connection: str, people: Mapping[str, Invited]) -> list[Served]:
    """One Served for each chain that rules write for answers of this connection, by where it is written, tickets before
    tasks.

    Costs one call for the members, one for each 100 or so companies for territory managers, and one for each company
    that comes to the account manager. Raises what the connection raises.
    """
    found: list[Served] = []
    calls: Counter[str] = Counter()
    sources: dict[str, ContactSource | None] = {}
    for (name, chain), rules in _chains(config, connection).items():
        if name not in sources:
            sources[name] = open_live(config, name, on_call=partial(calls.update, [name])).source
        source, there, before = sources[name], people.get(name, Invited(companies=[])), calls[name]
        if source is None:
            continue
        served = Served(connection=name, rules=rules, chain=chain, unknown=there.unknown)
        for owner in source.owners(there.companies, chain):
            if owner.member:
                served.steps[owner.step] += 1
            served.nobody += not owner.member
            served.skipped.update(why for why in owner.skipped if "inactive" in why)
        served.calls = calls[name] - before
        found.append(served)
    return found


def _chains(config: Config, connection: str) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """By the connection it is written on and the chain, the rules; those for answers of `connection`."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for rule in config.rules:
        for action in rule.then if answers_of(config, rule, [connection]) else ():
            wanted = action.open_ticket or action.create_task
            if wanted is not None and wanted.owner:
                rules = found.setdefault((action.at or connection, wanted.owner), [])
                rules += [rule.id] if rule.id not in rules else []
    return found


def _plain(step: str) -> str:
    return step.replace("_", " ").replace(":", " ")
