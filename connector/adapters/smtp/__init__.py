"""Notices by mail, over SMTP: a ChangeSink for notify."""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.smtp.settings import SmtpSettings
from connector.ports import AdapterSpec, Context, Ports, Vault, Wire

__all__ = ["SPEC", "SmtpSettings"]


def _wire(settings: SmtpSettings, guard: Callable[[], None], _vault: Vault) -> Wire:
    from connector.adapters.smtp.wire import SmtpWire

    return SmtpWire(settings, guard)


def _open(settings: SmtpSettings, context: Context) -> Ports:
    from connector.adapters.smtp.sink import SmtpSink

    return Ports(sink=SmtpSink(settings, context))


SPEC = AdapterSpec(
    kind="smtp",
    label="Mail server (SMTP)",
    settings=SmtpSettings,
    changes=frozenset({"notify"}),
    wire=_wire,
    open=_open,
)
