"""Answers from files: a watched folder, or one file. See `columns` for what may stand in them."""

from __future__ import annotations

from collections.abc import Callable

from connector.adapters.folder.history import read_history
from connector.adapters.folder.rows import read
from connector.adapters.folder.settings import FolderSettings
from connector.adapters.folder.source import FolderHistory, FolderSource
from connector.errors import ContractError
from connector.ports import AdapterSpec, Answer, Call, Context, Ports, Vault, Wire

__all__ = ["SPEC", "FolderHistory", "FolderSettings", "FolderSource", "read", "read_history"]


class _NoWire:
    def send(self, call: Call) -> Answer:
        raise ContractError(f"a folder answers no requests ({call.method} {call.path})")


def _wire(_settings: FolderSettings, _guard: Callable[[], None], _vault: Vault) -> Wire:
    return _NoWire()


def _open(settings: FolderSettings, context: Context) -> Ports:
    return Ports(
        responses=FolderSource(settings.path, now=context.now, zone=settings.zone),
        history=FolderHistory(settings.path, zone=settings.zone),
    )


SPEC = AdapterSpec(kind="folder", label="Folder of answers", settings=FolderSettings, wire=_wire, open=_open)
