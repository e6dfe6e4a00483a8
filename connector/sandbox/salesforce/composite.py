"""Several sub-requests in one: /composite with references and rollback, /composite/batch without (facts 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connector.sandbox.http import Answer, Request

from . import limits
from .records import decoded
from .refusals import Refusal, refuse
from .state import Row
from .writing import Writer

if TYPE_CHECKING:
    from .world import World

MOST = 25
_REFERENCE = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
_HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation failed.",
}
Inner = Callable[[Request, str], Answer]


class Composite:
    """Answers for one world; `inner` answers a sub-request."""

    def __init__(self, world: World, writer: Writer, inner: Inner) -> None:
        self._world, self._writer, self._inner = world, writer, inner

    def answer(self, request: Request, version: str, *, batch: bool) -> Answer:
        """Answer 200 with the sub-requests' answers; raise Refusal for what cannot be read."""
        body = decoded(request.body)
        given = body.get("batchRequests" if batch else "compositeRequest")
        if not isinstance(given, list) or not all(isinstance(sub, dict) for sub in given):
            raise refuse(400, "JSON_PARSER_ERROR", "an array of sub-requests is missing")
        if len(given) > MOST:
            raise refuse(400, "LIMIT_EXCEEDED", f"{len(given)} sub-requests; {MOST} are allowed")
        queries = sum("/query" in str(sub.get("url")) or "/composite/sobjects" in str(sub.get("url")) for sub in given)
        if not batch and queries > int(self._world.readings["composite_queries"]):
            raise refuse(400, "LIMIT_EXCEEDED", "too many queries and collections in one composite")
        done = self._batch(request, body, given, version) if batch else self._composite(request, body, given, version)
        return Answer(status=200, body=msgspec.json.encode(done))

    def _composite(self, request: Request, body: Row, given: list[Row], version: str) -> Row:
        whole = bool(body.get("allOrNone"))
        point = self._writer.savepoint() if whole else None
        results: dict[str, Any] = {}
        out: list[Row] = []
        failed: set[str] = set()
        headers: dict[str, str]
        for sub in given:
            name = str(sub.get("referenceId", ""))
            needed = {match[0] for match in _REFERENCE.findall(msgspec.json.encode(sub).decode())}
            if needed & failed or needed - results.keys():
                status, said, headers = 400, [_HALTED], {}
            else:
                status, said, headers = self._one(request, _resolved(sub, results), version)
            if status >= 300:
                failed.add(name)
            else:
                results[name] = said
            out.append({"body": said, "httpHeaders": headers, "httpStatusCode": status, "referenceId": name})
        if failed and point is not None:
            self._writer.rollback(point)
            out = [
                part if part["httpStatusCode"] >= 300 else part | {"body": [_HALTED], "httpStatusCode": 400}
                for part in out
            ]
        return {"compositeResponse": out}

    def _batch(self, request: Request, body: Row, given: list[Row], version: str) -> Row:
        results: list[Row] = []
        halted = False
        for sub in given:
            if halted:
                error = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
                results.append({"statusCode": 412, "result": [error]})
                continue
            # Each sub-request of a batch counts as a call (facts 3.4).
            try:
                limits.count(self._world)
                url = f"/services/data/{str(sub.get('url', '')).removeprefix('/services/data/').lstrip('/')}"
                made = {"method": sub.get("method", "GET"), "url": url, "body": sub.get("richInput")}
                status, said, _ = self._one(request, made, version)
            except Refusal as refusal:
                status, said = refusal.answer.status, refusal.body
            results.append({"statusCode": status, "result": said})
            halted = status >= 300 and bool(body.get("haltOnError"))
        return {"hasErrors": any(part["statusCode"] >= 300 for part in results), "results": results}

    def _one(self, request: Request, sub: Row, version: str) -> tuple[int, Any, dict[str, str]]:
        split = urlsplit(str(sub.get("url", "")))
        headers = dict(request.headers) | {k.lower(): str(v) for k, v in (sub.get("httpHeaders") or {}).items()}
        inner = Request(
            method=str(sub.get("method", "GET")).upper(),
            path=split.path,
            query={name.lower(): text for name, text in parse_qsl(split.query, keep_blank_values=True)},
            headers=headers,
            body=msgspec.json.encode(sub["body"]) if sub.get("body") is not None else b"",
            raw_query=split.query,
            base_url=request.base_url,
        )
        answer = self._inner(inner, version)
        said = msgspec.json.decode(answer.body) if answer.body else None
        return answer.status, said, {k: v for k, v in answer.headers.items() if k == "Location"}


def _resolved(sub: Row, results: dict[str, Any]) -> Row:
    """Return the sub-request with what earlier answers say in place of `@{reference.field}`."""

    def value(match: re.Match[str]) -> str:
        found: Any = results.get(match[1])
        for step in re.findall(r"\w+", match[2]):
            found = found[int(step)] if isinstance(found, list) else (found or {}).get(step)
        return str(found)

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            return _REFERENCE.sub(value, part)
        if isinstance(part, dict):
            return {name: walk(inner) for name, inner in part.items()}
        return [walk(inner) for inner in part] if isinstance(part, list) else part

    return {name: walk(part) if name in ("url", "body") else part for name, part in sub.items()}
