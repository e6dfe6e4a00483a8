"""For how many companies each step of an owner chain would serve, asked live; reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.config import Config
from connector.jobs.live import open_live
from connector.ports import OwnerFound


@dataclass(slots=True, kw_only=True)
class Served:
    """What one chain does for the companies: how many each step serves, how many nobody, and why steps were skipped."""

    rules: list[str]
    chain: tuple[str, ...]
    steps: Counter[str] = field(default_factory=Counter)
    nobody: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    calls: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "rules": self.rules,
            "chain": list(self.chain),
            "steps": {step: self.steps[step] for step in self.chain},
            "nobody": self.nobody,
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


def coverage(config: Config, connection: str, company_ids: Iterable[str]) -> list[Served]:
    """One Served for each chain that rules for this connection write, tickets before tasks.

    Costs one call for the members, one for each 100 or so companies for territory managers, and one for each company
    that comes to the account manager. Raises what the connection raises.
    """
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    source = open_live(config, connection, on_call=count).source
    companies, found = list(dict.fromkeys(company_ids)), []
    for served in _chains(config, connection) if source is not None else ():
        before = calls
        assert source is not None
        for owner in source.owners(companies, served.chain):
            if owner.member:
                served.steps[owner.step] += 1
            served.nobody += not owner.member
            served.skipped.update(why for why in owner.skipped if "inactive" in why)
        served.calls = calls - before
        found.append(served)
    return found


def _chains(config: Config, connection: str) -> list[Served]:
    by_chain: dict[tuple[str, ...], list[str]] = {}
    for rule in config.rules:
        if rule.when.connection and connection not in rule.when.connection:
            continue
        for action in rule.then:
            wanted = action.open_ticket or action.create_task
            if wanted is not None and wanted.owner and rule.id not in by_chain.setdefault(wanted.owner, []):
                by_chain[wanted.owner].append(rule.id)
    return [Served(rules=rules, chain=chain) for chain, rules in by_chain.items()]


def _plain(step: str) -> str:
    return step.replace("_", " ").replace(":", " ")
