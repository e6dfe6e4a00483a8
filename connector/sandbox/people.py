"""Invented people whom several stand-ins know: each a pure function of (seed, index).

Of a healthy person with an index that three divides every CRM holds the same name and the same address, so that one
human being known to two of them can be shown. All others differ from CRM to CRM. Number 0 is Ann Example everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import names

SHARED_EVERY = 3
_MASK = (1 << 64) - 1
_FIRST, _LAST = len(names.FIRST), len(names.LAST)
_LOWER_FIRST, _LOWER_LAST = [w.lower() for w in names.FIRST], [w.lower() for w in names.LAST]
_FIRM_FIRST, _FIRM_SECOND = len(names.FIRM_FIRST), len(names.FIRM_SECOND)
# Five firms to every twenty people: of one, two, three, five and nine.
_SIZES = (9, 5, 3, 2, 1)
_PEOPLE = sum(_SIZES)
_FIRM_OF = tuple(firm for firm, size in enumerate(_SIZES) for _ in range(size))
_FIRST_OF = tuple(sum(_SIZES[:firm]) for firm in range(len(_SIZES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    """One person: `plain` is the part of the address before the @."""

    first: str
    last: str
    plain: str
    email: str


def mix(seed: int, index: int) -> int:
    """Return 64 well-stirred bits for one index."""
    x = (index * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    x ^= x >> 29
    x = (x * 0xBF58476D1CE4E5B9) & _MASK
    x ^= x >> 32
    x = (x * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 29)


def is_shared(index: int) -> bool:
    """Whether every CRM knows this person by the same name and address, if the person is healthy there."""
    return index % SHARED_EVERY == 0


def human(seed: int, index: int, kind: str) -> Human:
    """Return the healthy person of that index as the CRM `kind` (hubspot, salesforce …) knows them."""
    if index == 0:
        return Human(first="Ann", last="Example", plain="ann", email="ann@example.com")
    if is_shared(index):
        h, mark = mix(seed, index), ""
    else:
        # Another person of another name: the letter keeps two CRMs from inventing one address by chance.
        h, mark = mix(seed + sum(kind.encode()), index), kind[:1]
    first, last = (h >> 16) % _FIRST, (h >> 24) % _LAST
    plain = f"{_LOWER_FIRST[first]}.{_LOWER_LAST[last]}{index}{mark}"
    address = f"{plain}@{firm_domain(seed, firm_of(index))}"
    return Human(first=names.FIRST[first], last=names.LAST[last], plain=plain, email=address)


def firm_of(index: int) -> int:
    """Return the number of the person's firm, whatever the CRM; a CRM with fewer firms takes the remainder."""
    block, place = divmod(index, _PEOPLE)
    return block * len(_SIZES) + _FIRM_OF[place]


def people_of(firm: int) -> range:
    """Return the indices of the firm's people."""
    block, place = divmod(firm, len(_SIZES))
    first = block * _PEOPLE + _FIRST_OF[place]
    return range(first, first + _SIZES[place])


def firm_name(seed: int, firm: int) -> str:
    """Return the firm's name; firm 0 is Acme Ltd."""
    if firm == 0:
        return "Acme Ltd"
    h = mix(seed + 4, firm)
    first, second = names.FIRM_FIRST[h % _FIRM_FIRST], names.FIRM_SECOND[(h >> 8) % _FIRM_SECOND]
    return f"{first} {second} {firm} {names.FIRM_FORM[(h >> 16) % len(names.FIRM_FORM)]}"


def firm_domain(seed: int, firm: int) -> str:
    """Return the domain of the firm's web site and addresses."""
    if firm == 0:
        return "example.com"
    h = mix(seed + 4, firm)
    first, second = names.FIRM_FIRST[h % _FIRM_FIRST], names.FIRM_SECOND[(h >> 8) % _FIRM_SECOND]
    return f"{first.lower()}-{second.lower()}{firm}.example.com"
