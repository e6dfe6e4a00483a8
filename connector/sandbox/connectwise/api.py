"""The vendor's API: sign-in, routing, and what each verb does at each place."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connector.sandbox.http import Answer, Request

from . import faults, paging, technician, writing
from .checking import decoded
from .choosing import Chooser, Wish
from .projection import project, wanted
from .refusals import Refusal, no_endpoint, not_found, refuse, too_many
from .render import Renderer
from .resources import RESOURCES, Place, find
from .state import Fault, Row
from .world import World

_BASE = re.compile(r"^/(v\d+_\d+(?:_release)?)/apis/3\.0(?=/|$)", re.IGNORECASE)
_ROUTER = "v4_6_release"
_COMPANY_INFO = "/login/companyinfo/"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The keys that the stand-in accepts."""

    company: str = "acme"
    public_key: str = "sandbox-public"
    private_key: str = "sandbox-private"
    client_id: str = "00000000-0000-4000-8000-000000000000"

    @property
    def authorization(self) -> str:
        """The header value, `Basic base64(company+public:private)` (facts 1)."""
        words = f"{self.company}+{self.public_key}:{self.private_key}"
        return f"Basic {base64.b64encode(words.encode()).decode()}"


class Api:
    """Answers the requests of clients. Call under the world's lock."""

    def __init__(self, world: World, login: Login) -> None:
        self.world, self.login = world, login
        self.renderer = Renderer(world)
        self._chooser = Chooser(world, self.renderer)

    def handles(self, path: str) -> bool:
        return path.startswith(_COMPANY_INFO) or _BASE.match(path) is not None

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request, with the vendor's headers."""
        state = self.world.state
        match = _BASE.match(request.path)
        path = request.path[match.end() :] if match else request.path
        place = find(path)
        state.calls[f"{request.method} {place.route if place else _counted(path)}"] += 1
        fault = None
        try:
            is_list = request.method == "GET" and place is not None and place.number is None and not place.count
            fault = faults.due(state, request, path, is_list=is_list or path.endswith("/search"))
            answer = faults.before(fault, state, request, self.world.now()) if fault else None
            if answer is None:
                self._limit()
                answer = self._companyinfo(path) if match is None else self._signed(request, match[1], path, fault)
        except Refusal as refusal:
            answer = refusal.answer
        if fault is not None:
            answer = faults.after(fault, answer)
        answer.headers.update({"x-cw-request-id": str(uuid.uuid4()), "x-server-name": "sandbox"})
        answer.headers["api-current-version"] = "2026.1"
        return answer

    def settle(self) -> None:
        """Do the late writes whose time has come."""
        state = self.world.state
        now = self.world.now()
        for due, request in [entry for entry in state.late if entry[0] <= now]:
            state.late.remove((due, request))
            match = _BASE.match(request.path)
            try:
                self._perform(request, request.path[match.end() :] if match else request.path, None)
            except Refusal:
                continue

    def _signed(self, request: Request, codebase: str, path: str, fault: Fault | None) -> Answer:
        if codebase.lower() != _ROUTER and codebase.lower() != self.world.state.codebase:
            raise no_endpoint()
        readings = self.world.readings
        open_door = path == "/system/info" and readings["system_info_unauthenticated"] == "yes"
        lost = fault is not None and fault.kind == "auth_lost"
        if lost or (not open_door and request.headers.get("authorization", "") != self.login.authorization):
            raise self._bad_credentials(path)
        if not open_door and request.headers.get("clientid", "") != self.login.client_id:
            status = int(readings["missing_client_id"])
            raise refuse(status, "Unauthorized" if status == 401 else "Forbidden", "The clientId header is not valid.")
        return self._perform(request, path, fault)

    def _bad_credentials(self, path: str) -> Refusal:
        if self.world.readings["bad_credentials"] == "404":
            return no_endpoint()
        if path == "/system/info":
            return refuse(401, "ConnectWiseApi", "UserNotAuthenticated")
        return refuse(401, "Unauthorized", "The company or the API keys are not valid.")

    def _limit(self) -> None:
        """Refuse the 1001st call of a minute, if the reading says that the vendor does (facts 6)."""
        if self.world.readings["rate_limit"] == "none":
            return
        now, recent = self.world.now(), self.world.state.recent
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= 1000:
            raise too_many(recent[0] + 60 - now + 1)
        recent.append(now)

    def _companyinfo(self, path: str) -> Answer:
        if path.removeprefix(_COMPANY_INFO).lower() != self.login.company.lower():
            return Answer(status=200, body=b"null")
        codebase = self.world.state.codebase
        as_text = self.world.readings["is_cloud_form"] == "text"
        body = {
            "CompanyName": "Acme Managed Services",
            "Codebase": f"{codebase}/",
            "VersionCode": codebase.replace("_", "."),
            "VersionNumber": "v4.6.100000",
            "CompanyID": self.login.company,
            "IsCloud": "True" if as_text else True,
            "SiteUrl": "api-sandbox.example.com",
        }
        return Answer(status=200, body=_encode(body))

    def _perform(self, request: Request, path: str, fault: Fault | None) -> Answer:
        if path == "/system/info" and request.method == "GET":
            return self._info()
        if path == "/company/contacts/default" and request.method == "GET":
            return self._default_contact(request)
        if path == "/service/tickets/search" and request.method == "POST":
            return self._search(request, fault)
        place = find(path)
        if place is None:
            raise no_endpoint()
        resource = place.resource
        self._forbid(place)
        if request.method not in resource.verbs or (request.method in ("PUT", "PATCH", "DELETE") and not place.number):
            raise refuse(405, "MethodNotAllowed", f"{request.method} is not supported here.")
        if resource.parent and self.world.tables[resource.parent].row(0, place.parent) is None:
            raise not_found(RESOURCES[_PARENT_PATHS[resource.parent]].label, place.parent)
        if request.method == "POST" and place.number is None and not place.count:
            return self._written(request, place, writing.create(self.world, place, request.body), 201)
        number = place.number
        if number is None:
            return self._count(request, place) if place.count else self._list(request, place, fault)
        if request.method == "GET":
            row = self.world.tables[resource.table].row(place.parent, number)
            if row is None:
                raise not_found(resource.label, number)
            self._serve(place, [number])
            return self._written(request, place, row, 200)
        if request.method == "DELETE":
            writing.delete(self.world, place, number)
            return Answer(status=204)
        if request.method == "PATCH":
            return self._written(request, place, writing.change(self.world, place, number, request.body), 200)
        if request.method == "PUT":
            return self._written(request, place, writing.substitute(self.world, place, number, request.body), 200)
        raise refuse(405, "MethodNotAllowed", f"{request.method} is not supported here.")

    def _written(self, request: Request, place: Place, row: Row, status: int) -> Answer:
        table = place.resource.table
        tree = wanted(request.query.get("fields", ""), table, self.world.readings)
        record = self.renderer.record(table, row, tree)
        return Answer(status=status, body=_encode(record if tree is None else project(record, tree)))

    def _forbid(self, place: Place) -> None:
        """Refuse, or do as if it were not there, what the API member has no right to."""
        if not self.world.state.forbidden or place.resource.table not in ("tickets", "ticket_notes"):
            return
        if self.world.state.forbidden["how"] == "refused":
            raise refuse(403, "Forbidden", "You do not have the permission to perform this action.")
        number = place.parent if place.resource.table == "ticket_notes" else place.number
        if number is not None and technician.hidden(self.world, self.world.tables["tickets"].row(0, number)):
            raise not_found(RESOURCES["/service/tickets"].label, number)

    def _seen(self, place: Place, numbers: Sequence[int]) -> Sequence[int]:
        if not self.world.state.forbidden or place.resource.table != "tickets":
            return numbers
        table = self.world.tables["tickets"]
        return [number for number in numbers if not technician.hidden(self.world, table.row(0, number))]

    def _wish(self, request: Request, place: Place) -> Wish:
        query = request.query
        return Wish(
            table=place.resource.table,
            parent=place.parent,
            conditions=query.get("conditions", "").strip(),
            child=query.get("childconditions", "").strip(),
            custom=query.get("customfieldconditions", "").strip(),
            order=paging.order_asked(request, self.world.readings),
        )

    def _count(self, request: Request, place: Place) -> Answer:
        found = self._seen(place, self._chooser.ids(self._wish(request, place)))
        return Answer(status=200, body=_encode({"count": len(found)}))

    def _list(self, request: Request, place: Place, fault: Fault | None) -> Answer:
        found = self._seen(place, self._chooser.ids(self._wish(request, place)))
        start, end, headers = paging.page(request, found, self.world.readings)
        numbers = list(found[start:end])
        if fault is not None:
            before_page = found[start - 1] if 0 < start <= len(found) else None
            numbers = faults.spoiled(fault.kind, numbers, before_page)
        return Answer(status=200, body=self._rows(request, place, numbers), headers=headers)

    def _rows(self, request: Request, place: Place, numbers: Sequence[int]) -> bytes:
        """Encode one record after the other, so that a page of a thousand never stands in memory as objects."""
        name = place.resource.table
        table, record = self.world.tables[name], self.renderer.record
        tree = wanted(request.query.get("fields", ""), name, self.world.readings)
        self._serve(place, numbers)
        if tree == {"id": {}} and self.world.readings["null_properties"] == "omitted":
            return _encode([{"id": number} for number in numbers])
        pieces = []
        for number in numbers:
            row = table.row(place.parent, number)
            if row is not None:
                shown = record(name, row, tree)
                pieces.append(_encode(shown if tree is None else project(shown, tree)))
        return b"[" + b",".join(pieces) + b"]"

    def _serve(self, place: Place, numbers: Sequence[int]) -> None:
        if place.resource.table in ("contacts", "companies"):
            self.world.mark_served(place.resource.table, numbers)

    def _search(self, request: Request, fault: Fault | None) -> Answer:
        body = decoded(request.body, "FilterValues")
        given = {str(name).lower(): str(text) for name, text in body.items()} if isinstance(body, dict) else {}
        searched = Request(
            method="GET",
            path=request.path,
            query={**request.query, **given},
            headers=request.headers,
            base_url=request.base_url,
        )
        return self._list(searched, Place(resource=RESOURCES["/service/tickets"]), fault)

    def _default_contact(self, request: Request) -> Answer:
        text = request.query.get("companyid", "")
        company = self.world.tables["companies"].row(0, int(text)) if text.isdecimal() else None
        if company is None or self.world.readings["contacts_default_parameter"] == "refused":
            raise refuse(400, "InvalidQuery", "companyId is not valid.")
        row = self.world.tables["contacts"].row(0, company.get("defaultContact", 0))
        if row is None:
            raise not_found("Default contact of company", text)
        place = Place(resource=RESOURCES["/company/contacts"], number=row["id"])
        self._serve(place, [row["id"]])
        return self._written(request, place, row, 200)

    def _info(self) -> Answer:
        body: dict[str, Any] = {
            "version": f"{self.world.state.codebase}.100000",
            "isCloud": True,
            "serverTimeZone": "Eastern Standard Time",
            "licenseBits": [{"name": "ServiceProvider", "activeFlag": True}],
            "cloudRegion": "NA",
            "maxWorkFlowRecordsAllowed": 1000,
        }
        return Answer(status=200, body=_encode(body))


_PARENT_PATHS = {
    "contacts": "/company/contacts",
    "companies": "/company/companies",
    "groups": "/marketing/groups",
    "tickets": "/service/tickets",
    "boards": "/service/boards",
}


def _counted(path: str) -> str:
    """Return a path with its ids replaced, so that the table of calls stays small."""
    if path.startswith(_COMPANY_INFO):
        return f"{_COMPANY_INFO}{{companyId}}"
    return re.sub(r"/\d+(?=/|$)", "/{id}", path)[:80]
