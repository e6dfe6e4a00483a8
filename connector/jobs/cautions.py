"""What a live check warns of though it is no mistake: who else would see or be mailed about a follow-up ticket."""

from __future__ import annotations

from collections.abc import Iterable

from connector.config import Config
from connector.errors import ConnectorError
from connector.jobs.live import open_live
from connector.jobs.written_on import written_on


def cautions(config: Config, connections: Iterable[str]) -> list[str]:
    """One sentence each, for every board, status and team of tickets that a rule opens at a customer. Reads only."""
    found: list[str] = []
    for connection in connections:
        port = open_live(config, connection).cautions
        for board, status, team in _places(config, connection) if port is not None else ():
            assert port is not None
            try:
                found += [f"{connection}: {caution}" for caution in port.cautions(board, status, team)]
            except ConnectorError as error:
                found.append(f'{connection}: what board "{board}" shows and mails could not be read: {error}')
    return list(dict.fromkeys(found))


def _places(config: Config, connection: str) -> list[tuple[str, str, str]]:
    """Each board of tickets that are opened there, with the status that they begin in, empty for the board's default,
    and the team, empty for none."""
    places: dict[tuple[str, str, str], None] = {}
    for rule in config.rules:
        for action in rule.then:
            ticket = action.open_ticket
            here = ticket is not None and written_on(config, rule, action, [connection])
            if here and ticket is not None and not ticket.at_own_company:
                places[ticket.said("board"), ticket.said("status"), ticket.said("team")] = None
    return list(places)
