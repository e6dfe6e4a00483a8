"""`connector sandbox connectwise`: the only command that knows the sandbox."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def sandbox() -> None:
    """A stand-in CRM over real HTTP on this machine, with made-up people in it; nothing leaves the house."""


@app.command()
def connectwise(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8420,
    contacts: Annotated[int, typer.Option(min=0, help="How many contacts live in it.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 7,
    latency_ms: Annotated[float, typer.Option(min=0, help="Milliseconds that each call takes at least.")] = 0,
    readings: Annotated[
        str, typer.Option(help="How open questions about the real server are answered: lenient or strict.")
    ] = "lenient",
    companies: Annotated[
        int | None, typer.Option(min=1, help="How many companies.", show_default="by contacts")
    ] = None,
    group_members: Annotated[
        int | None, typer.Option(min=0, help="Members of the largest marketing group.", show_default="by contacts")
    ] = None,
) -> None:
    """Serve a stand-in ConnectWise PSA until Ctrl-C; its pages for people are at the address it prints.

    Example: connector sandbox connectwise --port 8420 --contacts 200 --seed 7
    """
    from connector.sandbox.connectwise import run_forever

    try:
        run_forever(
            port, contacts, seed, companies=companies, group_members=group_members, readings=readings,
            latency=latency_ms / 1000,
        )  # fmt: skip
    except ValueError as error:
        common.wrong(str(error))


connectwise.__dict__["has_shared_options"] = True  # it reads no configuration and keeps no log
