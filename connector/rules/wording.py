"""Plain English about an answer, the same under every locale; and foreign text made fit to stand in ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.rules.facts import Tallies

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SHOWN_BEFORE = 3

# Control characters, and the directional overrides and isolates with which a name could reorder our own words.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")


def day(moment: datetime, timezone: str) -> str:
    """`Fri 20 Nov 2026`."""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1][:3]} {local.year}"


def moment_of(moment: datetime) -> str:
    """`Mon 23 Nov 16:20`, in the moment's own zone."""
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1][:3]} {moment:%H:%M}"


def before(previous: Sequence[tuple[int, datetime]], now: datetime, timezone: str) -> str:
    """`8 in August, 9 in May`: earlier answers, newest first; with the year where the month alone would mislead."""
    zone = ZoneInfo(timezone)
    here = now.astimezone(zone)
    said = []
    for score, at in previous[:_SHOWN_BEFORE]:
        local = at.astimezone(zone)
        months = (here.year - local.year) * 12 + here.month - local.month
        said.append(f"{score} in {_MONTHS[local.month - 1]}{'' if 0 <= months < 12 else f' {local.year}'}")
    if len(previous) > _SHOWN_BEFORE:
        said.append(f"and {len(previous) - _SHOWN_BEFORE} earlier")
    return ", ".join(said)


def company_answers(company: str, tallies: Tallies) -> str:
    """`Acme Ltd: 3 of 5 asked have answered, 1 promoter, 2 detractors.` Without a record of who was asked: `Acme Ltd:
    3 answers, 1 promoter, 2 detractors.` Empty when nobody was asked or answered."""
    asked, answered = tallies.asked, tallies.answered
    if not asked and not answered:
        return ""
    if not answered:
        start = f"none of {asked} asked has answered"
    elif answered <= asked:
        start = f"{answered} of {asked} asked {'has' if answered == 1 else 'have'} answered"
    else:  # who was asked is not on record here, or not of all who answered
        start = f"{answered} answer{'' if answered == 1 else 's'}"
    bands = (("promoter", tallies.promoters), ("passive", tallies.passives), ("detractor", tallies.detractors))
    counts = [f"{count} {band}{'' if count == 1 else 's'}" for band, count in bands if count]
    return f"{company or 'The company'}: {', '.join([start, *counts])}."


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, and then how many there were."""
    return text if len(text) <= limit else f"{text[:limit]}… (cut; {len(text):,} characters in all)"


def passage(text: str, limit: int) -> str:
    """Foreign text of several lines: cut, line ends made one kind, control characters and overrides removed."""
    text = _LINE_END.sub("\n", cut(text, limit))
    return _SURROGATE.sub("\ufffd", _UNFIT.sub("", text)).strip()


def one_line(text: str, limit: int) -> str:
    """The same on one line, so that a name cannot start a line of its own."""
    return " ".join(passage(text, limit).split())
