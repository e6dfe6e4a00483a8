"""Pipelines and stages of tickets, by the names admins write.

https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3: a ticket needs a stage, and, where there are several
pipelines, the pipeline too.
"""

from __future__ import annotations

from functools import cached_property

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.names import resolve
from connector.adapters.hubspot.paths import TICKETS
from connector.adapters.hubspot.written_types import WirePipeline, WirePipelines, WireStage
from connector.errors import RejectedError


class Pipelines:
    """Read once in a session, in one call."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def pipeline(self, name: str) -> WirePipeline:
        """By label or id; the first one where no name is given. Raises RejectedError that names the nearest."""
        if name:
            return self.by_id[resolve("pipeline", name, {each.id: each.label or "" for each in self.by_id.values()})]
        if not self.by_id:
            raise RejectedError("the portal shows no ticket pipeline", code="UnknownName")
        return min(self.by_id.values(), key=_place)

    def stage(self, pipeline: WirePipeline, name: str) -> WireStage:
        """By label or id; the first open one where no name is given."""
        stages = {each.id: each for each in _there(pipeline)}
        if name:
            return stages[
                resolve(f'stage of pipeline "{pipeline.label}"', name, {k: s.label or "" for k, s in stages.items()})
            ]
        opening = [each for each in stages.values() if not each.closed] or list(stages.values())
        if not opening:
            raise RejectedError(f'pipeline "{pipeline.label}" has no stage', code="UnknownName")
        return min(opening, key=_place)

    def closing(self, pipeline_id: str) -> WireStage:
        """The stage of what is closed: one that is called so, else the first."""
        pipeline = self.by_id.get(pipeline_id)
        closing = sorted((each for each in _there(pipeline) if each.closed), key=_place) if pipeline else []
        if not closing:
            raise RejectedError(
                f"pipeline {pipeline_id or '(none)'} has no stage that closes a ticket", code="NoClosedStage"
            )
        return next((each for each in closing if "clos" in (each.label or "").casefold()), closing[0])

    def stage_of(self, pipeline_id: str | None, stage_id: str | None) -> WireStage | None:
        """A ticket's stage; stage ids are unique in a portal but for those of the pipelines it came with."""
        pipeline = self.by_id.get(pipeline_id or "")
        among = [pipeline] if pipeline is not None else list(self.by_id.values())
        return next((each for one in among for each in one.stages if each.id == stage_id), None)

    @cached_property
    def by_id(self) -> dict[str, WirePipeline]:
        found = self._portal.get(self._portal.path("pipelines", type=TICKETS), WirePipelines).results
        return {each.id: each for each in found if not each.archived}


def _there(pipeline: WirePipeline) -> list[WireStage]:
    return [each for each in pipeline.stages if not each.archived]


def _place(each: WirePipeline | WireStage) -> tuple[int, str]:
    return each.display_order if each.display_order is not None else 1_000_000, each.id
