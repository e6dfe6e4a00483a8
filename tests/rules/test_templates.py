"""Templates: checked when loaded, cannot fail or run away when rendered, and never evaluate foreign text."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from connector.rules import texts
from connector.rules.facts import Facts
from connector.rules.speech import speech
from connector.rules.templates import LIMIT, NAMES, problems, render

from .builders import ACME, ANN, FACTS, RESPONSE, answered

DEFAULTS = [value for name, value in vars(texts).items() if name.isupper() and not name.startswith("_")]
NOTHING = Facts(response=replace(RESPONSE, comment="", campaign="", wave="", email="", contact_id=None))


def said(source: str, facts: Facts = FACTS, due: str = "1 business day") -> str:
    return render(source, speech(facts, rule_id="call-back", rule_name="call them back", due=due))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ contact.first_nmae }}", 'line 1: unknown name "contact.first_nmae"; did you mean "contact.first_name"?'),
        ("\n\n{{ reponse.score }}", 'line 3: unknown name "reponse.score"; did you mean "response.score"?'),
        ("{{ first_name }}", 'did you mean "contact.first_name"?'),
        ("{{ zzzzz }}", "there are contact.first_name, "),
        ("{{ contact }}", "line 1: contact alone says nothing; write one of contact.first_name, "),
        ("{{ due.days }}", 'unknown name "due.days"'),
        ("{{ contact.name.upper }}", 'unknown name "contact.name.upper"'),
        ("{{ contact.__class__ }}", 'unknown name "contact.__class__"'),
        ("{{ ''.__class__ }}", "line 1: .__class__ is not available on a value"),
        ("{% if response.score %}{% if nme %}x{% endif %}{% endif %}", 'unknown name "nme"'),
        ("{% if 1 %}a{% elif nme %}b{% else %}{{ duee }}{% endif %}", 'unknown name "nme"'),
        ("{{ contact.name|uper }}", 'unknown filter "uper"; did you mean "upper"?'),
        ("{{ contact.name|zzzzz }}", "there are capitalize, default,"),
        ("{{ contact.name|default }}", 'write this filter as default("…")'),
        ("{{ contact.name|truncate('x') }}", "write this filter as truncate(80)"),
        ("{{ contact.name|upper(1) }}", "write this filter as upper"),
        ("{{ contact.nme|upper }}", "unknown name"),
        ("{{ contact['name'] }}", "getitem is not available here"),
        ("{{ response.comment.upper() }}", "call is not available here"),
        ("{{ range(10) }}", "call is not available here"),
        ("{% for x in contact.types %}{{ x }}{% endfor %}", "for is not available here"),
        ("{% set x = 1 %}", "assign is not available here"),
        ("{% include 'x' %}", "include is not available here"),
        ("{% filter upper %}x{% endfilter %}", "filterblock is not available here"),
        ("{{ 'x' * 999999999 }}", "mul is not available here"),
        ("{{ 9 ** 9999999 }}", "pow is not available here"),
        ("{{ response.score is odd }}", "test is not available here"),
        ("{{ 'x' if response.comment }}", "needs its else"),
        ("{{ response.comment < 'x' }}", "only numbers have an order"),
        ("{{ 3 in response.comment }}", '"in" looks for one text in another'),
        ("{{ 'x' in response.score }}", '"in" looks for one text in another'),
        ("one\n{{ contact.name", "line 2: "),
        ("{% if due %}", "line 1: Unexpected end of template"),
        ("{% foo %}", "Encountered unknown tag 'foo'"),
        ("x" * (LIMIT + 1), "the text has 20,001 characters; 20,000 are allowed"),
    ],
)
def test_a_problem_is_found_when_loaded(source: str, words: str) -> None:
    (problem,) = problems(source)[:1]
    assert words in problem


def test_all_problems_of_a_template_are_found() -> None:
    assert len(problems("{{ a }}\n{{ contact.b }}\n{% if c %}{{ due|d }}{% endif %}")) == 4


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ contact.name|upper }}, {{ company.types }}", "ANN EXAMPLE, Managed Client"),
        ("{{ contact.types }}", "Decision Maker, Owner"),
        ("{{ contact.first_name ~ '/' ~ contact.last_name|lower }}", "Ann/example"),
        ("{{ 'low' if response.score <= 3 else 'high' }}", "low"),
        ("{% if 'calls back' in response.comment and not response.score > 6 %}yes{% endif %}", "yes"),
        ("{{ response.comment|truncate(7) }}", "Tickets…"),
        ("{{ response.wave|default('none') }} {{ response.channel|title|trim|capitalize }}", "2026-11 Mail"),
        ("{{ rule.id }}: {{ rule.name }} within {{ due }}", "call-back: call them back within 1 business day"),
        ("{{ before }} / {{ due_at|default('-') }}", "8 in August, 9 in May / -"),
        ("{% if due %}\nCall.\n{% endif %}\nDone.", "Call.\nDone."),
    ],
)
def test_what_a_template_can_say(source: str, text: str) -> None:
    assert problems(source) == []
    assert said(source) == text


def test_default_texts_have_no_problem() -> None:
    assert [problems(source) for source in DEFAULTS] == [[]] * 9


def test_the_ticket_for_the_technician_is_the_one_of_the_design() -> None:
    assert said(texts.TICKET_SUMMARY) == "NPS follow-up: Ann Example"
    assert said(texts.TICKET_DISCUSSION) == "Follow-up with Ann Example."
    assert said(texts.TICKET_INTERNAL) == (
        "Ann Example, Decision Maker at Acme Ltd, gave 3 of 10 on Fri 20 Nov 2026 (campaign quarterly, wave 2026-11).\n"
        "ann@example.com · +1 555 0100\n"
        '"Tickets take days and nobody calls back."\n'
        "Before: 8 in August, 9 in May. Acme Ltd: 3 of 5 asked have answered, 1 promoter, 2 detractors.\n"
        "Please call within 1 business day. Close this ticket when it is done."
    )


@pytest.mark.parametrize(
    ("facts", "due", "internal"),
    [
        (NOTHING, "", "Somebody gave 3 of 10 on Fri 20 Nov 2026.\nClose this ticket when it is done."),
        (
            replace(NOTHING, response=replace(NOTHING.response, email="x@example.com", campaign="q"), company=ACME),
            "",
            "x@example.com of Acme Ltd gave 3 of 10 on Fri 20 Nov 2026 (campaign q).\nx@example.com\n"
            "Close this ticket when it is done.",
        ),
        (
            replace(
                NOTHING, contact=structs.replace(ANN, title="", email=""), response=replace(NOTHING.response, wave="w")
            ),
            "2 days",
            "Ann Example gave 3 of 10 on Fri 20 Nov 2026 (wave w).\n+1 555 0100\n"
            "Please call within 2 days. Close this ticket when it is done.",
        ),
        (
            replace(NOTHING, contact=structs.replace(ANN, title=""), contact_types=frozenset({"Owner"})),
            "",
            "Ann Example, Owner, gave 3 of 10 on Fri 20 Nov 2026.\nann@example.com · +1 555 0100\n"
            "Close this ticket when it is done.",
        ),
    ],
)
def test_the_ticket_does_without_what_is_not_known(facts: Facts, due: str, internal: str) -> None:
    assert said(texts.TICKET_INTERNAL, facts, due) == internal


def test_what_the_customer_may_see_holds_neither_score_nor_words() -> None:
    for source in (texts.TICKET_SUMMARY, texts.TICKET_DISCUSSION):
        assert "response" not in source
        assert said(source, NOTHING) in ("NPS follow-up", "Follow-up.")


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{# gone #}",
    "\"quotes\" and 'quotes'",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.com")',
    "\u05d0\u05d1\u200f\u202e gnp.exe",
    "one\ntwo\r\nPlease call 0900",
    "nul\x00 bell\x07 esc\x1b[31m lone\ud800",
    "%s {0} $x `x` \\",
]
ON_ONE_LINE = {"first_name", "last_name", "title", "email", "phone"}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", sorted(ON_ONE_LINE))
def test_hostile_text_of_a_contact_stays_text_on_its_line(text: str, name: str) -> None:
    facts = replace(FACTS, contact=structs.replace(ANN, **{name: text}))
    internal = said(texts.TICKET_INTERNAL, facts)
    assert internal.count("\n") == 4
    assert internal.endswith("Close this ticket when it is done.")
    assert "gave 3 of 10 on Fri 20 Nov 2026" in internal
    assert "49" not in internal
    internal.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_comment_stays_a_comment(text: str) -> None:
    internal = said(texts.TICKET_INTERNAL, answered(comment=text, campaign=text, wave=text, channel=text))
    assert internal.endswith("Close this ticket when it is done.")
    assert not set(internal) & set("\x00\x07\x1b\r\u202e\ud800")
    if "{" in text and "%s" not in text:
        assert f'"{text}"' in internal


@given(st.sampled_from(DEFAULTS), st.text(max_size=200), st.integers(0, 10))
def test_no_text_makes_a_default_fail(source: str, text: str, score: int) -> None:
    contact = structs.replace(ANN, first_name=text, last_name=text, title=text, email=text, phone=text)
    facts = replace(
        FACTS,
        response=replace(RESPONSE, comment=text, campaign=text, wave=text, email=text, score=score),
        contact=contact,
        company=structs.replace(ACME, name=text),
        contact_types=frozenset({text}),
        company_types=frozenset({text}),
    )
    said(source, facts).encode()


def test_ten_megabytes_of_comment_are_cut_quickly() -> None:
    facts = answered(comment="{{ 7*7 }} é" * 1_000_000)
    started = time.perf_counter()
    internal = said(texts.TICKET_INTERNAL, facts)
    assert time.perf_counter() - started < 1
    assert "… (cut; 11,000,000 characters in all)" in internal
    assert len(internal) < 11_000
    assert internal.endswith("Close this ticket when it is done.")


def test_what_is_rendered_is_bounded() -> None:
    text = said("{{ response.comment }}" * 500, answered(comment="x" * 9_000))
    assert len(text) < LIMIT + 60
    assert text.endswith("… (cut; 4,500,000 characters in all)")


EXPRESSION = st.recursive(
    st.sampled_from([*NAMES, "3", "'x'", "true", "none", "1.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" ~ ", " and ", " or ", " == ", " != ", " < ", " >= ", " in "]), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        st.tuples(inner, st.sampled_from(["upper", "trim", "truncate(3)", "default('y')", "title"])).map("|".join),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        inner.map("(not {})".format),
    ),
    max_leaves=6,
)


@given(EXPRESSION)
def test_a_template_without_problems_cannot_fail(expression: str) -> None:
    source = f"{{{{ {expression} }}}}{{% if {expression} %}}x{{% endif %}}"
    if not problems(source):
        for facts in (FACTS, NOTHING):
            assert isinstance(said(source, facts), str)


def test_every_name_is_there_for_every_response() -> None:
    for name in NAMES:
        for facts in (FACTS, NOTHING):
            assert "None" not in said(f"{{{{ {name} }}}}", facts)
    assert said("{{ response.date }}", replace(FACTS, timezone="Pacific/Auckland")) == "Sat 21 Nov 2026"
