"""The vendor's paths: who may come in, what befalls the request, and which module answers."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from connector.sandbox.http import Answer, Request

from . import describing, faults, limits
from .batches import Batches
from .bulk import Jobs
from .composite import Composite
from .naming import visible_shape
from .querying import Queries
from .records import Records
from .refusals import Refusal, not_found, refuse, wrong_method
from .signing_in import SOAP_PREFIX, TOKEN_PATH, USERINFO_PATH, Desk, Login
from .writing import Writer

if TYPE_CHECKING:
    from .state import Fault
    from .world import World

DATA = "/services/data"
OLDEST, GONE_BELOW, NEWEST = 21, 31, 67
LARGEST_HEAD = 16_384
_QUERY = re.compile(r"/v\d\d\.0/query(All)?(/[^/]*)?$")
_VERSION = re.compile(r"v(\d\d)\.0$")


class Api:
    """Answers API requests for one world. Call under the world's lock."""

    def __init__(self, world: World, login: Login) -> None:
        self._world = world
        self.desk = Desk(world, login)
        self.queries = Queries(world)
        self.writer = Writer(world, self.queries.chooser)
        self._records = Records(world, self.writer)
        self._batches = Batches(world, self.writer)
        self._jobs = Jobs(world, self.queries)
        self._composite = Composite(world, self.writer, self._inner)

    @staticmethod
    def handles(path: str) -> bool:
        return path.startswith("/services")

    def settle(self) -> None:
        """Do the late writes whose time has come."""
        state, now = self._world.state, self._world.now()
        due = [request for when, request in state.late if when <= now]
        state.late = [(when, request) for when, request in state.late if when > now]
        for request in due:
            # The vendor had taken the request before its session could end.
            with suppress(Refusal):
                self._data(request, None)

    def answer(self, request: Request) -> Answer:
        """Answer one request of a client, with whatever misfortune is planned for it."""
        fault: Fault | None = None
        try:
            self._check_size(request)
            is_query = request.method == "GET" and bool(_QUERY.search(request.path))
            fault = faults.due(self._world.state, request, request.path, is_query=is_query)
            if fault is not None:
                early = faults.before(fault, self._world.state, request, self._world.now())
                if early is not None:
                    return early
        except Refusal as refusal:
            return self._with_usage(refusal.answer)
        answer = self._safely(request, fault)
        return faults.after(fault, answer) if fault else answer

    def _safely(self, request: Request, fault: Fault | None) -> Answer:
        try:
            if request.path == TOKEN_PATH:
                return self.desk.token(request)
            if request.path.startswith(SOAP_PREFIX):
                self._world.state.calls["soap login"] += 1
                return self.desk.soap(request)
            if request.path == USERINFO_PATH:
                return self.desk.userinfo(request)
            if request.path.rstrip("/") == DATA:
                return _json([_version(number) for number in range(GONE_BELOW, NEWEST + 1)])
            self.desk.check(request)
            limits.count(self._world)
            return self._with_usage(self._data(request, fault))
        except Refusal as refusal:
            return self._with_usage(refusal.answer)

    def _data(self, request: Request, fault: Fault | None) -> Answer:
        """Answer below /services/data/vXX.0/."""
        steps = [unquote(step) for step in request.path.removeprefix(DATA).strip("/").split("/")]
        version, steps = steps[0], steps[1:]
        match = _VERSION.fullmatch(version)
        if match is None or not OLDEST <= int(match[1]) <= NEWEST:
            raise not_found()
        if int(match[1]) < GONE_BELOW:
            raise refuse(410, "UNSUPPORTED_API_VERSION", f"API version {version[1:]} has been retired")
        return self._routed(request, steps, version, fault)

    def _routed(self, request: Request, steps: list[str], version: str, fault: Fault | None) -> Answer:
        world, kind = self._world, fault.kind if fault else ""
        spoil = kind if kind in faults.SPOILS else ""
        self.writer.begin(request, version, fault if kind in faults.OF_ROWS else None)
        match steps:
            case []:
                base = f"{DATA}/{version}"
                return _json({name: f"{base}/{name}" for name in ("query", "queryAll", "sobjects", "limits", "jobs")})
            case ["limits"]:
                return _json(limits.answer(world))
            case ["query"] | ["queryAll"]:
                _only(request, "GET")
                most = fault.over if fault else 0
                whole = steps[0] == "queryAll"
                return self.queries.first(request, version, with_deleted=whole, spoil=spoil, most=most)
            case ["query" | "queryAll", locator]:
                return self.queries.more(locator, version, spoil=spoil)
            case ["jobs", "query", *rest]:
                return self._jobs.answer(request, rest, version, misfortune=kind)
            case ["sobjects"]:
                return _json(describing.everything(world, version))
            case ["sobjects", name, "describe"]:
                world.state.calls["describe"] += 1
                return self._described(request, name, version)
            case ["sobjects", name] if request.method == "GET":
                return _json(describing.basic(world, visible_shape(world, name), version))
            case ["sobjects", *rest]:
                return self._records.answer(request, rest, version)
            case ["composite"] | ["composite", "batch"]:
                _only(request, "POST")
                return self._composite.answer(request, version, batch=len(steps) == 2)
            case ["composite", "sobjects", *rest]:
                return self._batches.answer(request, rest, version)
        raise not_found()

    def _described(self, request: Request, name: str, version: str) -> Answer:
        world = self._world
        of = visible_shape(world, name)
        # A describe changes where what may be seen changes; the moment is kept by the second.
        stamp = "Sun, 01 Nov 2026 00:00:00 GMT"
        unchanged = not world.state.hidden and not world.state.readonly
        if unchanged and request.headers.get("if-modified-since") == stamp:
            return Answer(status=304)
        answer = _json(describing.whole(world, of, version))
        if unchanged:
            answer.headers["Last-Modified"] = stamp
        return answer

    def _inner(self, request: Request, version: str) -> Answer:
        """Answer a sub-request of a composite, which counts as no call of its own."""
        steps = [unquote(step) for step in request.path.removeprefix(DATA).strip("/").split("/")][1:]
        try:
            return self._routed(request, steps, version, None)
        except Refusal as refusal:
            return refusal.answer

    def _with_usage(self, answer: Answer) -> Answer:
        answer.headers |= limits.header(self._world)
        return answer

    def _check_size(self, request: Request) -> None:
        size = len(request.path) + len(request.raw_query) + 1
        size += sum(len(name) + len(text) + 4 for name, text in request.headers.items())
        if size > LARGEST_HEAD:
            status = int(self._world.readings["uri_too_long"])
            raise refuse(status, "URI_TOO_LONG", f"URI and headers are longer than {LARGEST_HEAD} bytes")


def _version(number: int) -> dict[str, str]:
    return {"label": f"Version {number}", "url": f"{DATA}/v{number}.0", "version": f"{number}.0"}


def _only(request: Request, method: str) -> None:
    if request.method != method:
        raise wrong_method(request.method, method)


def _json(body: Any) -> Answer:
    return Answer(status=200, body=msgspec.json.encode(body))
