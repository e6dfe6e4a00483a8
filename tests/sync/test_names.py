from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sync.names import compatible, name_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ann Example", "ann example"),
        ("  ANN   Example ", "ann example"),
        ("Zoë Ångström", "zoe angstrom"),
        ("Anna-Maria O'Brien, Jr.", "anna maria obrien jr"),
        ("Straße", "strasse"),
        ("李 明", "李 明"),
        ("", ""),
        ("--", ""),
    ],
)
def test_a_name_key_is_words_without_case_accents_and_punctuation(name: str, key: str) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("Ann Example", "ann EXAMPLE", True),
        ("A. Example", "Ann Example", True),
        ("Ann B. Example", "Ann Example", True),
        ("Ann Beth Example", "A. B. Example", True),
        ("Ann", "Ann Example", True),
        ("Example", "Ann Example", True),
        ("Example, Ann", "Ann Example", True),
        ("", "Ann Example", True),
        ("Bob Example", "Ann Example", False),
        ("B. Example", "Ann Example", False),
        ("A. E.", "Ann Example", False),
        ("Annie Example", "Ann Example", False),
        ("Bill Example", "William Example", False),
        ("Ann Other", "Ann Example", False),
    ],
)
def test_names_are_compatible_word_by_word(a: str, b: str, verdict: bool) -> None:
    assert compatible(name_key(a), name_key(b)) is verdict
    assert compatible(name_key(b), name_key(a)) is verdict


def _pseudonym(word: str) -> str:
    """Keyed and keeping prefixes: each letter by a secret and the letters before it."""
    return "".join(
        "abcdefghijklmnopqrstuvwxyz"[hashlib.blake2b(word[:end].encode(), key=b"k").digest()[0] % 26]
        for end in range(len(word))
    ) + "".join("" if len(word) < 2 else hashlib.blake2b(word.encode(), key=b"k").hexdigest()[:8])


_WORDS = st.text("abc", min_size=1, max_size=3)
_KEYS = st.lists(_WORDS, max_size=4).map(" ".join)


@given(_KEYS, _KEYS)
def test_pseudonyms_that_keep_prefixes_change_no_yes_to_no(a: str, b: str) -> None:
    def hidden(key: str) -> str:
        return " ".join(map(_pseudonym, key.split()))

    if compatible(a, b):
        assert compatible(hidden(a), hidden(b))


@given(_KEYS, _KEYS)
def test_compatibility_is_symmetric_and_holds_with_oneself(a: str, b: str) -> None:
    assert compatible(a, a)
    assert compatible(a, b) == compatible(b, a)


@given(st.text(max_size=40))
def test_a_name_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
