"""Bulk API 2.0 query jobs: create, look, results as CSV by locator, abort, delete (facts 2.6)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from connector.sandbox.http import Answer, Request

from .ids import Ids
from .moments import written
from .querying import Found, Queries
from .refusals import malformed_query, not_found, refuse, wrong_method
from .soql import parse
from .state import Row
from .world import API_USER

if TYPE_CHECKING:
    from .world import World

_IDS = Ids("750")
_LIFE = 7 * 86400.0
# What a bulk query cannot select (facts 2.6).
_COMPOUND = frozenset({"billingaddress", "mailingaddress"})


@dataclass(slots=True, kw_only=True)
class Job:
    """One query job; `looks` counts how often it was asked for, since it is done after a few."""

    info: Row
    found: Found | None
    version: str
    made: float
    looks: int = 0


class Jobs:
    """The query jobs of one world. Not part of a snapshot."""

    def __init__(self, world: World, queries: Queries) -> None:
        self._world, self._queries = world, queries
        self._jobs: dict[str, Job] = {}

    def answer(self, request: Request, steps: list[str], version: str, *, misfortune: str) -> Answer:
        """Answer below /jobs/query; `steps` is what follows, `misfortune` the kind of fault that befalls it."""
        if not steps:
            if request.method == "POST":
                return self._create(request, version, empty=misfortune == "empty_list")
            jobs = [job.info for job in self._jobs.values()]
            return _json({"done": True, "records": jobs, "nextRecordsUrl": None})
        job = self._jobs.get(steps[0])
        if job is None or self._world.now() - job.made > _LIFE:
            raise not_found("The requested resource does not exist")
        if steps[1:] == ["results"]:
            return self._results(request, job, version)
        if request.method == "GET":
            return self._look(job, fail=misfortune == "job_failed")
        if request.method == "PATCH":
            body = msgspec.json.decode(request.body, type=dict[str, Any])
            if body.get("state") != "Aborted":
                raise refuse(400, "INVALIDJOBSTATE", "Only Aborted can be set")
            job.info["state"] = "Aborted"
            return _json(job.info)
        if request.method == "DELETE":
            del self._jobs[steps[0]]
            return Answer(status=204)
        raise wrong_method(request.method, "GET, PATCH, DELETE")

    def _create(self, request: Request, version: str, *, empty: bool) -> Answer:
        if self._world.readings["bulk_query"] == "forbidden":
            raise refuse(403, "INSUFFICIENT_ACCESS", "You do not have the permission to create bulk query jobs")
        try:
            body = msgspec.json.decode(request.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise refuse(400, "JSON_PARSER_ERROR", str(error)) from None
        operation = body.get("operation")
        if operation not in ("query", "queryAll"):
            raise refuse(400, "INVALIDJOB", "operation must be query or queryAll")
        if body.get("columnDelimiter", "COMMA") != "COMMA" or body.get("lineEnding", "LF") != "LF":
            raise refuse(400, "INVALIDJOB", "the stand-in writes commas and LF only")
        query = parse(str(body.get("query", "")))
        if (
            query.count
            or query.groups
            or query.counted
            or any(text.lower().rpartition(".")[2] in _COMPOUND for text in query.paths)
        ):
            raise malformed_query("Selecting compound data or aggregates not supported in Bulk Query")
        found = self._queries.found(query, with_deleted=operation == "queryAll")
        if empty:
            found.positions = []
        now = self._world.now()
        record_id = _IDS.of(len(self._jobs) + self._world.state.calls["bulk query job"])
        self._world.state.calls["bulk query job"] += 1
        info = {
            "id": record_id,
            "operation": operation,
            "object": found.of.name,
            "createdById": API_USER,
            "createdDate": written(int(now)),
            "systemModstamp": written(int(now)),
            "state": "UploadComplete",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version[1:]),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        self._jobs[record_id] = Job(info=info, found=found, version=version, made=now)
        return _json(info)

    def _look(self, job: Job, *, fail: bool) -> Answer:
        job.looks += 1
        waits = 2 if self._world.readings["bulk_job_states"] == "in_progress_first" else 0
        if job.info["state"] in ("UploadComplete", "InProgress") and job.found is not None:
            if fail:
                job.info |= {"state": "Failed", "errorMessage": "InternalServerError : Query timed out"}
            elif job.looks > waits:
                done = {"numberRecordsProcessed": len(job.found.positions), "retries": 0, "totalProcessingTime": 42}
                job.info |= {"state": "JobComplete", **done}
            else:
                job.info |= {"state": "InProgress", "numberRecordsProcessed": 0}
        return _json(job.info)

    def _results(self, request: Request, job: Job, version: str) -> Answer:
        if version != job.version:
            message = f"The job was created with API version {job.version[1:]}; ask for its results with the same"
            raise refuse(409, "INVALIDVERSION", message)
        if job.info["state"] != "JobComplete" or job.found is None:
            raise refuse(400, "JOB_NOT_COMPLETE", "Job is not complete")
        total = len(job.found.positions)
        start = _offset(request.query.get("locator", ""))
        if start > total:
            raise refuse(400, "INVALID_QUERY_LOCATOR", "invalid locator")
        asked = request.query.get("maxrecords", "")
        end = min(total, start + (max(1, int(asked)) if asked.isdecimal() else 50_000))
        self._world.state.calls[f"bulk page {job.found.of.name}"] += 1
        return Answer(
            status=200,
            body=self._queries.csv(job.found, job.found.positions[start:end], header=True),
            content_type="text/csv",
            headers={
                # The word null ends the pages (facts 2.6).
                "Sforce-Locator": base64.b64encode(str(end).encode()).decode().rstrip("=") if end < total else "null",
                "Sforce-NumberOfRecords": str(end - start),
            },
        )


def _offset(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except ValueError:
        raise refuse(400, "INVALID_QUERY_LOCATOR", "invalid locator") from None


def _json(body: Any) -> Answer:
    return Answer(status=200, body=msgspec.json.encode(body))
