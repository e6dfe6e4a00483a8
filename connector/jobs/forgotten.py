"""Whoever was erased does not come back by a later answer of the CRM: their rows lose everything about them on the way
in, before they are recorded or stored.

A row is theirs by the keyed digest of an address in it, or of the contact's id; the address that stands for theirs
then is one that cannot exist, by which the pull leaves the row out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from connector.domain import Contact
from connector.jobs.anonymous import Anonymous
from connector.ports import Answer, BadRow, Call, HistoryRow, RawAnswer, Wire
from connector.store import Tx, forgotten
from connector.store.forgotten import Forgotten
from connector.sync.address import judge

PLACEHOLDER = "forgotten@forgotten.invalid"
ERASED = "this person was erased (connector forget) and is not taken in again"
_ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]\\]{1,64}@[^\s@<>\"',;:()\[\]\\]{1,255}")
Row = TypeVar("Row", RawAnswer | BadRow, HistoryRow | BadRow)
_NAMES = frozenset(("firstName", "lastName", "first_name", "last_name"))


def is_forgotten(contact: Contact) -> bool:
    """Whether this contact is what is left of somebody who was erased."""
    return PLACEHOLDER in (contact.email, *contact.other_emails)


class ForgettingWire:
    """Carries calls by another wire and takes forgotten people out of the answers."""

    def __init__(self, inner: Wire, connection: str, known: Forgotten) -> None:
        self._inner, self._connection, self._known = inner, connection, known
        self._without = _Without(known)

    def send(self, call: Call) -> Answer:
        answer = self._inner.send(call)
        try:
            value = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            return answer
        rows = value if isinstance(value, list) else [value]
        theirs = [at for at, row in enumerate(rows) if isinstance(row, dict) and self._is_theirs(row)]
        if not theirs:
            return answer
        for at in theirs:
            rows[at] = self._without.value(rows[at])
        body = msgspec.json.encode(rows if isinstance(value, list) else rows[0])
        return Answer(status=answer.status, headers=answer.headers, body=body)

    def _is_theirs(self, row: dict[str, Any]) -> bool:
        """A contact or a row that refers to one, known by id; or any row with the address in it."""
        refers = [child for name, child in row.items() if name.lower().endswith("contact") and isinstance(child, dict)]
        refers += [row] if row.keys() & _NAMES else []
        if any(self._known.contact(self._connection, str(each["id"])) for each in refers if "id" in each):
            return True
        text = msgspec.json.encode(row).decode()
        return any(self._known.address(key) for key in map(_key, _ADDRESS.findall(text)))


class _Without(Anonymous):
    """Pseudonyms under the installation's own key, and one address for all."""

    def __init__(self, known: Forgotten) -> None:
        super().__init__(known.secret)

    def email(self, text: str) -> str:  # noqa: ARG002 - whatever it was
        return PLACEHOLDER


def _key(address: str) -> str:
    return judge(address).key or address.casefold()


def without_forgotten(tx: Tx, rows: Iterable[Row]) -> list[Row | BadRow]:
    """Rows of a file, those of people who were erased replaced by a word that says so."""
    known = forgotten.load(tx)
    return [
        BadRow(place=row.place, why=ERASED) if not isinstance(row, BadRow) and _address_known(known, row) else row
        for row in rows
    ]


def _address_known(known: Forgotten, row: Any) -> bool:
    email = row.values.get("email", "") if isinstance(row, RawAnswer) else row.email
    return known.address(_key(email))
