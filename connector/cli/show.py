"""`connector show`"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from connector import registry
from connector.cli import common
from connector.cli.output import facts, say, table
from connector.domain import Facet
from connector.errors import AuthError, ConfigError, RejectedError
from connector.jobs.live import source_of
from connector.ports import AdapterSpec, ContactSource

FACETS = {
    "contact-types": Facet.CONTACT_TYPE,
    "company-types": Facet.COMPANY_TYPE,
    "marketing-groups": Facet.MARKETING_GROUP,
}
OWN_WORDS = {
    "pipelines": "boards", "record-types": "boards", "stages": "statuses", "categories": "types", "origins": "sources",
    "queues": "teams", "owners": "members", "users": "members",
}  # fmt: skip
"""What other CRMs call the lists."""
COUNTED = {Facet.CONTACT_TYPE: "contacts", Facet.COMPANY_TYPE: "companies", Facet.MARKETING_GROUP: "members"}
OF_A_BOARD = " of <board>"
STATIC = "static_lists"


def show(
    connection: Annotated[str, typer.Argument(help="A connection of the configuration.")],
    thing: Annotated[
        str,
        typer.Argument(help="contact-types, company-types, marketing-groups, boards, priorities, members, statuses …"),
    ],
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            "--pipeline",
            help="Of statuses, types, subtypes, items, teams: only those of this board.",
            show_default=False,
        ),
    ] = None,
    counts: Annotated[bool, typer.Option("--counts/--no-counts", help="Count each; one call each.")] = True,
) -> None:
    """List names and ids as they are in the CRM now, with counts where there are any. Names go into the configuration.

    Example: connector show psa contact-types
    Example: connector show psa statuses --board "Customer Success"
    Example: connector show psa members --no-counts
    """
    config = common.configuration()
    common.known("connection", connection, list(config.connections))
    spec = registry.spec(config.connections[connection].kind)
    things = _things(spec)
    thing = OWN_WORDS.get(thing, thing) if thing not in things else thing
    common.known(f"list on {connection}", thing, things)
    source = source_of(config, connection)
    assert source is not None, "a connection that lists something is a source"
    if thing in FACETS:
        header, rows = _segments(source, FACETS[thing], counts)
        if FACETS[thing] is Facet.MARKETING_GROUP and STATIC in spec.catalogues:
            header, rows = _by_kind(source, header, rows)
    elif thing == "lists" and STATIC in spec.catalogues:
        header, rows = _by_kind(source, ("id", "name"), _each_once(source.catalogue(thing)))
    elif f"{thing}{OF_A_BOARD}" in spec.catalogues:
        header, rows = ("id", "name", "board"), list(_of_boards(source, thing, board))
    else:
        header, rows = ("id", "name"), source.catalogue(thing.replace("-", "_"))
    if not rows:
        say(f"{connection} has no {thing.replace('-', ' ')} that this key may see")
    else:
        table(
            header, _each_once(rows) if header == ("id", "name") else rows, right=("contacts", "companies", "members")
        )
    facts({"mode": config.mode, "connection": connection, "thing": thing,
           "rows": [dict(zip(header, row, strict=True)) for row in rows]})  # fmt: skip


def _things(spec: AdapterSpec) -> list[str]:
    catalogues = {name.replace("_", "-").removesuffix(OF_A_BOARD) for name in spec.catalogues}
    return [*(name for name, facet in FACETS.items() if facet in spec.facets), *sorted(catalogues)]


def _segments(source: ContactSource, facet: Facet, counts: bool) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    segments = source.segments(facet)
    if not counts:
        return ("id", "name"), [(segment.id, segment.name) for segment in segments]
    return ("id", "name", COUNTED[facet]), [(s.id, s.name, source.count(s)) for s in segments]


def _by_kind(
    source: ContactSource, header: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The same, and of each list whether it is static, or an active one, which the CRM itself fills."""
    static = {each_id for each_id, _ in source.catalogue(STATIC)}
    return (*header, "kind"), [(*row, "static" if row[0] in static else "active") for row in rows]


def _each_once(found: Sequence[tuple[Any, ...]]) -> list[tuple[str, str]]:
    """One row for each thing: what it is called, and by what other names the configuration may call it."""
    names: dict[str, list[str]] = {}
    for id_, name in found:
        names.setdefault(id_, []).append(name)
    return [(id_, ", also ".join(dict.fromkeys(called))) for id_, called in names.items()]


def _of_boards(source: ContactSource, thing: str, board: str | None) -> Iterator[tuple[str, str, str]]:
    # a CRM may have none, and the lists all the same
    boards = [board] if board else [name for _, name in source.catalogue("boards")] or [""]
    for name in boards:
        try:
            yield from ((each_id, each, name) for each_id, each in source.catalogue(f"{thing} of {name}"))
        except (AuthError, RejectedError, ConfigError):
            if board:
                raise
