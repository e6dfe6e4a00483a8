"""One small page for people: the tickets with their text. All of it may be hostile, so all of it is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from connector.sandbox.http import Answer, Request

from . import schema, truth

if TYPE_CHECKING:
    from .api import Api
    from .world import World

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:60rem}"
    "article{border-left:4px solid #8884;padding:.1rem 1rem;margin:1rem 0}pre{white-space:pre-wrap;font:inherit}"
)
_SHOWN = {
    schema.TICKETS: ("subject", "content"),
    schema.NOTES: ("hs_timestamp", "hs_note_body"),
    schema.TASKS: ("hs_task_subject", "hs_task_body"),
}


class Pages:
    """Renders the page of one world. Call under the world's lock."""

    def __init__(self, world: World, api: Api) -> None:
        self._world, self._api = world, api

    def answer(self, request: Request) -> Answer:
        """Return the page at /, 404 for any other path."""
        found = request.method == "GET" and request.path == "/"
        body = self._overview() if found else "<h1>Nothing is here</h1>"
        text = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox CRM</title><style>{_STYLE}</style>{body}"
        )
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
        return Answer(
            status=200 if found else 404, body=text.encode(), content_type="text/html; charset=utf-8", headers=headers
        )

    def _overview(self) -> str:
        stores = self._world.stores
        parts = [
            "<h1>Sandbox CRM</h1><p>Stand-in server with invented people: "
            f"{len(stores[schema.CONTACTS].ids())} contacts, {len(stores[schema.COMPANIES].ids())} companies.</p>"
        ]
        written = truth.records(self._world, self._api)
        for kind, (title, text) in _SHOWN.items():
            parts.append(f"<h2>{kind.title()}</h2>")
            for row in reversed(written[kind]):
                values = {name: html.escape(str(row["properties"].get(name) or "")) for name in (title, text)}
                linked = html.escape(", ".join(f"{to} {' '.join(ids)}" for to, ids in row["associations"].items()))
                parts.append(
                    f"<article><h3>{values[title]}</h3><p>{row['id']} · {linked}</p><pre>{values[text]}</pre></article>"
                )
        return "".join(parts)
