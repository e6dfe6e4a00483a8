"""Each misfortune strikes where and as often as it was planned, and the records say what really happened."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from .conftest import Client

TICKET = {"summary": "NPS follow-up", "company": {"id": 5001}, "processNotifications": False}


def tickets(psa: Client) -> int:
    return len(psa.control("records")["tickets"])


def test_too_many_requests_says_when_to_come_back(psa: Client) -> None:
    psa.fault(kind="429", path="/company/contacts", seconds=7)
    answer = psa.get("/company/contacts")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {
        "error": "ConnectWiseAPI",
        "message": "Too many requests. Please try again in 7 seconds.",
    }
    assert psa.get("/company/contacts").status_code == 200


def test_a_proxys_page_and_a_timeout(psa: Client) -> None:
    psa.fault(kind="503html")
    answer = psa.get("/company/contacts")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    psa.fault(kind="500timeout")
    assert "timeout" in psa.get("/company/contacts").json()["message"]


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_broken_connections(psa: Client, kind: str) -> None:
    psa.fault(kind=kind, path="/company/contacts")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        psa.get("/company/contacts")
    assert psa.get("/company/contacts").status_code == 200


@pytest.mark.parametrize(("kind", "written"), [("reset", 0), ("drop_after_write", 1), ("truncate", 1), ("429", 0)])
def test_whether_a_broken_write_took_effect(psa: Client, kind: str, written: int) -> None:
    psa.fault(kind=kind, method="POST", path="^/service/tickets$", seconds=0)
    try:
        psa.post("/service/tickets", TICKET)
    except requests.RequestException:
        assert kind != "429"
    assert tickets(psa) == written


def test_a_reset_is_a_reset_on_the_wire(psa: Client) -> None:
    psa.fault(kind="reset")
    with socket.create_connection(("127.0.0.1", psa.server.port), timeout=5) as connection:
        connection.sendall(b"GET /v4_6_release/apis/3.0/company/contacts HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_faults_of_lists_and_writes_let_other_requests_pass(psa: Client) -> None:
    psa.control("faults", [{"kind": "empty_list"}, {"kind": "drop_after_write"}])
    assert psa.count("/company/contacts") == 200
    assert psa.rows("/company/contacts/1001")["id"] == 1001
    assert psa.rows("/company/contacts") == []
    with pytest.raises(requests.ConnectionError):
        psa.post("/service/tickets", TICKET)


def test_a_late_write_appears_by_the_sandbox_clock(psa: Client) -> None:
    psa.fault(kind="late_write", method="POST", path="/service/tickets", seconds=600)
    with pytest.raises(requests.ConnectionError):
        psa.post("/service/tickets", TICKET)
    assert tickets(psa) == 0
    psa.control("clock", {"advance": 599})
    assert tickets(psa) == 0
    psa.control("clock", {"advance": 2})
    assert tickets(psa) == 1


def test_a_slow_answer_is_late_but_whole(psa: Client) -> None:
    psa.fault(kind="slow", seconds=0.15)
    answer = psa.get("/company/contacts/count")
    assert answer.json() == {"count": 200}
    assert answer.elapsed.total_seconds() >= 0.15


def test_rows_repeated_missing_or_all_gone(psa: Client) -> None:
    whole = [row["id"] for row in psa.rows("/company/contacts", pageSize=10, page=2)]
    psa.fault(kind="duplicate_row")
    repeated = [row["id"] for row in psa.rows("/company/contacts", pageSize=10, page=2)]
    assert repeated[1:] == whole
    assert repeated[0] < whole[0]
    psa.control("served/reset", {})
    psa.fault(kind="missing_row")
    short = [row["id"] for row in psa.rows("/company/contacts", pageSize=10, page=2)]
    assert len(short) == 9
    assert set(short) < set(whole)
    assert psa.control("served")["contacts"] == short
    psa.fault(kind="empty_list")
    assert psa.rows("/company/contacts") == []


def test_a_codebase_change_moves_the_versioned_path_only(psa: Client) -> None:
    old = f"{psa.server.url}/v2026_1/apis/3.0/company/contacts/count"
    assert psa.session.get(old, timeout=5).status_code == 200
    psa.fault(kind="codebase_change", path="/company/contacts")
    gone = psa.session.get(old, timeout=5)
    assert (gone.status_code, gone.json()["message"]) == (404, "The endpoint does not exist.")
    info = requests.get(f"{psa.server.url}/login/companyinfo/acme", timeout=5).json()
    assert info["Codebase"] == "v2026_2/"
    assert psa.session.get(old.replace("2026_1", "2026_2"), timeout=5).status_code == 200
    assert psa.get("/company/contacts/count").status_code == 200


def test_lost_keys(psa: Client) -> None:
    psa.fault(kind="auth_lost", times=2)
    assert [psa.get("/company/contacts/count").status_code for _ in range(3)] == [401, 401, 200]


def test_skip_times_method_and_path(psa: Client) -> None:
    psa.control(
        "faults",
        [
            {"kind": "500timeout", "method": "GET", "path": "^/company/contacts$", "skip": 1, "times": 2},
            {"kind": "503html", "method": "POST", "times": None},
        ],
    )
    assert [psa.get("/company/contacts").status_code for _ in range(4)] == [200, 500, 500, 200]
    assert [psa.get("/company/companies").status_code for _ in range(2)] == [200, 200]
    assert [psa.post("/service/tickets", TICKET).status_code for _ in range(3)] == [503] * 3
    assert [(f["kind"], f["times"]) for f in psa.control("faults")] == [("500timeout", 0), ("503html", -1)]
    psa.control("faults", method="DELETE")
    assert psa.post("/service/tickets", TICKET).status_code == 201


def test_an_unknown_fault_is_refused(psa: Client) -> None:
    answer = psa.session.post(f"{psa.server.url}/control/faults", json=[{"kind": "flood"}], timeout=5)
    assert answer.status_code == 400
    assert "503html" in answer.json()["message"]


def test_a_broken_call_is_counted_and_logged(psa: Client) -> None:
    psa.fault(kind="drop_after_write", method="POST")
    with pytest.raises(requests.ConnectionError):
        psa.post("/service/tickets", TICKET)
    psa.get("/company/contacts/1001", fields="id")
    assert psa.control("served")["calls_by"] == {"GET /company/contacts/{id}": 1, "POST /service/tickets": 1}
    last: list[Any] = psa.control("log")[-2:]
    assert [(e["method"], e["path"].rpartition("/3.0")[2], e["query"], e["broken"]) for e in last] == [
        ("POST", "/service/tickets", "", "drop"),
        ("GET", "/company/contacts/1001", "fields=id", ""),
    ]
