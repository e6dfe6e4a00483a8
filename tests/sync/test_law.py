from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ContractError
from connector.sync.law import IdsDigest, check


def digest(ids: list[str]) -> IdsDigest:
    found = IdsDigest()
    for id in ids:
        found.add(id)
    return found


@given(st.sets(st.text(max_size=5)), st.randoms())
def test_the_digest_does_not_depend_on_order_and_any_split_satisfies_the_law(ids: set[str], random: object) -> None:
    ordered, shuffled = sorted(ids), sorted(ids, reverse=True)
    assert digest(ordered) == digest(shuffled)
    half = len(ordered) // 2
    check(digest(ordered), digest(shuffled[:half]), digest(shuffled[half:]))


@pytest.mark.parametrize(
    ("invited", "excluded", "words"),
    [
        (["1"], ["2"], "3 contacts pulled, but 1 invited \\+ 1 excluded = 2"),
        (["1", "2"], ["2", "3"], "2 invited \\+ 2 excluded = 4"),
        (["1"], ["2", "4"], "not the same ones"),
        (["1", "1"], ["2"], "not the same ones"),
    ],
)
def test_whoever_disappears_is_noticed(invited: list[str], excluded: list[str], words: str) -> None:
    with pytest.raises(ContractError, match=f"nobody disappears: .*{words}"):
        check(digest(["1", "2", "3"]), digest(invited), digest(excluded))
