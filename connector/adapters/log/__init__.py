"""Notices as log lines, for where nobody needs a mail: a ChangeSink for notify."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from connector.adapters.log.sink import LogSink
from connector.ports import AdapterSpec, Answer, Call, Context, Ports, Vault, Wire

__all__ = ["SPEC", "LogSettings", "LogSink"]


class LogSettings(BaseModel):
    """A log needs no settings of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _LogWire:
    """Carries nothing; calls the guard before each line, as a wire must."""

    def __init__(self, guard: Callable[[], None]) -> None:
        self._guard = guard

    def send(self, call: Call) -> Answer:
        if call.writes:
            self._guard()
        return Answer(status=200)


def _wire(_settings: LogSettings, guard: Callable[[], None], _vault: Vault) -> Wire:
    return _LogWire(guard)


def _open(_settings: LogSettings, context: Context) -> Ports:
    return Ports(sink=LogSink(context))


SPEC = AdapterSpec(kind="log", label="Log", settings=LogSettings, changes=frozenset({"notify"}), wire=_wire, open=_open)
