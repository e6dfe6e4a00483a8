"""`connector explain`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common
from connector.cli.output import facts, say
from connector.jobs import explain as explaining

WIDTH = 16


def explain(
    term: Annotated[
        str,
        typer.Argument(
            metavar="EMAIL|CONTACT-ID|COMPANY|ticket:N",
            help="An address, a contact's id, a company's id, identifier or name, or the number of one of our tickets.",
        ),
    ],
    campaign: Annotated[str, typer.Option(help="Only askings and answers of this campaign.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the CRM about somebody never pulled.")] = False,
) -> None:
    """Print the chain from the store: pulled, stored, screened, decided, answered, written back, with all reasons.

    For somebody never pulled the CRM is asked, and the condition of each audience that fails is named.

    Example: connector explain ann@example.com
    Example: connector explain ticket:70002
    Example: connector explain "Northwind Example Ltd" --offline

    Exit 1: nobody, and nothing, is known by that name
    """
    with common.opened(effects=False) as runtime:
        found = explaining.explain(runtime, term, campaign=campaign, offline=offline)
        for number, explanation in enumerate(found):
            if number:
                say("")
            say(explanation.subject)
            for section in explanation.sections:
                first, *rest = section.lines
                say(f"  {section.title:<{WIDTH}}{first}")
                if rest:
                    say(*(f"  {'':<{WIDTH}}{line}" for line in rest))
        facts({"found": [explanation.facts() for explanation in found]})
        common.leave(0 if any(explanation.found for explanation in found) else 1)
