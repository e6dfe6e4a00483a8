"""Callbacks of ConnectWise PSA: registered, found again, removed; and what a delivery says, once it is proved.

POST /system/callbacks; deliveries carry Base64(HMAC-SHA256(SHA256(signing key), body)) in x-content-signature. The key
is asked for at the tenant's own hosts only, whatever address a delivery names: only two numbers are taken from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connector.adapters.connectwise.client import Psa, open_wire
from connector.adapters.connectwise.conditions import id_in, number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.records import company_of, contact_of
from connector.adapters.connectwise.settings import ConnectWiseSettings
from connector.adapters.connectwise.wire_types import (
    COMPANY_FIELDS,
    CONTACT_FIELDS,
    WireCompany,
    WireContact,
    WireStatus,
)
from connector.adapters.transport import HttpWire
from connector.errors import ConnectorError, RejectedError
from connector.ports import Call, Heard, Seen

PATH, STATUSES = "/system/callbacks", "/company/companies/statuses"
SIGNATURE = "x-content-signature"
_KEY_PATH = re.compile(r"(/[A-Za-z0-9_]{1,40})?/system/callbackkey/index\.rails")
_KINDS = {"contact": "contact", "company": "company"}
_KEPT = 3600.0  # seconds a signing key is believed
_REFUSED = 60.0  # seconds before a key that could not be had is asked for again
_MOST_KEYS = 32


class WireCallback(msgspec.Struct, rename="camel"):
    id: int
    url: str | None = None
    type: str | None = None
    inactive_flag: bool | None = None


class _Metadata(msgspec.Struct):
    key_url: str = ""


class _Delivery(msgspec.Struct):
    """What is read of a delivery; its Entity is a summary and not believed anyway."""

    id: int = msgspec.field(default=0, name="ID")
    type: str = msgspec.field(default="", name="Type")
    metadata: _Metadata = msgspec.field(default_factory=_Metadata, name="Metadata")


class ConnectWiseHints:
    """The HintSource of one opened tenant."""

    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def register(self, address: str) -> tuple[list[str], list[str]]:
        """See `HintSource.register`. The vendor puts the record's id behind the address, so it ends with `=`."""
        url = _target(address)
        there = {row.type: row for row in self._own(url) if not row.inactive_flag}
        found, made = [], []
        for kind in _KINDS:
            if kind in there:
                found.append(kind)
                continue
            body = {"description": f"nps-connector: {kind} changes", "url": url, "objectId": 1, "type": kind,
                    "level": "owner"}  # fmt: skip
            try:
                self._psa.write("POST", PATH, body, WireCallback)
                made.append(kind)
            except RejectedError as error:
                if "ObjectExists" not in str(error) and error.code != "ObjectExists":
                    raise
                found.append(kind)
        return found, made

    def remove(self, address: str) -> list[str]:
        removed = []
        for row in self._own(_target(address)):
            self._psa.remove(f"{PATH}/{row.id}")
            removed.append(str(row.type))
        return removed

    def registered(self, address: str) -> list[str]:
        return [str(row.type) for row in self._own(_target(address)) if not row.inactive_flag]

    def these(self, contact_ids: list[str], company_ids: list[str]) -> Iterator[Seen]:
        """In lists by id; who a list does not bring is asked for alone before he is called missing."""
        connection, settings = self._psa.connection, self._psa.settings
        known: dict[str, bool] = {}
        for condition in id_in("id", filter(_is_id, company_ids)):
            rows = list(self._psa.rows("/company/companies", WireCompany, _query(COMPANY_FIELDS, condition)))
            missing = self._missing("/company/companies", condition, {row.id for row in rows})
            if not known:
                known = {str(row.id): bool(row.inactive_flag) for row in self._psa.rows(STATUSES, WireStatus, {})}
            made = [company_of(connection, row, inactive_statuses=known, own=settings.own_identifier) for row in rows]
            yield Seen(companies=made, missing_companies=missing)
        for condition in id_in("id", filter(_is_id, contact_ids)):
            found = list(self._psa.rows("/company/contacts", WireContact, _query(CONTACT_FIELDS, condition)))
            missing = self._missing("/company/contacts", condition, {row.id for row in found})
            yield Seen(contacts=[contact_of(connection, row) for row in found], missing_contacts=missing)

    def _missing(self, path: str, condition: str, shown: set[int]) -> list[str]:
        asked = [int(each) for each in re.findall(r"\d+", condition)]
        return [str(each) for each in asked if each not in shown and self._is_gone(f"{path}/{each}")]

    def _is_gone(self, path: str) -> bool:
        try:
            self._psa.one(path, WireCallback, fields="id")
        except RejectedError as error:
            if is_missing(error):
                return True
            raise
        return False

    def _own(self, url: str) -> list[WireCallback]:
        return [row for row in self._psa.rows(PATH, WireCallback, {}) if row.url == url]


class Ear:
    """Proves deliveries for one configured tenant; keeps its signing keys for a while. Safe from several threads."""

    def __init__(self, settings: ConnectWiseSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._keys: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | None:
        """What is hinted at, None where nothing is of use; raises RejectedError where it is not proved."""
        try:
            told = msgspec.json.decode(body, type=_Delivery, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # nested to fell the reader, too
            raise RejectedError("callback: the body is not a delivery") from error
        key = self._key(told.metadata.key_url)
        made = base64.b64encode(hmac.new(hashlib.sha256(key).digest(), body, hashlib.sha256).digest())
        if not hmac.compare_digest(made, headers.get(SIGNATURE, "").encode("utf-8", "replace")):
            raise RejectedError("callback: the signature does not fit")
        kind = _KINDS.get(told.type.lower())
        return Heard(kind=kind, record_id=str(told.id)) if kind and _is_id(str(told.id)) else None

    def _key(self, key_url: str) -> bytes:
        root, path, query = self._pinned(key_url)
        name = f"{root}{path}?{query}"
        with self._lock:  # one question at a time: a flood of forgeries cannot become a flood of ours
            key, until = self._keys.get(name, (b"", 0.0))
            if until > self._clock():
                if not key:
                    raise RejectedError("callback: its signing key could not be had just now")
                return key
            if len(self._keys) >= _MOST_KEYS:
                self._keys = {n: kept for n, kept in self._keys.items() if kept[1] > self._clock()}
                if len(self._keys) >= _MOST_KEYS:
                    raise RejectedError("callback: too many different signing keys were asked for")
            self._keys[name] = (b"", self._clock() + _REFUSED)
            key = self._ask(root, path, query)
            self._keys[name] = (key, self._clock() + _KEPT)
            return key

    def _pinned(self, key_url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """Host, path and query of the key at our own tenant; raises RejectedError for any other address."""
        try:
            parts = urlsplit(key_url)
        except ValueError:
            parts = urlsplit("")
        asked = {name.lower(): value for name, value in parse_qsl(parts.query)}
        company, number_ = asked.get("companyname", ""), asked.get("id", "")
        hosts = self._settings.own_hosts
        if parts.netloc.lower() not in hosts or _KEY_PATH.fullmatch(parts.path.replace("//", "/")) is None:
            raise RejectedError("callback: its signing key is not at the host of this connection")
        if company.lower() != self._settings.company.lower() or not _is_id(number_):
            raise RejectedError("callback: its signing key is of another company")
        root = self._settings.root_of(parts.netloc.lower())
        return root, parts.path.replace("//", "/"), (("companyName", company), ("id", number_))

    def _ask(self, root: str, path: str, query: tuple[tuple[str, str], ...]) -> bytes:
        wire = HttpWire(
            root, headers={"Accept": "application/json"}, guard=_no_write, timeout=(2.0, 2.0),
            body_cap=64 * 1024,
        )  # fmt: skip
        try:
            answer = wire.send(Call(method="GET", path=path, query=query))
            if answer.status in (401, 403):  # one report has it without, another with the login
                with_login = open_wire(self._settings, _no_write, root=root)
                try:
                    answer = with_login.send(Call(method="GET", path=path, query=query))
                finally:
                    with_login.close()
            key = msgspec.json.decode(answer.body, type=dict[str, str]).get("signing_key", "")
        except (ConnectorError, msgspec.DecodeError) as error:
            raise RejectedError("callback: its signing key could not be had") from error
        finally:
            wire.close()
        if answer.status != 200 or not key:
            raise RejectedError("callback: its signing key could not be had")
        return key.encode()


def _target(address: str) -> str:
    return f"{address}?recordId="


def _query(fields: str, condition: str) -> dict[str, str]:
    return {"fields": fields, "conditions": condition}


def _is_id(record_id: str) -> bool:
    try:
        number(record_id)
    except RejectedError:
        return False
    return True


def _no_write() -> None:
    raise RejectedError("a signing key is only read; this is a bug")
