"""From the names an admin writes to the CRM's segments: renames are followed, a missing name holds the audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process, utils

from connector.domain import Facet, Segment
from connector.ports import Scope, Selection
from connector.sync.settings import FACET_FIELD, Audience, FacetLists

Remembered = Mapping[tuple[Facet, str], str]
"""(facet, name as written) → the segment id it stood for when it was last resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The segment goes by another name now. It is followed; the file may be brought up to date."""

    place: str
    facet: Facet
    written: str
    now: str
    id: str

    def __str__(self) -> str:
        return f'{self.place}: "{self.written}" is called "{self.now}" in the CRM now; followed, please update the file'


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """No segment has the name; the audience is held until a person acts."""

    place: str
    facet: Facet
    written: str
    nearest: tuple[str, ...] = ()
    remembered_id: str | None = None

    def __str__(self) -> str:
        gone = f" any more (it was id {self.remembered_id})" if self.remembered_id else ""
        quoted = [f'"{name}"' for name in self.nearest]
        hint = f"; did you mean {_or(quoted)}?" if quoted else ""
        return f'{self.place}: the CRM has no "{self.written}"{gone}{hint}; the audience is held until it is corrected'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several segments could be meant; the audience is held until a person acts."""

    place: str
    facet: Facet
    written: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f'{self.place}: "{self.written}" may mean any of ids {", ".join(self.ids)} in the CRM; '
            "rename one of them there; the audience is held until then"
        )


NameFinding = Renamed | Missing | Ambiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedAudience:
    """An audience in the CRM's ids. `include` and `exclude` have only facets that are used."""

    name: str
    connection: str
    include: Mapping[Facet, frozenset[str]] = field(default_factory=dict)
    exclude: Mapping[Facet, frozenset[str]] = field(default_factory=dict)
    segments: Mapping[tuple[Facet, str], str] = field(default_factory=dict)
    """(facet, id) → the name it has in the CRM now."""
    include_names: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)
    remember: Mapping[tuple[Facet, str], str] = field(default_factory=dict)
    findings: tuple[NameFinding, ...] = ()

    @property
    def held(self) -> bool:
        """Whether a name is missing or ambiguous, in the include or in the exclude lists: nobody is asked then."""
        return any(not isinstance(finding, Renamed) for finding in self.findings)


def resolve(
    name: str, audience: Audience, segments_by_facet: Mapping[Facet, Sequence[Segment]], remembered: Remembered
) -> ResolvedAudience:
    """Find every written name among the CRM's segments; never raises, the findings say what a person must do.

    A remembered id is followed through a rename. Names compare without case and outer spaces. If the remembered
    segment was renamed and another one bears the written name now, only a person can know which is meant: ambiguous.
    """
    findings: list[NameFinding] = []
    names: dict[tuple[Facet, str], str] = {}
    remember: dict[tuple[Facet, str], str] = {}

    def ids(lists: FacetLists, place: str) -> dict[Facet, list[str]]:
        found: dict[Facet, list[str]] = {}
        for facet in Facet:
            for written in lists.names(facet):
                where = f"{place}.{FACET_FIELD[facet]}"
                segments = segments_by_facet.get(facet, ())
                segment, finding = _find(where, facet, written, segments, remembered.get((facet, written)))
                if finding is not None:
                    findings.append(finding)
                chosen = found.setdefault(facet, [])
                if segment is not None:
                    names[facet, segment.id] = segment.name.strip()
                    remember[facet, written] = segment.id
                    if segment.id not in chosen:
                        chosen.append(segment.id)
        return found

    place = f"audiences.{name}"
    include, exclude = ids(audience, place), ids(audience.exclude, f"{place}.exclude")
    return ResolvedAudience(
        name=name,
        connection=audience.from_,
        include={facet: frozenset(found) for facet, found in include.items()},
        exclude={facet: frozenset(found) for facet, found in exclude.items()},
        segments=names,
        include_names={facet: tuple(names[facet, id] for id in found) for facet, found in include.items()},
        remember=remember,
        findings=tuple(findings),
    )


def find_names(
    written: Iterable[tuple[str, Facet, str]],
    segments_by_facet: Mapping[Facet, Sequence[Segment]],
    remembered: Remembered,
) -> tuple[dict[tuple[Facet, str], str], list[NameFinding]]:
    """The segment ids of names written outside of audiences, (place, facet, name) each, found as `resolve` does.

    A missing or ambiguous name has no id; nobody is held for it.
    """
    ids: dict[tuple[Facet, str], str] = {}
    findings: list[NameFinding] = []
    for place, facet, name in written:
        segments = segments_by_facet.get(facet, ())
        segment, finding = _find(place, facet, name, segments, remembered.get((facet, name)))
        if segment is not None:
            ids[facet, name] = segment.id
        if finding is not None:
            findings.append(finding)
    return ids, findings


def scope(audiences: Iterable[ResolvedAudience], *, groups: Iterable[str] = ()) -> Scope:
    """What a Connection's pull must bring: the union of the includes, and every group included or excluded.

    `groups` are those needed beside: the ones that rules ask about.

    Held audiences ask for nothing; if all are held there are no selections, which means nobody, not everybody.
    """
    active = [audience for audience in audiences if not audience.held]
    named = frozenset(
        group
        for audience in active
        for facets in (audience.include, audience.exclude)
        for group in facets.get(Facet.MARKETING_GROUP, ())
    )
    return Scope(
        selections=tuple(Selection(include=audience.include) for audience in active), groups=named.union(groups)
    )


def sentence(resolved: ResolvedAudience, counts: Sequence[int] = ()) -> str:
    """The audience in words, with what is left after each step where `counts` are given.

    `contacts that are Decision Maker or Owner, at Managed Clients, in group NPS 2026 (1,650 → 1,391 → 1,204)`
    """
    return f"{words(resolved)} {steps(counts)}".rstrip()


def words(resolved: ResolvedAudience) -> str:
    """The sentence without its counts."""
    parts: list[str] = []
    for facet, lead in _LEADS.items():
        if names := resolved.include_names.get(facet):
            parts.append(f"{lead} {_or(names)}")
    return f"contacts {', '.join(parts)}"


def steps(counts: Sequence[int]) -> str:
    """`(1,650 → 1,391 → 1,204)`; nothing for no counts."""
    return f"({' → '.join(f'{count:,}' for count in counts)})" if counts else ""


_LEADS = {Facet.CONTACT_TYPE: "that are", Facet.COMPANY_TYPE: "at", Facet.MARKETING_GROUP: "in group"}


def _fold(name: str) -> str:
    return name.strip().casefold()


def _find(
    place: str, facet: Facet, written: str, segments: Sequence[Segment], remembered_id: str | None
) -> tuple[Segment | None, NameFinding | None]:
    named = [segment for segment in segments if _fold(segment.name) == _fold(written)]
    known = next((segment for segment in segments if segment.id == remembered_id), None)
    if known is not None and known in named:
        return known, None
    if known is not None and not named:
        now = known.name.strip()
        return known, Renamed(place=place, facet=facet, written=written, now=now, id=known.id)
    if len(named) == 1 and known is None:
        return named[0], None
    if named:
        ids = sorted({segment.id for segment in named} | ({known.id} if known else set()))
        return None, Ambiguous(place=place, facet=facet, written=written, ids=tuple(ids))
    existing = sorted({segment.name.strip() for segment in segments})
    nearest = process.extract(written, existing, limit=3, score_cutoff=60, processor=utils.default_process)
    return None, Missing(
        place=place,
        facet=facet,
        written=written,
        nearest=tuple(match[0] for match in nearest),
        remembered_id=remembered_id,
    )


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
