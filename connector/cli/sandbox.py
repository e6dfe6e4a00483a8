"""`connector sandbox connectwise|hubspot|salesforce`: beside `connector demo` only this knows the sandboxes."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from connector.cli import common

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def sandbox() -> None:
    """A stand-in CRM over real HTTP on this machine, with made-up people in it; nothing leaves the house."""


Contacts = Annotated[int, typer.Option(min=0, help="How many contacts live in it.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same people.")]
Latency = Annotated[float, typer.Option(min=0, help="Milliseconds that each call takes at least.")]
Readings = Annotated[
    str, typer.Option(help="How open questions about the real server are answered: lenient or strict.")
]
Companies = Annotated[int | None, typer.Option(min=1, help="How many companies.", show_default="by contacts")]
Members = Annotated[
    int | None, typer.Option(min=0, help="Members of the largest marketing group.", show_default="by contacts")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")]


def _serving(kind: str, usual_port: int, words: str) -> None:
    """Add the command of one kind; `words` say what it serves, and where its pages are."""

    def serve(
        port: Port = usual_port,
        contacts: Contacts = 200,
        seed: Seed = 7,
        latency_ms: Latency = 0,
        readings: Readings = "lenient",
        companies: Companies = None,
        group_members: Members = None,
    ) -> None:
        run_forever = import_module(f"connector.sandbox.{kind}").run_forever
        try:
            run_forever(
                port, contacts, seed=seed, latency=latency_ms / 1000, readings=readings, companies=companies,
                group_members=group_members,
            )  # fmt: skip
        except ValueError as error:
            common.wrong(str(error))  # what it does not understand of its options is for the user to correct (exit 2)

    serve.__doc__ = f"{words}\n\nExample: connector sandbox {kind} --port {usual_port} --contacts 200 --seed 7"
    serve.__dict__["has_shared_options"] = True  # it reads no configuration and keeps no log
    app.command(kind)(serve)


_serving(
    "connectwise",
    8420,
    "Serve a stand-in ConnectWise PSA until Ctrl-C; its pages for people are at the address it prints.",
)
_serving(
    "hubspot",
    8421,
    "Serve a stand-in HubSpot until Ctrl-C; its pages for people are at the address it prints.",
)
_serving(
    "salesforce",
    8440,
    "Serve a stand-in Salesforce until Ctrl-C; a page for people is at the address it prints.",
)
