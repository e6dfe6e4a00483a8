"""A month cut down to six days, in which all of it happens; the whole by `python -m tests.month`."""

from __future__ import annotations

from pathlib import Path

from tests.month.month import live, table


def test_whatever_happens_every_answer_ends_in_a_state_and_nothing_is_doubled(tmp_path: Path) -> None:
    month = live(tmp_path, days=6, seed=1)
    assert not month.wrong, table(month)
    assert month.tickets > 5
    assert month.plans_checked > 10
    assert month.states["followed_up"] > 3
    for what in ("a contact opts out", "an owner leaves", "a contact type is renamed", "the tenant throttles"):
        assert month.did[what], table(month)
    assert month.did["the right to see tickets is lost for a day"] == 2
