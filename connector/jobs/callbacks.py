"""callbacks: tell a CRM where to send hints of changes, find our own again, take them back.

Hints shorten the way of a change; nothing depends on them: they may be lost, doubled, late or forged. The pull finds
every change without them.
"""

from __future__ import annotations

import hashlib
from typing import Any

from connector.config import Config
from connector.errors import ConfigError
from connector.jobs.records.record import Record
from connector.ports import HintSource

REGISTER, REMOVE = "register", "remove"


def callbacks(record: Record, config: Config, connection: str, hints: HintSource) -> dict[str, Any]:
    """Register or remove, as the parameter `do` says; returns what was found, made and removed."""
    address = address_of(config, connection, record.installation)
    if record.params.get("do") == REMOVE:
        removed = hints.remove(address)
        record.emit("callbacks", [[REMOVE, removed]])
        return {"removed": len(removed)}
    found, made = hints.register(address)
    record.emit("callbacks", [[REGISTER, found, made]])
    return {"found": len(found), "made": len(made)}


def address_of(config: Config, connection: str, installation: str) -> str:
    """Where the hints of a connection are sent; raises ConfigError where no public address is configured."""
    public = getattr(config.connections[connection].settings, "callbacks", "")
    if not public:
        raise ConfigError(
            f"connections.{connection}.callbacks: write the public address of this connector, for example "
            "https://nps.example.com, and let listen.public serve it"
        )
    return f"{public}/callbacks/{connection}/{token_of(connection, installation)}"


def token_of(connection: str, installation: str) -> str:
    """The part of the address that strangers do not know. It proves nothing; the signature does."""
    return hashlib.sha256(f"callbacks {installation} {connection}".encode()).hexdigest()[:26]
