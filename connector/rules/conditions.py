"""When a rule applies: what may be written, and the verdict on one response with a sentence for each condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, WrapValidator, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails

from connector.domain import Band, Facet
from connector.rules.facts import Facts
from connector.rules.shapes import FILLED, OneOrMore, Settings, said_again, wrong

Names = Mapping[Facet, Mapping[str, str]]
"""Ids of the segments that rules name: the name as written -> the id remembered for it."""

Score = Annotated[int, Field(ge=0, le=10, strict=True)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], OneOrMore()]
Scores = Annotated[tuple[Score, ...], OneOrMore()]


class ScoreRange(Settings):
    """Bounds of a score; all that are given hold together."""

    at_least: Score | None = Field(default=None, description="this score or higher")
    at_most: Score | None = Field(default=None, description="this score or lower")
    above: Score | None = Field(default=None, description="higher than this score")
    below: Score | None = Field(default=None, description="lower than this score")

    @model_validator(mode="after")
    def _possible(self) -> ScoreRange:
        if not self.model_fields_set:
            raise wrong("no bound is given; write at_least, at_most, above or below")
        if not any(self.allows(score) for score in range(11)):
            raise wrong(f"no score is {self.said()}")
        return self

    def allows(self, score: int) -> bool:
        return not (
            (self.at_least is not None and score < self.at_least)
            or (self.at_most is not None and score > self.at_most)
            or (self.above is not None and score <= self.above)
            or (self.below is not None and score >= self.below)
        )

    def said(self) -> str:
        bounds = (("at least", self.at_least), ("at most", self.at_most), ("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)


class CommentTest(Settings):
    """What the comment is like; all that is given holds together."""

    present: bool | None = Field(default=None, description="true: there is a comment; false: there is none")
    contains: Texts | None = Field(default=None, description="one of these texts stands in it, upper or lower case")

    @model_validator(mode="after")
    def _asks_something(self) -> CommentTest:
        if self.present is None and self.contains is None:
            raise wrong("nothing is asked; write present or contains")
        return self


def _score(value: Any, _: Any) -> Any:  # by shape and not by trial, so that errors point at what was meant
    return ScoreRange.model_validate(value) if isinstance(value, dict | ScoreRange) else _SCORES.validate_python(value)


_SCORES: TypeAdapter[tuple[int, ...]] = TypeAdapter(Scores)


class Condition(Settings):
    """Every key that is written must hold. No key at all holds for each response."""

    band: Annotated[tuple[Band, ...], OneOrMore()] | None = Field(default=None, description="one of these bands")
    score: Annotated[Scores | ScoreRange, WrapValidator(_score)] | None = Field(
        default=None, description="this score, one of these, or bounds: at_least, at_most, above, below"
    )
    comment: CommentTest | None = Field(default=None, description="whether there is a comment, or what it contains")
    contact_type: Texts | None = Field(default=None, description="the contact has one of these contact types")
    company_type: Texts | None = Field(default=None, description="the company has one of these company types")
    segment: Texts | None = Field(default=None, description="the contact is in one of these marketing groups")
    previous_band: Annotated[tuple[Literal["detractor", "passive", "promoter", "none"], ...], OneOrMore()] | None = (
        Field(default=None, description="band of the answer before this one; none: this is the first")
    )
    connection: Texts | None = Field(default=None, description="the response belongs to one of these connections")
    campaign: Texts | None = Field(default=None, description="the response belongs to one of these campaigns")
    all_: Conditions | None = Field(default=None, alias="all", description="all of these hold")
    any_: Conditions | None = Field(default=None, alias="any", description="at least one of these holds")
    not_: Condition | None = Field(default=None, alias="not", description="this does not hold")

    @model_validator(mode="wrap")
    @classmethod
    def _no_empty_key(cls, value: Any, handler: ModelWrapValidatorHandler[Condition]) -> Condition:
        # An empty key would silently widen the rule to every response.
        empty = [key for key in _KEYS if value.get(key, ...) is None] if isinstance(value, dict) else []
        problems: list[InitErrorDetails] = []
        try:
            condition = handler(value)
        except ValidationError as error:
            problems = said_again(error)
        # pydantic passes a condition within a rule through here twice; each problem is said once.
        remedy = wrong("nothing is written here; give a value or remove the key")
        said = {problem.get("loc") for problem in problems}
        problems += [InitErrorDetails(type=remedy, loc=(key,), input=None) for key in empty if (key,) not in said]
        if problems:
            raise ValidationError.from_exception_data("rules", problems)
        return condition


Conditions = Annotated[tuple[Condition, ...], *FILLED]
Condition.model_rebuild()
_KEYS = tuple(field.alias or name for name, field in Condition.model_fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a condition holds, one sentence why, and the verdicts it is made of. Never quotes the comment."""

    holds: bool
    why: str
    parts: tuple[Verdict, ...] = ()

    def lines(self, indent: int = 0) -> list[str]:
        """The tree as people read it, one sentence a line."""
        mark = "yes" if self.holds else "no "
        own = f"{'  ' * indent}{mark} {self.why}"
        return [own, *(line for part in self.parts for line in part.lines(indent + 1))]


def judge(condition: Condition, facts: Facts, names: Names | None = None) -> Verdict:
    """The verdict on one response. Segments are compared by id where `names` has one, else by name in any case."""
    parts = tuple(_parts(condition, facts, names or {}))
    if not parts:
        return Verdict(holds=True, why="no condition: holds for every response")
    if len(parts) == 1:
        return parts[0]
    failed = sum(not part.holds for part in parts)
    why = f"all {len(parts)} conditions hold" if not failed else f"{failed} of {len(parts)} conditions do not hold"
    return Verdict(holds=not failed, why=why, parts=parts)


def may_hold_on(condition: Condition, connection: str) -> bool | None:
    """Whether it can hold for answers of a connection, by what it says of connections alone: False, never; True, for
    all of them; None, for some."""
    found: list[bool | None] = []
    if condition.connection is not None:
        found.append(connection in condition.connection)
    if condition.all_ is not None:
        found += [may_hold_on(part, connection) for part in condition.all_]
    if condition.any_ is not None:
        each = [may_hold_on(part, connection) for part in condition.any_]
        found.append(True if True in each else False if not any(part is None for part in each) else None)
    if condition.not_ is not None:
        inner = may_hold_on(condition.not_, connection)
        found.append(None if inner is None else not inner)
    others = condition.model_fields_set - {"connection", "all_", "any_", "not_"}
    if others or None in found:
        return False if False in found else None
    return all(found)


def _parts(condition: Condition, facts: Facts, names: Names) -> Iterable[Verdict]:
    response, contact, company = facts.response, facts.contact, facts.company
    if condition.band is not None:
        wanted = f"band is {_either(condition.band)}"
        yield _said(
            response.band in condition.band,
            wanted,
            f"score {response.score}",
            f"{response.band} (score {response.score})",
        )
    if isinstance(condition.score, ScoreRange):
        yield _said(condition.score.allows(response.score), f"score is {condition.score.said()}", str(response.score))
    elif condition.score is not None:
        yield _said(response.score in condition.score, f"score is {_either(condition.score)}", str(response.score))
    if condition.comment is not None:
        yield from _comment(condition.comment, response.comment)
    if condition.contact_type is not None:
        ids = frozenset(contact.type_ids) if contact else frozenset()
        yield _segment("contact type", condition.contact_type, facts.contact_types, ids, names.get(Facet.CONTACT_TYPE))
    if condition.company_type is not None:
        ids = frozenset(company.type_ids) if company else frozenset()
        yield _segment("company type", condition.company_type, facts.company_types, ids, names.get(Facet.COMPANY_TYPE))
    if condition.segment is not None:
        known = names.get(Facet.MARKETING_GROUP)
        yield _segment("marketing group", condition.segment, facts.groups, facts.group_ids, known)
    if condition.previous_band is not None:
        band = str(Band.of(facts.previous[0][0])) if facts.previous else "none"
        seen = f"{band} (score {facts.previous[0][0]})" if facts.previous else "this is the first answer"
        yield _said(band in condition.previous_band, f"previous band is {_either(condition.previous_band)}", seen)
    if condition.connection is not None:
        yield _named("connection", condition.connection, response.connection)
    if condition.campaign is not None:
        yield _named("campaign", condition.campaign, response.campaign)
    if condition.all_ is not None:
        yield _group("all of", [judge(part, facts, names) for part in condition.all_], all)
    if condition.any_ is not None:
        yield _group("any of", [judge(part, facts, names) for part in condition.any_], any)
    if condition.not_ is not None:
        inner = judge(condition.not_, facts, names)
        yield Verdict(holds=not inner.holds, why="not the following", parts=(inner,))


def _comment(test: CommentTest, comment: str) -> Iterable[Verdict]:
    present = bool(comment.strip())
    seen = f"a comment of {len(comment):,} characters" if present else "no comment"
    if test.present is not None:
        yield _said(present is test.present, f"comment is {'present' if test.present else 'absent'}", seen)
    if test.contains is not None:
        folded = comment.casefold()
        found = [text for text in test.contains if text.casefold() in folded]
        wanted = " or ".join(f'"{text}"' for text in test.contains)
        yield _said(bool(found), f"comment contains {wanted}", ", ".join(found), seen)


def _segment(
    what: str, wanted: tuple[str, ...], seen: frozenset[str], ids: frozenset[str], known: Mapping[str, str] | None
) -> Verdict:
    known, folded = known or {}, {name.casefold() for name in seen}
    found = [name for name in wanted if (known[name] in ids if name in known else name.casefold() in folded)]
    return _said(bool(found), f"{what} is {_either(wanted)}", _either(found, "and"), ", ".join(sorted(seen)) or "none")


def _named(what: str, wanted: tuple[str, ...], seen: str) -> Verdict:
    return _said(seen in wanted, f"{what} is {_either(wanted)}", seen, seen or "none")


def _group(what: str, parts: list[Verdict], rule: Any) -> Verdict:
    holding = sum(part.holds for part in parts)
    why = f"{what} {len(parts)}: {holding} {'holds' if holding == 1 else 'hold'}"
    return Verdict(holds=rule(part.holds for part in parts), why=why, parts=tuple(parts))


def _said(holds: bool, wanted: str, seen: str, instead: str | None = None) -> Verdict:
    if not holds:
        return Verdict(holds=False, why=f"{wanted} — no: {seen if instead is None else instead}")
    return Verdict(holds=True, why=wanted if wanted.endswith(f" {seen}") else f"{wanted} ({seen})")


def _either(values: Iterable[object], word: str = "or") -> str:
    return f" {word} ".join(str(value) for value in values)
