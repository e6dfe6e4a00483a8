"""`connector health`: ask a running service how it is; made for HEALTHCHECK and probes."""

from __future__ import annotations

import http.client
import json
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import facts, say

PATIENCE = 5.0


def health(
    at: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Where its private listener is; default: listen.private of the configuration.",
            show_default=False,
        ),
    ] = None,
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it does its work, not only whether it is alive.")
    ] = False,
) -> None:
    """Ask the service that runs here whether it is well; 0: yes, 1: no or no answer.

    With --at no configuration is read, so that a mistake in a changed file makes no healthy service look ill.

    Example: connector health --ready
    """
    address = at or _address()
    well, found = _ask(address, "/readyz" if ready else "/healthz")
    if well:
        say("ready" if ready else "alive")
    else:
        for reason in found.get("reasons") or [found.get("why") or "not well"]:
            say(reason)
    facts({"well": well, **found})
    common.leave(0 if well else 1)


def _address() -> str:
    listen = common.configuration().listen.private
    if not listen:
        common.wrong("listen.private is empty, so the service cannot be asked; give it an address, or --at ADDRESS")
    return listen


def _ask(address: str, path: str) -> tuple[bool, dict[str, Any]]:
    from connector.config.service import host_and_port

    try:
        host, port = host_and_port(address)
    except ValueError:
        common.wrong(f"--at: {address[:60]!r} is no address; write for example 127.0.0.1:9464")
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens everywhere, ask here
    connection = http.client.HTTPConnection(here, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        found = json.loads(answer.read(65536))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return False, {"why": f"no answer from http://{address}{path} ({type(error).__name__}); does the service run?"}
    finally:
        connection.close()
    return answer.status == 200, found if isinstance(found, dict) else {}
