"""The pages a technician would look at: firms, people, tickets, as plain server-rendered HTML.

Everything shown may be hostile, so all of it is escaped and the pages run no script at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jinja2

from connector.sandbox.http import Answer, Request

from . import ticket_rules
from .state import Row

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

HTML = "text/html; charset=utf-8"
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
PAGE_SIZE = 50
_HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_TICKET = re.compile(r"^/tickets/(\d+)(?:/(close|delete|merge))?$")
_ROUTER = "/services/system_io/router/openrecord.rails"
_ROUTED = {"ServiceFv": "tickets", "ContactFv": "contacts"}


class Pages:
    """Renders the pages of one world. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("connector.sandbox.connectwise"), autoescape=True, undefined=_Blank
        )

    def answer(self, request: Request) -> Answer:
        """Return the page at a path, 404 if there is none."""
        path = request.path.rstrip("/") or "/"
        match = _TICKET.match(path)
        if request.method == "POST":
            return self._act(match, request) if match and match[2] else self._nothing()
        if path == "/style.css":
            source = self._templates.get_template("style.css").render()
            return Answer(status=200, body=source.encode(), content_type="text/css", headers=dict(_HEADERS))
        if path == "/":
            return self._page("overview.html", counts=self._counts())
        if path in ("/companies", "/contacts", "/tickets"):
            return self._listing(path[1:], request)
        if match and not match[2]:
            return self._ticket(int(match[1]))
        if path.endswith(_ROUTER):
            return self._routed(request)
        if path.startswith("/contacts/") and path[10:].isdecimal():
            return self._contact(int(path[10:]))
        return self._nothing()

    def _counts(self) -> dict[str, int]:
        return {name: len(self._world.tables[name].ids(0)) for name in ("companies", "contacts", "tickets")}

    def _listing(self, table: str, request: Request) -> Answer:
        ids = self._world.tables[table].ids(0)
        last = max(1, -(-len(ids) // PAGE_SIZE))
        asked = request.query.get("page", "1")
        page = min(last, max(1, int(asked) if asked.isdecimal() and len(asked) < 9 else 1))
        if table == "tickets":
            ids = ids[::-1]
        shown = [self._record(table, number) for number in ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]]
        return self._page(f"{table}.html", rows=shown, page=page, last=last, total=len(ids))

    def _contact(self, number: int) -> Answer:
        if self._world.tables["contacts"].row(0, number) is None:
            return self._nothing()
        tickets = self._world.tables["tickets"]
        mine = [n for n in tickets.ids(0) if (tickets.row(0, n) or {}).get("contact") == number]
        return self._page(
            "contact.html",
            contact=self._record("contacts", number),
            notes=self._rows("contact_notes", number),
            groups=self._rows("contact_groups", number),
            tickets=[self._record("tickets", n) for n in mine],
        )

    def _ticket(self, number: int) -> Answer:
        if self._world.tables["tickets"].row(0, number) is None:
            return self._nothing()
        members = [self._record("members", n) for n in self._world.tables["members"].ids(0)]
        return self._page(
            "ticket.html",
            ticket=self._record("tickets", number),
            notes=self._rows("ticket_notes", number),
            members=[m for m in members if not m.get("inactiveFlag")],
        )

    def _act(self, match: re.Match[str], request: Request) -> Answer:
        """Close, delete or merge a ticket as one of the members, and show what became of it."""
        number, act = int(match[1]), match[2]
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        by = form.get("by", "bob")
        done, then = False, f"/tickets/{number}"
        if act == "close":
            done = ticket_rules.close(self._world, number, by)
        elif act == "merge":
            into = form.get("into", "")
            done = into.isdecimal() and ticket_rules.merge(self._world, number, int(into), by)
        elif self._world.tables["tickets"].row(0, number) is not None:
            self._world.tables["tickets"].remove(0, number)
            done, then = True, "/tickets"
        return Answer(status=303, headers={**_HEADERS, "Location": then}) if done else self._nothing()

    def _record(self, table: str, number: int) -> Row:
        return self._renderer.record(table, self._world.tables[table].row(0, number) or {"id": number})

    def _rows(self, table: str, parent: int) -> list[Row]:
        rows = self._world.tables[table]
        found = (rows.row(parent, number) for number in rows.ids(parent))
        return [self._renderer.record(table, row) for row in found if row is not None]

    def _routed(self, request: Request) -> Answer:
        """The address by which the vendor's own mails and links open a record (facts 5), led to its page here."""
        table = _ROUTED.get(request.query.get("recordtype", ""))
        number = request.query.get("recid", "")
        if table is None or not number.isdecimal():
            return self._nothing()
        return Answer(status=302, headers={**_HEADERS, "Location": f"/{table}/{number}"})

    def _nothing(self) -> Answer:
        page = self._page("missing.html")
        page.status = 404
        return page

    def _page(self, template: str, **shown: Any) -> Answer:
        text = self._templates.get_template(template).render(**shown)
        return Answer(status=200, body=text.encode(), content_type=HTML, headers=dict(_HEADERS))


class _Blank(jinja2.ChainableUndefined):
    """A member that a record does not have is shown as nothing."""
