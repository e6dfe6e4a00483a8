"""The questions that the public material leaves open about a vendor's server, and the answers chosen for one server.

Nobody here has seen the real servers answer these cases, so each stand-in can be told to answer either way and its
adapter has to survive both. `lenient` is the answer that is easiest on a client, `strict` the one that is hardest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One open question, the answers the stand-in can give, and where the question comes from.

    `fact` is the section of the project's fact sheet on the vendor.
    """

    lenient: str
    strict: str
    sentence: str
    fact: str
    others: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        return (self.lenient, self.strict, *self.others)


def reading(lenient: str, strict: str, fact: str, sentence: str, *others: str) -> Reading:
    return Reading(lenient=lenient, strict=strict, fact=fact, sentence=sentence, others=others)


class Chosen(Mapping[str, str]):
    """The answers chosen for one server, by the question's name; `known` are all that there are for its vendor."""

    known: Mapping[str, Reading]

    def __init__(self, chosen: str | Mapping[str, str] = "lenient") -> None:
        """Take "lenient", "strict", or single answers over lenient ones.

        A mapping may name its ground with the key `*`. Raise ValueError for an unknown name or answer.
        """
        single = {} if isinstance(chosen, str) else dict(chosen)
        ground = chosen if isinstance(chosen, str) else single.pop("*", "lenient")
        if ground not in ("lenient", "strict"):
            raise ValueError(f"readings: {ground!r} is neither lenient nor strict")
        known = self.known
        self._answers = {name: each.strict if ground == "strict" else each.lenient for name, each in known.items()}
        for name, answer in single.items():
            if name not in known:
                raise ValueError(f"readings: no reading {name!r}; known: {', '.join(sorted(known))}")
            if answer not in known[name].values:
                raise ValueError(f"readings: {name} is one of {known[name].values}, not {answer!r}")
            self._answers[name] = answer

    def __getitem__(self, name: str) -> str:
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)
