"""The vault of a Connection: secrets that must outlive the process, sealed with a key that only the operator has.

The key is CONNECTOR_SECRET_KEY, or what the file of CONNECTOR_SECRET_KEY_FILE holds: 32 random bytes in base64.
Several, parted by blanks or commas, are tried in turn and the first one seals, so that a key can be changed. What is
sealed names its place too: a row that was moved to another connection opens to nothing. Sealing is Fernet
(https://cryptography.io/en/latest/fernet/).
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from connector.errors import ConfigError
from connector.log import register_secrets
from connector.store import Store, vault

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SECRET_KEY = "CONNECTOR_SECRET_KEY"  # noqa: S105 - the name of a variable
SECRET_KEY_FILE = "CONNECTOR_SECRET_KEY_FILE"  # noqa: S105 - the name of a variable
HOW = "make one with: openssl rand -base64 32"
log = structlog.get_logger()


class KeptSecrets:
    """The Vault of one Connection in the store. The key is read when it is first needed: most never need one."""

    def __init__(self, store: Store, connection: str, *, environ: Mapping[str, str] | None = None) -> None:
        self._store, self._connection = store, connection
        self._environ = os.environ if environ is None else environ

    def get(self, name: str) -> str | None:
        """As the port says. Raises ConfigError where something is kept and there is no key to open it with."""
        from cryptography.fernet import InvalidToken

        with self._store.read() as tx:
            sealed = vault.get(tx, self._connection, name)
        if sealed is None:
            return None
        opener = _sealer(self._environ, f"connections.{self._connection}: {name} is kept encrypted")
        try:
            connection, kept, secret = msgspec.json.decode(opener.decrypt(sealed.encode()), type=tuple[str, str, str])
        except (InvalidToken, msgspec.DecodeError):
            connection = kept = secret = ""
        if (connection, kept) != (self._connection, name):
            log.warning("kept_secret_not_opened", connection=self._connection, kept=name, remedy=f"see {SECRET_KEY}")
            return None
        register_secrets([secret])
        return secret

    def put(self, name: str, secret: str) -> None:
        register_secrets([secret])
        sealer = _sealer(self._environ, f"connections.{self._connection}: {name} must be kept encrypted")
        sealed = sealer.encrypt(msgspec.json.encode((self._connection, name, secret))).decode()
        with self._store.write() as tx:
            vault.put(tx, self._connection, name, sealed, now=datetime.now(UTC))


def known_to_log(store: Store, *, environ: Mapping[str, str] | None = None) -> None:
    """Make every kept secret that opens known to the log, so that whoever searches for secrets finds it too."""
    with store.read() as tx:
        kept = vault.listed(tx)
    for connection, name, _ in kept:
        with suppress(ConfigError):
            KeptSecrets(store, connection, environ=environ).get(name)


def _sealer(environ: Mapping[str, str], why: str) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    keys = secret_keys(environ)
    if not keys:
        raise ConfigError(f"{why}: set {SECRET_KEY} (or {SECRET_KEY_FILE}) to a key; {HOW}")
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def secret_keys(environ: Mapping[str, str]) -> list[bytes]:
    """The operator's keys, the one that seals first; none where none is given. ConfigError for what is no key."""
    given, name = environ.get(SECRET_KEY, ""), environ.get(SECRET_KEY_FILE, "")
    if given and name:
        raise ConfigError(f"{SECRET_KEY} and {SECRET_KEY_FILE} are both set; unset one of them")
    if name:
        given = _from_file(name)
    place = SECRET_KEY_FILE if name else SECRET_KEY
    written = given.replace(",", " ").split()
    register_secrets(written)
    return [_key(each, place) for each in written]


def _from_file(name: str) -> str:
    try:
        found = Path(name).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "is no text"
        raise ConfigError(f"{SECRET_KEY_FILE}: {name}: {why}; let it be a file that this user may read") from None
    if not found:
        raise ConfigError(f"{SECRET_KEY_FILE}: {name}: is empty; {HOW} > {name}")
    return found


def _key(written: str, place: str) -> bytes:
    try:
        key = base64.b64decode(written.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigError(f"{place}: this is no key of 32 bytes in base64; {HOW}")
    return key
