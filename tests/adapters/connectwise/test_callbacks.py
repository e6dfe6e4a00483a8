"""Callbacks of the stand-in: registered once, proved by a key from the tenant's own host only, read by id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connector.adapters.connectwise.callbacks import Ear
from connector.adapters.transport import HttpWire
from connector.errors import RejectedError
from connector.ports import Answer, Call, HintSource, Seen

from .psa import PsaWorld

ADDRESS = "http://127.0.0.1:9/callbacks/psa/token"


@pytest.fixture
def psa() -> Iterator[PsaWorld]:
    with PsaWorld(contacts=60) as made:
        yield made


@pytest.fixture
def hints(psa: PsaWorld) -> HintSource:
    found = psa.open().hints
    assert found is not None
    return found


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def callbacks(psa: PsaWorld) -> list[Any]:
    rows = psa._server.world.tables["callbacks"]
    return [rows.row(0, number) for number in rows.ids(0)]


def delivery(psa: PsaWorld, **other: Any) -> tuple[dict[str, str], bytes]:
    """What the vendor would send for contact 1001, signed with the key of the first callback."""
    number = callbacks(psa)[0]["id"]
    root = psa.settings().base_url
    body = {"Action": "updated", "ID": 1001, "Type": "contact", "Entity": None,
            "Metadata": {"key_url": f"{root}/system/callbackkey/index.rails?companyName=acme&id={number}"},
            **other}  # fmt: skip
    return signed(psa, json.dumps(body).encode(), number), json.dumps(body).encode()


def signed(psa: PsaWorld, body: bytes, number: int) -> dict[str, str]:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{psa.settings().base_url}/system/callbackkey/index.rails?companyName=acme&id={number}"
        key = session.get(url, timeout=5).json()["signing_key"]
    made = hmac.new(hashlib.sha256(key.encode()).digest(), body, hashlib.sha256).digest()
    return {"x-content-signature": base64.b64encode(made).decode()}


def test_registering_twice_makes_them_once(psa: PsaWorld, hints: HintSource) -> None:
    assert hints.register(ADDRESS) == ([], ["contact", "company"])
    assert hints.register(ADDRESS) == (["contact", "company"], [])
    assert len(callbacks(psa)) == 2
    assert hints.registered(ADDRESS) == ["contact", "company"]


def test_removing_takes_our_own_and_leaves_the_others(psa: PsaWorld, hints: HintSource) -> None:
    hints.register(ADDRESS)
    hints.register("http://127.0.0.1:9/somebody-else")
    assert hints.remove(ADDRESS) == ["contact", "company"]
    assert hints.remove(ADDRESS) == []
    assert {row["url"] for row in callbacks(psa)} == {"http://127.0.0.1:9/somebody-else?recordId="}


def test_a_signed_delivery_is_heard_and_its_key_asked_for_once(
    psa: PsaWorld, hints: HintSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints.register(ADDRESS)
    asked = watched(monkeypatch)
    ear = Ear(psa.settings())
    headers, body = delivery(psa)
    for _ in range(3):
        heard = ear.hear(headers, body)
        assert heard is not None
        assert (heard.kind, heard.record_id) == ("contact", "1001")
    assert len(asked) == 1


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    asked: list[Call] = []
    send = HttpWire.send

    def kept(wire: HttpWire, call: Call) -> Answer:
        asked.append(call)
        return send(wire, call)

    monkeypatch.setattr(HttpWire, "send", kept)
    return asked


@pytest.mark.parametrize(
    "key_url",
    [
        "http://evil.example.com/system/callbackkey/index.rails?companyName=acme&id=1",
        "http://{host}@evil.example.com/system/callbackkey/index.rails?companyName=acme&id=1",
        "http://evil.example.com#{host}/system/callbackkey/index.rails?companyName=acme&id=1",
        "http://169.254.169.254/latest/meta-data?companyName=acme&id=1",
        "http://{host}/elsewhere/../system/callbackkey/index.rails?companyName=acme&id=1",
        "http://{host}/control/records?companyName=acme&id=1",
        "http://{host}/system/callbackkey/index.rails?companyName=other&id=1",
        "http://{host}/system/callbackkey/index.rails?companyName=acme&id=1%26x",
        "file:///etc/passwd",
        "http://[",
        "",
    ],
)
def test_no_key_is_asked_for_anywhere_else(
    psa: PsaWorld, hints: HintSource, monkeypatch: pytest.MonkeyPatch, key_url: str
) -> None:
    hints.register(ADDRESS)
    host = psa.settings().base_url.removeprefix("http://")
    headers, body = delivery(psa, Metadata={"key_url": key_url.replace("{host}", host)})
    asked = watched(monkeypatch)
    with pytest.raises(RejectedError):
        Ear(psa.settings()).hear(headers, body)
    assert asked == []


def test_a_changed_body_or_no_signature_is_refused(psa: PsaWorld, hints: HintSource) -> None:
    hints.register(ADDRESS)
    ear = Ear(psa.settings())
    headers, body = delivery(psa)
    for forged_headers, forged in (
        (headers, body.replace(b"1001", b"1002")),
        ({}, body),
        (headers, b"[]"),
        (headers, b"\xff"),
    ):
        with pytest.raises(RejectedError):
            ear.hear(forged_headers, forged)


def test_a_flood_of_forgeries_asks_the_tenant_seldom(
    psa: PsaWorld, hints: HintSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints.register(ADDRESS)
    asked, clock = watched(monkeypatch), Clock()
    ear = Ear(psa.settings(), clock=clock)
    root = psa.settings().base_url
    for number in range(1000, 1200):
        url = f"{root}/system/callbackkey/index.rails?companyName=acme&id={number}"
        headers, body = delivery(psa, Metadata={"key_url": url})
        with pytest.raises(RejectedError):
            ear.hear(headers, body)
    assert len(asked) <= 32
    clock.at += 61
    assert ear.hear(*delivery(psa)) is not None


def test_what_is_no_contact_or_company_is_of_no_use(psa: PsaWorld, hints: HintSource) -> None:
    hints.register(ADDRESS)
    ear = Ear(psa.settings())
    assert ear.hear(*delivery(psa, Type="ticket")) is None
    assert ear.hear(*delivery(psa, ID=-4)) is None


def test_hinted_records_are_read_by_id_and_those_deleted_are_missing(psa: PsaWorld, hints: HintSource) -> None:
    here, gone, company = "1001", "1002", sorted(psa.company_ids())[0]
    psa.control("POST", "edit", {"path": f"/company/contacts/{gone}", "delete": True})
    seen = list(hints.these([here, gone, "rubbish"], [company, "888888"]))
    assert [contact.id for each in seen for contact in each.contacts] == [here]
    assert [each for one in seen for each in one.missing_contacts] == [gone]
    assert [each.id for one in seen for each in one.companies] == [company]
    assert [each for one in seen for each in one.missing_companies] == ["888888"]


def test_nothing_hinted_costs_nothing(psa: PsaWorld, hints: HintSource) -> None:
    assert list[Seen](hints.these([], [])) == []
    assert psa.wires[-1].exchanges == []


@pytest.mark.parametrize("deep", [b'{"x":' + b"[" * 100_000, b'{"Entity":' + b'{"a":' * 40_000])
def test_a_body_nested_without_end_is_refused_like_any_other(psa: PsaWorld, deep: bytes) -> None:
    with pytest.raises(RejectedError, match="not a delivery"):
        Ear(psa.settings()).hear({}, deep)
