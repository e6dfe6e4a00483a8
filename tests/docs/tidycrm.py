"""Tidy CRM, the imaginary system of docs/writing-an-adapter.md, over HTTP, with the levers of the contract suite."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector import registry
from connector.domain import Facet
from connector.ports import Context, Ports, Scope, Selection
from tests.vaults import NoVault

TOKEN = "tidy-token"


class TidyWorld:
    """Eleven contacts at three companies, one group with two of them, one board."""

    connection = "crm"
    changes, ports = ("open_ticket", "add_note"), ("source", "sink")
    board, group, score_field, date_field, company_field = "Service", "", "", "", ""
    fields_are_visible = True
    scope = Scope(selections=(Selection(include={Facet.MARKETING_GROUP: frozenset({"7"})}),), groups=frozenset({"7"}))

    def __init__(self, url: str) -> None:
        self.url = url
        self.rows: dict[int, dict[str, Any]] = {}
        self.members = {7: [4, 6]}
        self.tickets: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.version, self.refuse, self.lose = 0, 0, False
        for number in (101, 102, 103):
            self._put({"id": number, "kind": "company", "name": f"Firm {number}", "no_mail": False})
        for number in range(1, 12):
            self._put({"id": number, "kind": "contact", "name": f"Pat Example{number}", "company": 101 + number % 3,
                       "email": f"p{number}@example.com", "no_mail": False})  # fmt: skip

    def _put(self, row: dict[str, Any]) -> None:
        self.version += 1
        self.rows[row["id"]] = {**row, "version": self.version}

    # ------------------------------------------------------------ the levers
    def open(self, token: str = TOKEN) -> Ports:
        spec = registry.spec("tidycrm")
        settings = spec.settings(url=self.url, token=token, page_size=4)
        now = datetime(2026, 11, 20, tzinfo=UTC)
        wire = spec.wire(settings, lambda: None, NoVault())
        return spec.open(settings, Context(connection="crm", wire=wire, now=lambda: now, sleep=lambda _: None))

    def open_with_wrong_credentials(self) -> Ports:
        return self.open("of-yesterday")

    def contact_ids(self) -> set[str]:
        return {str(row["id"]) for row in self.rows.values() if row["kind"] == "contact"}

    def company_ids(self) -> set[str]:
        return {str(row["id"]) for row in self.rows.values() if row["kind"] == "company"}

    def member_ids(self) -> set[str]:
        return {str(number) for number in self.members[7]}

    def someone(self) -> tuple[str, str]:
        return "4", str(self.rows[4]["company"])

    def touch(self, contact_id: str) -> None:
        self._put(self.rows[int(contact_id)])

    def count_with_key(self, key: str) -> int:
        notes = [note for note in self.notes if note["text"].endswith(key)]
        return len(notes) + len([ticket for ticket in self.tickets if ticket["reference"] == key])

    def field(self, record_id: str, caption: str) -> object:
        raise AssertionError(f"Tidy CRM has no custom fields ({record_id}, {caption})")

    def is_member(self, contact_id: str) -> bool:
        return int(contact_id) in self.members[7]

    def summary(self, ticket_id: str) -> str:
        raise AssertionError(f"Tidy CRM changes no ticket ({ticket_id})")

    def close_ticket(self, ticket_id: str) -> None:
        raise AssertionError(f"Tidy CRM changes no ticket ({ticket_id})")

    def move_ticket(self, ticket_id: str) -> None:
        self.tickets[int(ticket_id) - 1]["company"] = 103 if self.rows[4]["company"] != 103 else 102

    def lose_the_next_answer(self, key: str, kind: str) -> None:
        self.lose = True

    def throttle(self) -> None:
        self.refuse = 1

    # ------------------------------------------------------------ the API
    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        match method, path.strip("/").split("/"):
            case "GET", ["changes"]:
                rows = sorted(self.rows.values(), key=lambda row: int(row["version"]))
                return [row for row in rows if row["version"] > int(query["after"])][: int(query["limit"])]
            case "GET", ["search"]:
                wanted = query.get("q", query.get("company", ""))
                kind = "contact" if "q" in query else "company"
                return [row for row in self.rows.values()
                        if row["kind"] == kind and wanted in (str(row["id"]), row.get("email"))]  # fmt: skip
            case "GET", ["groups"]:
                return [{"id": 7, "name": "NPS"}]
            case "GET", ["groups", number, "members"]:
                return [{"contact": contact} for contact in self.members[int(number)]]
            case "GET", ["boards"]:
                return [{"id": 1, "name": "Service"}]
            case "GET", ["members"]:
                return [{"id": 1, "name": "bob"}]
            case "GET", ["tickets"]:
                return [ticket for ticket in self.tickets if ticket["reference"] == query["reference"]]
            case "POST", ["tickets"]:
                self.tickets.append({**body, "id": len(self.tickets) + 1})
                return self.tickets[-1]
            case "GET", [_, _, "notes"]:
                return [note for note in self.notes if note["on"] == path]
            case "POST", [_, _, "notes"]:
                self.notes.append({**body, "on": path, "id": len(self.notes) + 1})
                return self.notes[-1]
        raise AssertionError(f"Tidy CRM has no {method} {path}")


@contextmanager
def tidy_world() -> Iterator[TidyWorld]:
    """A Tidy CRM at an address of its own on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            parts = urlsplit(self.path)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._say(401, {"message": "who are you?"})
            elif body is not None and world.refuse:
                world.refuse -= 1
                self._say(429, {"message": "too fast"})
            else:
                found = world.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body)
                if body is not None and world.lose:
                    world.lose = False
                    self.close_connection = True  # done, and the answer is lost
                else:
                    self._say(200, found)

        def _say(self, status: int, found: Any) -> None:
            text = json.dumps(found).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "30")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        world = TidyWorld(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield world
        finally:
            server.shutdown()
            thread.join()
