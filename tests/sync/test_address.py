from __future__ import annotations

import time

import pytest
from email_validator import EmailNotValidError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.sync.address import AddressKind, judge, validated


@pytest.mark.parametrize(
    ("email", "kind", "key"),
    [
        ("ann@example.com", "personal", "ann@example.com"),
        ("  Ann.Example@EXAMPLE.com ", "personal", "ann.example@example.com"),
        ("ann+nps@example.com", "personal", "ann@example.com"),
        ("+tag@example.com", "personal", "+tag@example.com"),
        ("o'brien@example.org", "personal", "o'brien@example.org"),
        ("ann@bücher.example", "personal", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "personal", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "personal", "ann@xn--bcher-kva.example"),
        ("ÄNN@example.com", "personal", "änn@example.com"),
        ("ann@company.test", "personal", "ann@company.test"),
        ("info@example.com", "role", "info@example.com"),
        ("Accounts-Payable@example.com", "role", "accounts-payable@example.com"),
        ("sales2@example.com", "role", "sales2@example.com"),
        ("infora@example.com", "personal", "infora@example.com"),
        ("no-reply@example.com", "technical", "no-reply@example.com"),
        ("noreply-billing@example.com", "technical", "noreply-billing@example.com"),
        ("bounce+ann=example.org@example.com", "technical", "bounce@example.com"),
        ("MAILER-DAEMON@example.com", "technical", "mailer-daemon@example.com"),
        ("scanner3@example.com", "technical", "scanner3@example.com"),
        ("ann@mailinator.com", "disposable", "ann@mailinator.com"),
        ("ann@inbox.mailinator.com", "disposable", "ann@inbox.mailinator.com"),
        ("", "none", ""),
        ("   ", "none", ""),
        ("ann", "malformed", ""),
        ("ann@example", "malformed", ""),
        ("ann@test", "malformed", ""),
        ("ann@localhost", "malformed", ""),
        ("ann@pc7.localhost", "malformed", ""),
        ("ann@nowhere.invalid", "malformed", ""),
        ("ann@nowhere.InValid", "malformed", ""),
        ("ann@office.local", "malformed", ""),
        ("ann..example@example.com", "malformed", ""),
        ("a" * 400 + "@example.com", "malformed", ""),
        ("ann@" + "a" * 70 + ".com", "malformed", ""),
    ],
)
def test_an_address_is_judged_by_whose_mailbox_it_is(email: str, kind: str, key: str) -> None:
    address = judge(email)
    assert (address.kind, address.key) == (kind, key)
    assert bool(address.problem) == (kind in ("malformed", "disposable"))


@pytest.mark.parametrize(
    ("email", "proposal"),
    [
        ("ann@example,com", "ann@example.com"),
        ("ann@example.com.", "ann@example.com"),
        ("ann@example.com;", "ann@example.com"),
        ("ann @ example.com", "ann@example.com"),
        ("ann@@example.com", "ann@example.com"),
        ("ann@example..com", "ann@example.com"),
        ("ann.@example.com", "ann@example.com"),
        ("Ann Example <ann@example.com>", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ("ann(at)example.com", "ann@example.com"),
        ("ann at example.com", "ann@example.com"),
        ("ann@exam\u200bple.com", "ann@example.com"),
        ("ann@gmailcom", "ann@gmail.com"),
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@hotmail.con", "ann@hotmail.com"),
        ("ann@gmial,com", "ann@gmail.com"),
        ("ann@example.com, bob@example.com", ""),
        ("n/a", ""),
        ("ann", ""),
        ("ann@nowhere.invalid", ""),
        ("ann@example.com", ""),
    ],
)
def test_a_slip_is_proposed_but_never_applied(email: str, proposal: str) -> None:
    address = judge(email)
    assert address.proposal == proposal
    assert address.key != proposal or not proposal


_LOCALS = st.text(st.sampled_from("abzABZ019._+-'ßKſé \"(,"), min_size=0, max_size=12)
_DOMAINS = st.builds(
    ".".join,
    st.lists(
        st.one_of(
            st.text(st.sampled_from("abzAZ09-_éß"), min_size=0, max_size=9),
            st.sampled_from(
                ["com", "COM", "xn--bcher-kva", "ab--c", "local", "LOCAL", "test", "invalid", "x" * 64, "c0m"]
            ),
        ),
        min_size=0,
        max_size=4,
    ),
)
_ADDRESSES = st.one_of(st.builds("{}@{}".format, _LOCALS, _DOMAINS), st.emails(), st.text(max_size=30))


@settings(max_examples=1500, deadline=None)
@given(_ADDRESSES)
@example("K@example.com")
@example("ann@example.com\n")
@example("a@" + ".".join(["a" * 50] * 5) + ".com")
@example("a" * 300 + "@b.com")
@example("Ann+old@bücher.example.com")
@example("a" * 63 + "@" + ".".join(["é" * 20] * 3) + ".com")
@example("a" * 63 + "@" + ".".join(["éèöü" * 5] * 2) + ".com")
@example("a" * 64 + "@bücher.example.com")
@example("ann@bü cher.example.com")
@example("ann@bücher")
@example("ann@bücher.local")
def test_the_fast_path_agrees_with_email_validator(email: str) -> None:
    try:
        local, domain = validated(email.strip())
    except EmailNotValidError:
        assert judge(email).kind in (AddressKind.MALFORMED, AddressKind.NONE)
        assert judge(email).key == ""
        return
    address = judge(email)
    assert address.kind not in (AddressKind.MALFORMED, AddressKind.NONE)
    assert address.key == f"{local.partition('+')[0] or local}@{domain}"


@settings(deadline=None)
@given(_ADDRESSES)
def test_a_key_is_its_own_key_and_ignores_case_tag_and_outer_space(email: str) -> None:
    key = judge(email).key
    if key and email.strip().isascii():
        assert judge(key).key == key
        assert judge(f" {email.strip().upper()}\t").key == key
        local, _, domain = key.partition("@")
        if not local.startswith("+"):  # "+@example.com" is somebody called "+", not somebody's tag
            assert judge(f"{local}+tag@{domain}").key in (key, "")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_judgement(email: str) -> None:
    address = judge(email)
    assert not address.proposal or judge(address.proposal).key


def test_hostile_lengths_are_answered_at_once() -> None:
    started = time.process_time()
    for text in ("@" * 100_000, "a." * 100_000, "<" * 50_000 + ">" * 50_000, " at " * 50_000, "a" * 253 + "@"):
        assert judge(text).kind == AddressKind.MALFORMED
    assert time.process_time() - started < 1


_NEAR = st.text('ab.@,; <>()[]\\":+-_1\u00a0\u3000\uff20\u00e9', max_size=14)


@settings(deadline=None, max_examples=400)
@given(st.one_of(_NEAR, st.builds("{}@{}".format, _NEAR, _NEAR), st.text(max_size=40), _ADDRESSES))
def test_the_verdict_without_explanation_is_the_same(email: str) -> None:
    short, whole = judge(email, explain=False), judge(email)
    assert (short.key, short.kind) == (whole.key, whole.kind)
