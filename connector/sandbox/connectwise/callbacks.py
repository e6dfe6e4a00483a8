"""Tell the registered callbacks what has changed, as the vendor does (facts 7): signed, and to loopback only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from connector.sandbox.http import Answer, Request

from .delivering import Job, Postman, loopback
from .refusals import invalid, no_endpoint
from .state import Row
from .tenant import API_MEMBER

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

KEY_PATH = "/system/callbackkey/index.rails"
_TYPES = {"contacts": "contact", "companies": "company", "tickets": "ticket"}
_LEFT_OUT = frozenset({"communicationItems", "types"})


def entry(_world: World, _parent: int, row: Row, _old: Row | None) -> Row:
    """Refuse a callback that would make the stand-in call out."""
    if loopback(str(row.get("url", ""))) is None:
        why = "The sandbox delivers callbacks to http(s) at 127.0.0.0/8, localhost or ::1 only: it must never call out."
        raise invalid("callbackEntry", ("InvalidField", why, "url"))
    return row


class Callbacks:
    """Turns what one world has noted into deliveries. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer, company: str, url: str) -> None:
        self._world, self._renderer, self._company, self._url = world, renderer, company, url
        self._postman = Postman(world)
        self.close = self._postman.close

    def key(self, request: Request) -> Answer:
        """Answer with the signing key of a registered callback."""
        number, company = request.query.get("id", ""), request.query.get("companyname", "")
        known = number.isdecimal() and self._world.tables["callbacks"].row(0, int(number)) is not None
        if request.method != "GET" or not known or company.lower() != self._company.lower():
            return no_endpoint().answer
        return Answer(status=200, body=msgspec.json.encode({"signing_key": self._signing_key(int(number))}))

    @contextmanager
    def told_of(self, request: Request, *, by_api: bool) -> Iterator[None]:
        """Tell what is written: what came due before the request by itself, then what the request wrote."""
        self._flush(None, by_api=True)
        try:
            yield
        finally:
            self._flush(request, by_api=by_api)

    def _flush(self, request: Request | None, *, by_api: bool) -> None:
        """Queue what has been written since the last call, once for each record."""
        state = self._world.state
        if not state.written:
            return
        written, state.written = state.written, {}
        table = self._world.tables["callbacks"]
        hooks = [row for number in table.ids(0) if (row := table.row(0, number)) and not row.get("inactiveFlag")]
        for (name, number), old in written.items() if hooks else ():
            new = self._world.tables[name].row(0, number)
            row = new or old
            if row is None or (name == "tickets" and _skipped(old, new, request)):
                continue
            action = "added" if old is None else "deleted" if new is None else "updated"
            by = API_MEMBER if by_api else str((new or {}).get("_info", {}).get("updatedBy", "alice"))
            for hook in hooks:
                if _matches(hook, name, row) and not (hook.get("isSelfSuppressedFlag") and by_api):
                    self._queue(hook, name, action, number, new, by)

    def _signing_key(self, number: int) -> str:
        return hashlib.sha256(f"callback {self._world.seed} {number}".encode()).hexdigest()

    def _queue(self, hook: Row, name: str, action: str, number: int, new: Row | None, by: str) -> None:
        entity = None
        if new is not None:
            record = self._renderer.record(name, new)
            entity = msgspec.json.encode({k: v for k, v in record.items() if k not in _LEFT_OUT}).decode()
        told = {
            "Action": action,
            "CallbackObjectRecId": hook["id"],
            "CompanyId": self._company,
            "Entity": entity,
            "FromUrl": urlsplit(self._url).netloc,
            "ID": number,
            "MemberId": by,
            "MessageId": str(uuid.uuid4()),
            "Metadata": {"key_url": f"{self._url}{KEY_PATH}?companyName={self._company}&id={hook['id']}"},
            "PartnerId": "",
            "ProductInstanceId": "",
            "Type": _TYPES[name],
        }
        body = msgspec.json.encode(told)
        key = hashlib.sha256(self._signing_key(hook["id"]).encode()).digest()
        signature = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
        shown: Row = {"url": f"{hook.get('url', '')}{number}&action={action}", "status": "pending", "tries": 0}
        self._world.state.deliveries.append(shown)
        self._postman.take(Job(state=self._world.state, shown=shown, body=body, signature=signature))


def _matches(hook: Row, name: str, row: Row) -> bool:
    level, wanted = str(hook.get("level")).lower(), hook.get("objectId")
    if str(hook.get("type")).lower() != _TYPES[name]:
        return False
    if level == "owner":
        return wanted == 1
    if level == "type" and name != "tickets":
        return wanted in row.get("types", ())
    own = level == "company" and name == "companies"
    return bool(wanted == row.get("id" if own else level))


def _skipped(old: Row | None, new: Row | None, request: Request | None) -> bool:
    """Return whether the write itself asked for no callback; an older row's wish does not count."""
    if old is None and new is not None and new.get("skipCallback"):
        return True
    try:
        body: Any = msgspec.json.decode(request.body) if request and request.body else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    if isinstance(body, dict):
        return body.get("skipCallback") is True
    steps = [step for step in body if isinstance(step, dict)] if isinstance(body, list) else []
    return any(str(s.get("path", "")).strip("/") == "skipCallback" and s.get("value") is True for s in steps)
