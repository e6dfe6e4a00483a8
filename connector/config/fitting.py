"""Which names of a tenant a first configuration should begin with: guesses by what such names usually mean.

Pure. A guess is only ever a beginning: the file is in mode preview, and every other name stands beside it as a comment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.domain import Facet

_DECIDE = (
    r"decision|decid|entscheid|\bowners?\b|inhaber|principal|\bc-?level|\bc[eifot]o\b|president|director|executive"
    r"|\bexec\b|management|gesch(ä|ae)ftsf(ü|ue)hr|\bvip\b|\b(primary|main|key) contact|ansprechpartner"
)
_CUSTOMER = r"managed|client|customer|kunden?\b|\bmsp\b|contract|agreement|vertrag"
_FORMER = (
    r"former|\bex\b|\bex-|lost|past|old\b|terminated|cancel|inactive|ehemalig|gek(ü|ue)ndigt|prospect|vendor|lead\b"
)
_ASK = r"\bnps\b|survey|feedback|satisfaction|csat|umfrage|zufriedenheit"
_DO_NOT = r"\bno\b|\bnot\b|\bdon'?t\b|opt.?out|unsub|exclude|never|keine?\b|nicht\b"
_BOARDS = (
    r"customer success|client success|kundenerfolg|\bnps\b|csat|satisfaction",
    r"account manage|customer|client|feedback|relationship|kunden",
    r"help ?desk|service ?desk|service|support",
)
_PRIORITIES = (r"^high$|\bhigh\b|^hoch$", r"priority 2|\bp2\b|urgent|dringend")
_TESTS = r"test|sandbox|rehears|probe"
_MOST = 3  # names of one list that are chosen without asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One name of the tenant; `count` is how many contacts, companies or members it has, where that was asked."""

    name: str
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a list begins with, what is excluded, and all other names, the largest first."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    others: tuple[Named, ...] = ()


def segments(facet: Facet, known: Sequence[Named]) -> Choice:
    """The beginning of one facet's lists. Names that are there twice or have nobody are never chosen."""
    usable = [each for each in _unambiguous(known) if each.count != 0]
    if facet is Facet.CONTACT_TYPE:
        include, exclude = _largest(usable, _DECIDE, but=_FORMER)[:_MOST], []
    elif facet is Facet.COMPANY_TYPE:
        include = _largest(usable, _CUSTOMER, but=_FORMER)[:_MOST]
        exclude = [each for each in _largest(_unambiguous(known), _CUSTOMER) if re.search(_FORMER, each.name, re.I)]
    else:
        # of "NPS 2025" and "NPS 2026" the later one is meant
        include = sorted(_largest(usable, _ASK, but=_DO_NOT), key=lambda each: each.name.casefold())[-1:]
        exclude = [each for each in _largest(_unambiguous(known), _ASK) if re.search(_DO_NOT, each.name, re.I)]
    taken = {each.name for each in (*include, *exclude)}
    return Choice(
        include=tuple(each.name for each in include),
        exclude=tuple(each.name for each in exclude),
        others=tuple(each for each in by_size(known) if each.name not in taken),
    )


def fallback(known: Sequence[Named]) -> str:
    """The largest name, for a tenant in which nothing sounds right; empty where there is none."""
    usable = [each for each in by_size(_unambiguous(known)) if each.count != 0]
    return usable[0].name if usable else ""


def board(known: Sequence[str]) -> str:
    """The service board for follow-ups; the first where no name says more."""
    real = [name for name in known if not re.search(_TESTS, name, re.I)] or list(known)
    return _first(real, _BOARDS) or (real[0] if real else "")


def test_board(known: Sequence[str]) -> str:
    """A board that looks as if it were made for trying; empty where none does."""
    return _first(known, (_TESTS,))


def priority(known: Sequence[str]) -> str:
    """A high, not the highest priority; empty where no name says so."""
    return _first(known, _PRIORITIES)


def by_size(known: Iterable[Named]) -> list[Named]:
    return sorted(known, key=lambda each: (-(each.count or 0), each.name.casefold()))


def _unambiguous(known: Sequence[Named]) -> list[Named]:
    times = Counter(each.name.strip().casefold() for each in known)
    return [each for each in known if each.name.strip() and times[each.name.strip().casefold()] == 1]


def _largest(known: Iterable[Named], pattern: str, *, but: str = r"(?!)") -> list[Named]:
    return by_size(
        each for each in known if re.search(pattern, each.name, re.I) and not re.search(but, each.name, re.I)
    )


def _first(names: Sequence[str], patterns: Iterable[str]) -> str:
    found = (name for pattern in patterns for name in names if re.search(pattern, name, re.I))
    return next(found, "")
