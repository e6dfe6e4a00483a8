"""Run the stand-in as a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import msgspec

from connector.sandbox.process import options, stay
from connector.sandbox.server import OfWorld

from .server import Server, serve


def run_forever(port: int = 8420, contacts: int = 200, *, latency: float = 0.0, **of_world: Unpack[OfWorld]) -> None:
    """Serve until interrupted or terminated, after printing the address and the keys to use."""
    opened = serve(port=port, contacts=contacts, latency=latency, **of_world)
    stay(opened, lambda server: _for_people(server, contacts))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted or terminated; the first line printed is one JSON object with url and keys."""
    opened = serve(**options(arguments, kind="connectwise", example="summary_over_100=truncate"))
    stay(opened, lambda server: ready_line(server) + "\n", freeze=True)


def ready_line(server: Server) -> str:
    """Return the JSON line that says where the server is and how to sign in."""
    login = server.login
    return msgspec.json.encode(
        {
            "url": server.url,
            "company": login.company,
            "public_key": login.public_key,
            "private_key": login.private_key,
            "client_id": login.client_id,
        }
    ).decode()


def _for_people(server: Server, contacts: int) -> str:
    """What to write into nps.yaml."""
    login = server.login
    return (
        f"sandbox ConnectWise PSA with {contacts} contacts: {server.url}\n"
        "For nps.yaml:\n"
        "connections:\n"
        "  psa:\n"
        "    adapter: connectwise\n"
        f"    base_url: {server.url}\n"
        f"    company: {login.company}\n"
        f"    public_key: {login.public_key}\n"
        f"    private_key: {login.private_key}\n"
        f"    client_id: {login.client_id}\n"
        "Or, in another terminal, let the connector write it; it asks for the keys:\n"
        f"connector init --from connectwise --base-url {server.url} --company {login.company}\n"
        "Stop it with Ctrl-C.\n"
    )
