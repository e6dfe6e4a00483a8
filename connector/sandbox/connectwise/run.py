"""Run the stand-in as a process of its own."""

from __future__ import annotations

import argparse
import gc
import sys
import threading
from collections.abc import Mapping, Sequence

import msgspec

from .server import Server, serve


def run_forever(
    port: int = 8420,
    contacts: int = 200,
    seed: int = 7,
    *,
    companies: int | None = None,
    group_members: int | None = None,
    readings: str | Mapping[str, str] = "lenient",
    latency: float = 0.0,
) -> None:
    """Serve until interrupted, after printing the address and the keys to use."""
    with serve(
        port=port,
        contacts=contacts,
        seed=seed,
        companies=companies,
        group_members=group_members,
        readings=readings,
        latency=latency,
    ) as server:
        login = server.login
        sys.stdout.write(
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
        sys.stdout.flush()
        _wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted; the first line printed is one JSON object with url and keys."""
    parser = argparse.ArgumentParser(prog="python -m connector.sandbox.connectwise")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument(
        "--readings", default="lenient", help='lenient, strict, or single ones: "strict,summary_over_100=truncate"'
    )
    parser.add_argument("--companies", type=int)
    parser.add_argument("--group-members", type=int)
    given = parser.parse_args(arguments)
    with serve(
        port=given.port,
        contacts=given.contacts,
        seed=given.seed,
        companies=given.companies,
        group_members=given.group_members,
        readings=_readings(given.readings),
        latency=given.latency_ms / 1000,
    ) as server:
        # A page of a thousand contacts makes many short-lived objects and no cycles: fewer collections, a third faster.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        sys.stdout.write(ready_line(server) + "\n")
        sys.stdout.flush()
        _wait()


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


def _readings(text: str) -> str | dict[str, str]:
    if "=" not in text:
        return text
    ground, single = "lenient", {}
    for entry in text.split(","):
        name, _, answer = entry.partition("=")
        if answer:
            single[name.strip()] = answer.strip()
        else:
            ground = name.strip()
    return {"*": ground, **single}


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
