"""Pseudonyms keep the shape: what the program decides about words, names and addresses it decides about them too."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.jobs.records.anonymous import Anonymous
from connector.pseudonym import Pseudonyms
from connector.sync.address import judge
from connector.sync.names import compatible, name_key

MADE = Pseudonyms(b"a key of the test")
ANONYMOUS = Anonymous(b"a key of the test")
latin = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ", min_size=1, max_size=9)
names = st.lists(latin, min_size=1, max_size=3).map(" ".join)
addresses = st.one_of(
    st.builds("{}.{}@{}.example".format, latin, latin, latin),
    st.builds("{}@{}.com".format, st.sampled_from(["info", "sales", "noreply", "ann+nps", "o'neil"]), latin),
    st.sampled_from(
        ["ann@example,com", "a b@example.com", "", "ann@@example.com", "ann.@example.com", "x@mailinator.com"]
    ),
    st.emails(),
)


@given(names, names)
def test_names_fit_each_other_as_before(one: str, other: str) -> None:
    before = compatible(name_key(one), name_key(other))
    assert compatible(name_key(MADE.text(one)), name_key(MADE.text(other))) is before


@given(names)
def test_the_key_of_a_pseudonym_is_the_pseudonym_of_the_key(name: str) -> None:
    assert name_key(MADE.text(name)) == MADE.text(name_key(name))


@given(st.text(max_size=60), st.text(max_size=60))
def test_different_texts_stay_different_and_equal_ones_equal(one: str, other: str) -> None:
    import unicodedata

    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (MADE.text(one) == MADE.text(other)) is same


@given(st.text(max_size=60))
def test_length_and_punctuation_stay(text: str) -> None:
    import unicodedata

    plain = unicodedata.normalize("NFC", text)
    made = MADE.text(text)
    assert len(made) == len(plain)
    assert [c for c in made if not c.isalnum()] == [c for c in plain if not c.isalnum()]


@settings(deadline=None)
@given(addresses)
def test_an_address_is_worth_what_it_was(email: str) -> None:
    assert judge(ANONYMOUS.email(email)).kind is judge(email).kind


@settings(deadline=None)
@given(addresses, addresses)
def test_two_addresses_are_one_mailbox_as_before(one: str, other: str) -> None:
    before = judge(one).key == judge(other).key
    assert (judge(ANONYMOUS.email(one)).key == judge(ANONYMOUS.email(other)).key) is before


def test_moments_scores_and_our_own_keys_are_left_alone() -> None:
    for text in ("2026-11-22T10:00:00Z", "2026-11-22", "nps-abcdefghijklmnopqrstuvwxyz"):
        assert MADE.text(text) == text


def test_people_are_gone_and_another_key_gives_other_names() -> None:
    made = MADE.text("Ann Example, +1 555 0100")
    assert "Ann" not in made
    assert "555" not in made
    assert made != Pseudonyms(b"another").text("Ann Example, +1 555 0100")
