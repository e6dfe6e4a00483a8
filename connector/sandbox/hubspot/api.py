"""The API's front: sign-in, limits, planned faults, then the room that answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from connector.sandbox.http import Answer, Request

from . import faults, schema
from .ask import Ask, ask
from .associating import Associating, encoded, object_type
from .batches import Batches
from .consent import Consent
from .limits import Limits
from .lists import Lists
from .properties import Properties
from .reading import Reading
from .refusals import Refusal, correlation, no_endpoint
from .render import Renderer
from .search import Search
from .settings import Settings
from .state import Row
from .tokens import Login, Tokens
from .writing import Writing

if TYPE_CHECKING:
    from .world import World

LONGEST_URI = 15_000
_API = re.compile(r"^/(crm|oauth|communication-preferences|crm-object-schemas|account-info)(/|-)?")
_SCOPED = {
    schema.CONTACTS: "crm.objects.contacts",
    schema.NOTES: "crm.objects.contacts",
    schema.TASKS: "crm.objects.contacts",
    schema.COMPANIES: "crm.objects.companies",
    schema.TICKETS: "tickets",
    schema.CUSTOM: "crm.objects.custom",
    schema.FEEDBACK: "crm.objects.feedback_submissions",
    "lists": "crm.lists",
    "owners": "crm.objects.owners",
    "properties": "crm.schemas.contacts",
    "schemas": "crm.schemas.custom",
    "preferences": "communication_preferences",
}
Room = Callable[[Ask], "Answer | Row"]


class Api:
    """Answers the vendor's paths of one world. Call under the world's lock."""

    def __init__(self, world: World, login: Login) -> None:
        self._world = world
        self.renderer = Renderer(world)
        self.limits = Limits(world)
        self.tokens: Tokens = Tokens(world, login)
        self._reading = Reading(world, self.renderer)
        self._search = Search(world, self.renderer)
        self._associating = Associating(world, self.renderer)
        self.writing = Writing(world, self.renderer, self._reading, self._associating)
        self._batches = Batches(world, self.renderer, self.writing)
        self.lists = Lists(world, self.renderer)
        properties = Properties(world, self.renderer)
        settings = Settings(world, self.renderer, self.limits, properties)
        self._rooms: dict[str, Room] = {
            "objects": self._objects,
            "associations": self._associating.of_types,
            "lists": self.lists.answer,
            "properties": properties.answer,
            "pipelines": settings.pipelines,
            "owners": settings.owners,
            "schemas": settings.schemas,
            "account": settings.account,
            "preferences": Consent(world).answer,
        }

    def handles(self, path: str) -> bool:
        """Whether the path is one of the vendor's."""
        return bool(_API.match(path))

    def answer(self, request: Request) -> Answer:
        """Answer a request, or do to it what was planned."""
        state = self._world.state
        fault = faults.due(state, request)
        try:
            if fault is not None:
                struck = faults.before(fault, state, request, self._world.now(), self.limits)
                if struck is not None:
                    return struck
            answer = self._answer(request)
        except Refusal as refusal:
            answer = self._refused(refusal)
        return answer if fault is None else faults.after(fault, answer)

    def settle(self) -> None:
        """Do what is due by now: late writes, and what the search index has to learn."""
        state = self._world.state
        self._world.settle()
        for entry in [entry for entry in state.late if entry[0] <= self._world.now()]:
            state.late.remove(entry)
            try:
                self._answer(entry[1])
            except Refusal:
                continue  # nobody is there any more to be told

    # ------------------------------------------------------------------ inside

    def _answer(self, request: Request) -> Answer:
        if len(request.path) + len(request.raw_query) > LONGEST_URI:
            return Answer(status=414, body=b"<html><body>Request-URI Too Large</body></html>", content_type="text/html")
        asked = ask(request)
        if asked is None or asked.version in self._world.state.ended:
            raise no_endpoint()
        if asked.area == "oauth":
            return self.tokens.answer(asked)
        oauth = self.tokens.check(request)
        search = request.path.rstrip("/").endswith("/search")
        headers = self.limits.take(search=search and asked.area == "objects", oauth=oauth)
        self._world.state.calls[_operation(asked)] += 1
        try:
            self._permitted(asked.area, "read" if _only_asks(asked) else "write")
            answer = encoded(self._rooms[asked.area](asked))
        except Refusal as refusal:
            answer = self._refused(refusal)
        answer.headers = {**headers, "X-HubSpot-Correlation-Id": correlation(), **answer.headers}
        return answer

    def _refused(self, refusal: Refusal) -> Answer:
        if self._world.readings["error_bodies"] == "bare" and refusal.status not in (404, 429) and refusal.body:
            kept = {name: refusal.body[name] for name in ("status", "message", "category") if name in refusal.body}
            return Answer(status=refusal.status, body=msgspec.json.encode(kept), headers=refusal.answer.headers)
        return refusal.answer

    def _objects(self, asked: Ask) -> Answer | Row:
        if not asked.parts:
            raise no_endpoint()
        kind, rest, method = object_type(asked.parts[0]), asked.parts[1:], asked.method
        reads = _only_asks(asked)
        self._permitted(kind, "read" if reads else "write")
        if len(rest) >= 2 and rest[1] == "associations":
            return self._associating.of_record(asked, kind, rest[0], rest[2:])
        if not reads and kind == schema.FEEDBACK:
            raise no_endpoint()  # answers to HubSpot's own surveys are read-only (facts 5.5)
        deed = self._deeds(asked, kind).get((method, "/".join(rest)))
        if deed is not None:
            return deed()
        if len(rest) != 1:
            raise no_endpoint()
        if method == "GET":
            return self._reading.one(asked, kind, rest[0])
        if method == "PATCH":
            given = asked.object().get("properties") or {}
            record = self.writing.update(asked, kind, rest[0], given, asked.first("idProperty"))
            return self.writing.shown(kind, record, *given)
        if method == "DELETE":
            self.writing.archive(kind, rest[0])
            return Answer(status=204)
        raise no_endpoint()

    def _deeds(self, asked: Ask, kind: str) -> dict[tuple[str, str], Callable[[], Answer | Row]]:
        found: dict[tuple[str, str], Callable[[], Answer | Row]] = {
            ("GET", ""): lambda: self._reading.page(asked, kind),
            ("POST", ""): lambda: self.writing.posted(asked, kind),
            ("POST", "search"): lambda: self._search.answer(asked, kind),
            ("POST", "batch/read"): lambda: self._reading.batch(asked, kind),
            ("POST", "batch/create"): lambda: self._batches.create(asked, kind),
            ("POST", "batch/update"): lambda: self._batches.update(asked, kind),
            ("POST", "batch/upsert"): lambda: self._batches.upsert(asked, kind),
            ("POST", "batch/archive"): lambda: self._batches.archive(asked, kind),
            ("POST", "merge"): lambda: self.writing.merge(asked, kind),
        }
        if kind == schema.CONTACTS:
            found["POST", "gdpr-delete"] = lambda: self.writing.erase(asked)
        return found

    def _permitted(self, place: str, what: str) -> None:
        stem = _SCOPED.get(place, "")
        scope = stem if stem == "tickets" else f"{stem}.{what}"
        if stem and scope in self._world.state.missing_scopes:
            raise faults.missing_scopes(scope)


def _only_asks(asked: Ask) -> bool:
    return asked.method == "GET" or asked.parts[-1:] == ["search"] or asked.parts[-2:] == ["batch", "read"]


def _operation(asked: Ask) -> str:
    """Return what a call is counted as: method, area and the fixed words of its path."""
    words = [
        "{id}" if any(letter.isdecimal() for letter in part) and part not in schema.NAMES else part
        for part in asked.parts
    ]
    return f"{asked.method} {'/'.join([asked.area, *words])}"
