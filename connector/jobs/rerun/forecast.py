"""What a rerun would do, counted before it is done; and what the Job's records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connector.jobs.collect import Taken
from connector.jobs.records.recorded import Recorded
from connector.jobs.runtime import Runtime
from connector.ports import BadRow, Cursor, RawAnswer
from connector.store import attempts, jobs


@dataclass(slots=True)
class Forecast:
    """What a rerun would do, by kind of thing. `again` goes to the story; `answers` is what it takes instead."""

    job: jobs.Job
    create: Counter[str] = field(default_factory=Counter)
    update: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    again: dict[str, Any] = field(default_factory=dict)
    answers: Answers | None = None
    resumes: bool = False
    looks: bool = False
    """Something of unknown outcome, or refused, is there after all or can be looked up: settling it is worth a run."""
    why_not: str = ""

    def lines(self) -> list[str]:
        kinds = sorted({*self.create, *self.update, *self.there})
        said = [
            f"{kind}: would create {self.create[kind]}, update {self.update[kind]}, already there {self.there[kind]}"
            for kind in kinds
        ]
        return said or ["would create 0, update 0, already there 0"]

    def count(self, kind: str, there: bool, same: bool) -> None:
        """One more thing of a kind: not there yet, there but different, or there and the same."""
        (self.there if same else self.update if there else self.create)[kind] += 1

    def changes(self, key: str, kind: str, old: Any, new: Any) -> None:
        """Remark which parts of a known thing would change: by name, for their text may be people's words."""
        if old is None or old == new:
            return
        before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
        parts = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        self.remarks.append(f"{key}: {kind} would change: {', '.join(parts).replace('_', ' ')}")

    @property
    def idle(self) -> bool:
        """Nothing would change anywhere."""
        return not (self.create.total() or self.update.total() or self.resumes or self.looks)


class Answers:
    """The recorded answers of a Job, as a ResponseSource."""

    def __init__(self, pages: list[Taken]) -> None:
        self.pages = pages

    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:  # noqa: ARG002
        for page in self.pages:
            yield [*page.answers, *page.bad], page.cursor


def records(runtime: Runtime, job: jobs.Job) -> list[Recorded]:
    """The records of the Job's Attempts, oldest first, reruns left out."""
    with runtime.store.read() as tx:
        tried = attempts.of_job(tx, job.id)
    loaded = [Recorded.load(runtime.data / attempt.journal) for attempt in tried]
    return [recorded for recorded in loaded if "again" not in recorded.begin["params"]]


def first(recorded: list[Recorded], name: str, kind: Any) -> Any:
    values = [value for one in recorded for value in one.reads.get(name, [])]
    return msgspec.json.decode(values[0], type=kind) if values else None
