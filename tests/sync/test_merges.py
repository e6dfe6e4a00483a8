"""What follows from merges: who survives, and which people are one; the order of the telling says nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.sync.merges import MergedPair, Union, followed, united

IDS = st.sampled_from("abcdefgh")
PAIRS = st.lists(
    st.builds(MergedPair, IDS, IDS, st.sampled_from("pqrst"), st.sampled_from("123"), st.sampled_from("pqrst")),
    max_size=6,
)


def test_a_chain_of_merges_leads_to_its_end() -> None:
    assert followed({"a": "b", "b": "c", "d": "e"}) == {"a": "c", "b": "c", "d": "e"}


def test_a_circle_names_nobody() -> None:
    assert followed({"a": "b", "b": "a", "c": "c", "d": "a"}) == {}


@given(st.dictionaries(IDS, IDS))
def test_whoever_survives_was_merged_into_nobody(merged: dict[str, str]) -> None:
    ends = followed(merged)
    assert ends.keys() <= merged.keys()
    assert all(end not in merged for end in ends.values())


def test_the_survivor_takes_over_the_person_of_the_old_contact() -> None:
    assert united([MergedPair("a", "b", "p-a", "2", "p-b")]) == [Union("p-a", ("p-b",))]


def test_of_several_old_contacts_the_person_linked_first_is_kept() -> None:
    pairs = [MergedPair("a", "c", "p-a", "2", "p-c"), MergedPair("b", "c", "p-b", "1", "p-c")]
    assert united(pairs) == [Union("p-b", ("p-a", "p-c"))]


@given(PAIRS, st.randoms())
def test_people_are_united_alike_in_any_order(pairs: list[MergedPair], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    unions = united(pairs)
    assert united(shuffled) == unions
    person_of = {person: union.kept for union in unions for person in (union.kept, *union.others)}
    assert len(person_of) == sum(1 + len(union.others) for union in unions), "nobody is in two unions"
    for pair in pairs:
        assert person_of.get(pair.person, pair.person) == person_of.get(pair.survivors_person, pair.survivors_person)
        assert person_of.get(pair.person, pair.person) in {each.person for each in pairs}, "an old contact's"
