"""A look at a Connection as it is now, outside of any Job: reads only, every write is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

from connector import registry
from connector.config import Config
from connector.errors import ContractError
from connector.ports import Answer, Call, ContactSource, Context, Ports, Wire


def open_live(
    config: Config,
    connection: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    on_call: Callable[[], None] = lambda: None,
) -> Ports:
    """The ports of a configured Connection. What would write raises ContractError before anything leaves.

    `on_call` is called before each request.
    """
    configured = config.connections[connection]
    spec = registry.spec(configured.kind)
    wire = _ReadOnly(spec.wire(configured.settings, _refuse), on_call)
    return spec.open(configured.settings, Context(connection=connection, wire=wire, now=now, sleep=sleep))


def source_of(config: Config, connection: str) -> ContactSource | None:
    """Its ContactSource, or None where it has no contacts; nothing is opened then."""
    if not registry.spec(config.connections[connection].kind).facets:
        return None
    return open_live(config, connection).source


class _ReadOnly:
    def __init__(self, inner: Wire, on_call: Callable[[], None]) -> None:
        self._inner, self._on_call = inner, on_call

    def send(self, call: Call) -> Answer:
        if call.writes:
            _refuse()
        self._on_call()
        return self._inner.send(call)


def _refuse() -> NoReturn:
    raise ContractError("a look at a connection writes nothing; this is a bug")
