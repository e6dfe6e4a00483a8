"""Callbacks: who is told of what, how it is signed and retried, and that nobody outside is ever called."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from connector.sandbox.connectwise import delivering

from .conftest import Client

TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "contact": {"id": 1001}}


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted and answers with the planned statuses, then 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook?recordId="

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(delivering, "RETRY_WAITS", (0.01, 0.02))
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def hook(psa: Client, url: str, kind: str = "contact", **more: Any) -> Any:
    return psa.post("/system/callbacks", {"url": url, "objectId": 1, "type": kind, "level": "owner", **more})


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 2
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def settled(psa: Client) -> Any:
    until(lambda: all(d["status"] != "pending" for d in psa.control("callbacks")))
    return psa.control("callbacks")


def test_a_contact_added_updated_and_deleted_is_told_signed(psa: Client, receiver: Receiver) -> None:
    number = hook(psa, receiver.url).json()["id"]
    made = psa.post("/company/contacts", {"firstName": "Zoë", "company": {"id": 5001}}).json()["id"]
    psa.patch("/company/contacts/" + str(made), title="Boss")
    assert psa.call("DELETE", f"/company/contacts/{made}").status_code == 204
    shown = settled(psa)
    assert [(d["status"], d["tries"]) for d in shown] == [(204, 1)] * 3
    actions = ["added", "updated", "deleted"]
    assert [path for path, _, _ in receiver.got] == [f"/hook?recordId={made}&action={a}" for a in actions]
    told = receiver.bodies()
    assert [body["Action"] for body in told] == actions
    assert len({body["MessageId"] for body in told}) == 3
    entity = json.loads(told[1]["Entity"])
    assert (entity["id"], entity["title"], entity["company"]["id"]) == (made, "Boss", 5001)
    assert not {"communicationItems", "types"} & entity.keys()
    assert told[2]["Entity"] is None
    assert (told[0]["ID"], told[0]["CallbackObjectRecId"], told[0]["Type"]) == (made, number, "contact")
    key_url = told[0]["Metadata"]["key_url"]
    assert key_url == f"{psa.server.url}/system/callbackkey/index.rails?companyName=acme&id={number}"
    secret = requests.get(key_url, timeout=5).json()["signing_key"]
    for _, headers, body in receiver.got:
        signed = hmac.new(hashlib.sha256(secret.encode()).digest(), body, hashlib.sha256).digest()
        assert headers["x-content-signature"] == base64.b64encode(signed).decode()
    assert requests.get(key_url + "9", timeout=5).status_code == 404


def test_edits_by_lever_and_page_are_told_to_the_matching_type_only(psa: Client, receiver: Receiver) -> None:
    hook(psa, receiver.url, "company")
    hook(psa, receiver.url, "ticket")
    ticket = psa.post("/service/tickets", TICKET).json()["id"]
    psa.control("edit", {"path": "/company/companies/5001", "set": {"name": "New"}})
    psa.control("edit", {"path": "/company/contacts/1001", "set": {"title": "x"}})
    requests.post(f"{psa.server.url}/tickets/{ticket}/delete", data={"by": "bob"}, timeout=5)
    settled(psa)
    told = [(b["Type"], b["Action"], b["ID"]) for b in receiver.bodies()]
    assert told == [("ticket", "added", ticket), ("company", "updated", 5001), ("ticket", "deleted", ticket)]


def test_levels_flags_and_skip_callback_are_honoured(psa: Client, receiver: Receiver) -> None:
    hook(psa, receiver.url + "a", "ticket", level="company", objectId=5001)
    hook(psa, receiver.url + "b", "ticket", level="company", objectId=5002)
    hook(psa, receiver.url + "c", "ticket", inactiveFlag=True)
    hook(psa, receiver.url + "d", "ticket", isSelfSuppressedFlag=True)
    psa.post("/service/tickets", TICKET | {"skipCallback": True})
    ticket = psa.post("/service/tickets", TICKET).json()["id"]
    psa.control("edit", {"path": f"/service/tickets/{ticket}", "set": {"summary": "by alice"}})
    settled(psa)
    assert [path for path, _, _ in receiver.got] == [
        f"/hook?recordId=a{ticket}&action=added",
        f"/hook?recordId=a{ticket}&action=updated",
        f"/hook?recordId=d{ticket}&action=updated",
    ]


@pytest.mark.parametrize(
    ("statuses", "last", "tries"),
    [([404, 429], 204, 3), ([409, 419, 404, 404], 404, 3), ([500], 500, 1), ([302], 302, 1), ([202], 202, 1)],
)
def test_only_some_statuses_are_retried_twice(
    psa: Client, receiver: Receiver, statuses: list[int], last: int, tries: int
) -> None:
    hook(psa, receiver.url)
    receiver.statuses = statuses
    psa.patch("/company/contacts/1001", title="Boss")
    url = f"{receiver.url}1001&action=updated"
    assert settled(psa) == [{"url": url, "status": last, "tries": tries}]
    assert len({body for _, _, body in receiver.got}) == 1
    assert len(receiver.got) == tries


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example.com/h?recordId=",
        "http://10.0.0.1/",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "http://0.0.0.0/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:x/",
        "nothing",
    ],
)
def test_other_addresses_are_refused_with_the_reason(psa: Client, url: str) -> None:
    answer = hook(psa, url)
    assert answer.status_code == 400
    assert "never call out" in answer.json()["errors"][0]["message"]
    near = hook(psa, "http://[::1]:9/h?recordId=").json()["id"]
    assert psa.patch(f"/system/callbacks/{near}", url=url).status_code == 400


def test_an_address_planted_by_a_lever_is_not_called_either(psa: Client) -> None:
    far = {"url": "http://192.0.2.1/?recordId=", "objectId": 1, "type": "contact", "level": "owner"}
    psa.control("edit", {"path": "/system/callbacks", "set": far})
    psa.patch("/company/contacts/1001", title="Boss")
    assert settled(psa)[0]["status"] == "refused: not a loopback address"


def test_a_reset_or_restore_drops_what_is_pending(
    psa: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "RETRY_WAITS", (0.15, 0.15))
    hook(psa, receiver.url)
    snapshot = psa.control("snapshot", {})
    for lever, body in (("restore", snapshot), ("reset", {})):
        receiver.statuses, before = [404], len(receiver.got)
        psa.patch("/company/contacts/1001", title="Boss")
        until(lambda before=before: len(receiver.got) > before)  # type: ignore[misc]
        psa.control(lever, body)
        assert psa.control("callbacks") == []
        time.sleep(0.2)
        assert len(receiver.got) == before + 1


def test_no_thread_starts_without_a_callback(started: Callable[..., Client]) -> None:
    def workers() -> int:
        return sum(thread.name == "sandbox-callbacks" for thread in threading.enumerate())

    before, psa = workers(), started()
    psa.patch("/company/contacts/1001", title="Boss")
    assert psa.server.world.state.written == {}
    assert psa.control("callbacks") == []
    assert workers() == before
