"""Walking an owner chain: `account_manager`, `member:bob` …, the first step that gives somebody active wins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from connector.ports import OwnerFound

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
_log = logging.getLogger(__name__)


class Steps(Protocol[M_co]):
    """What an adapter knows of each step; `M_co` is one of its own people."""

    def step(self, company_id: str, step: str) -> tuple[M_co | None, str]:
        """Who is active and given by this step, else why it gives nobody, in plain words."""

    def read_ahead(self, company_ids: Sequence[str], step: str) -> None:
        """Ask for what this step needs of many companies at once, where the API has a list of it."""


def first(steps: Steps[M], company_id: str, chain: Sequence[str]) -> tuple[M, str] | None:
    """Whom the chain gives and by which step; None when the whole chain is empty."""
    for step in chain:
        found, why = steps.step(company_id, step)
        if found is not None:
            return found, step
        _log.info("company %s: %s", company_id or "(none)", why)
    return None


def of_companies(
    steps: Steps[M], company_ids: Sequence[str], chain: Sequence[str], called: Callable[[M], str]
) -> Iterator[OwnerFound]:
    """For each company; a step is asked only for those that the steps before did not serve."""
    found: dict[str, OwnerFound] = {}
    skipped: dict[str, list[str]] = {company_id: [] for company_id in company_ids}
    for step in chain:
        waiting = [company_id for company_id in skipped if company_id not in found]
        steps.read_ahead(waiting, step)
        for company_id in waiting:
            who, why = steps.step(company_id, step)
            if who is None:
                skipped[company_id].append(why)
            else:
                found[company_id] = OwnerFound(
                    company_id=company_id, member=called(who), step=step, skipped=tuple(skipped[company_id])
                )
    for company_id, whys in skipped.items():
        yield found.get(company_id) or OwnerFound(company_id=company_id, skipped=tuple(whys))
