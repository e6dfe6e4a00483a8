"""An adapter as a whole: what it is lent, what it serves, and how it describes itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from connector.domain import Facet
from connector.ports.answers import HistorySource, ResponseSource
from connector.ports.hints import Ear, HintSource
from connector.ports.pulling import ContactSource
from connector.ports.setup import FieldSetup
from connector.ports.wire import OpenWire, Wire
from connector.ports.writing import ChangeSink, ChangeUndo, TicketCautions, TicketWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the core lends an adapter. `sleep` and `now` are passed in: waits vanish and time is fixed in tests.

    `zone` is that of times in texts for people.
    """

    connection: str
    wire: Wire
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports one opened Connection serves; None where it does not."""

    source: ContactSource | None = None
    sink: ChangeSink | None = None
    watch: TicketWatch | None = None
    undo: ChangeUndo | None = None
    setup: FieldSetup | None = None
    cautions: TicketCautions | None = None
    hints: HintSource | None = None
    responses: ResponseSource | None = None
    history: HistorySource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """One kind of system: what it is called, how it is configured, what it can do, how it is opened.

    `settings` is a pydantic model. `wire(settings, guard, vault)` builds the real, authenticated wire; `guard` is
    called immediately before each writing request leaves and raises LeaseLostError. `ticket_options` are the options of
    an OpenTicket that mean something there, all where it names none; `ticket_needs` those without which none can be
    opened. `asks` are the settings that `connector init` asks for, in order, `may_ask` of those the ones that one
    may leave out; `variables` begins the names of the environment variables it proposes for keys, and `called` is the
    name it proposes for the connection; empty: the kind. `ear(settings)` proves callbacks, where the system sends some.
    `answers`: it has surveys of its own, which `answers.from` may name. `owners`: the steps of an owner chain by which
    one of our people may be found for a company there, beside a member by name; the first configuration begins so.
    """

    kind: str
    label: str
    settings: type[Any]
    facets: frozenset[Facet] = frozenset()
    changes: frozenset[str] = frozenset()
    catalogues: frozenset[str] = frozenset()
    ticket_options: frozenset[str] = frozenset()
    ticket_needs: frozenset[str] = frozenset()
    asks: tuple[str, ...] = ()
    may_ask: frozenset[str] = frozenset()
    variables: str = ""
    called: str = ""
    answers: bool = False
    owners: tuple[str, ...] = ("account_manager",)
    ear: Callable[[Any], Ear] | None = None
    wire: OpenWire
    open: Callable[[Any, Context], Ports]
