"""Run the stand-in as a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import msgspec

from connector.sandbox.process import options, stay
from connector.sandbox.server import OfWorld

from .server import Server, serve


def run_forever(port: int = 8440, contacts: int = 200, *, latency: float = 0.0, **of_world: Unpack[OfWorld]) -> None:
    """Serve until interrupted or terminated, after printing the address and the keys to use."""
    opened = serve(port=port, contacts=contacts, latency=latency, **of_world)
    stay(opened, lambda server: _for_people(server, contacts))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted or terminated; the first line printed is one JSON object with url and keys."""
    opened = serve(**options(arguments, kind="salesforce", example="text_equals=ignores_case"))
    stay(opened, lambda server: ready_line(server) + "\n", freeze=True)


def ready_line(server: Server) -> str:
    """Return the JSON line that says where the server is and how to sign in."""
    login = server.login
    return msgspec.json.encode(
        {
            "url": server.url,
            "consumer_key": login.consumer_key,
            "consumer_secret": login.consumer_secret,
            "username": login.username,
            "private_key": login.private_key,
        }
    ).decode()


def _for_people(server: Server, contacts: int) -> str:
    """What to write into nps.yaml."""
    login = server.login
    return (
        f"sandbox Salesforce with {contacts} contacts: {server.url}\n"
        "For nps.yaml:\n"
        "connections:\n"
        "  crm:\n"
        "    adapter: salesforce\n"
        "    domain: acme.my.salesforce.com\n"
        f"    base_url: {server.url}\n"
        f"    consumer_key: {login.consumer_key}\n"
        f"    consumer_secret: {login.consumer_secret}\n"
        "Or, in another terminal, let the connector write it; it asks for the keys:\n"
        f"connector init --from salesforce --base-url {server.url} --set domain=acme.my.salesforce.com\n"
        "Stop it with Ctrl-C.\n"
    )
