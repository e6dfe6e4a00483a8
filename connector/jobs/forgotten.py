"""Whoever was erased does not come back by a later answer of the CRM: their rows lose everything about them on the way
in, before they are recorded or stored.

A row is theirs by the keyed digest of an address in it, or of the contact's id; the address that stands for theirs
then is one that cannot exist, by which the pull leaves the row out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from connector.domain import Contact
from connector.jobs import rows
from connector.jobs.records.anonymous import Anonymous
from connector.ports import Answer, BadRow, Call, HistoryRow, RawAnswer, Wire
from connector.store import Tx, forgotten
from connector.store.forgotten import Forgotten
from connector.sync.address import judge

PLACEHOLDER = "forgotten@forgotten.invalid"
ERASED = "this person was erased (connector forget) and is not taken in again"
_ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]\\]{1,64}@[^\s@<>\"',;:()\[\]\\]{1,255}")
Row = TypeVar("Row", RawAnswer | BadRow, HistoryRow | BadRow)


def is_forgotten(contact: Contact) -> bool:
    """Whether this contact is what is left of somebody who was erased."""
    return contact.email == PLACEHOLDER or PLACEHOLDER in contact.other_emails


class ForgettingWire:
    """Carries calls by another wire and takes forgotten people out of the answers."""

    def __init__(self, inner: Wire, connection: str, known: Forgotten) -> None:
        self._inner, self._connection, self._known = inner, connection, known
        self._without = _Without(known)

    def send(self, call: Call) -> Answer:
        answer = self._inner.send(call)
        if answer.headers.get("content-type", "").startswith("text/csv"):
            body = self._without_rows(answer.body)
        else:
            try:
                value = msgspec.json.decode(answer.body)
            except msgspec.DecodeError:
                return answer
            theirs = self._has_address if rows.of_staff(call.path) else self._is_theirs
            made = rows.replaced(value, lambda row: self._without.value(row) if theirs(row) else row)
            body = answer.body if made is value else msgspec.json.encode(made)
        return answer if body is answer.body else Answer(status=answer.status, headers=answer.headers, body=body)

    def _is_theirs(self, row: dict[str, Any]) -> bool:
        """A contact or a row that refers to one, known by id; or any row with the address in it."""
        if any(self._known.contact(self._connection, each) for each in rows.contact_ids(row)):
            return True
        return self._has_address(row)

    def _has_address(self, row: dict[str, Any]) -> bool:
        text = msgspec.json.encode(row).decode()
        return any(self._known.address(key) for key in map(_key, _ADDRESS.findall(text)))

    def _without_rows(self, body: bytes) -> bytes:
        """A table (Salesforce's bulk results) without what stands about them: ids, dates and numbers stay."""
        lines = list(csv.reader(io.StringIO(body.decode("utf-8", "replace"))))
        header, theirs = lines[0] if lines else [], False
        for at, cells in enumerate(lines[1:], 1):
            row: dict[str, Any] = dict(zip(header, cells, strict=False))
            if self._is_theirs(row):
                theirs = True
                without = self._without.value(row)
                lines[at] = [str(without[name]) for name in header[: len(cells)]]
        if not theirs:
            return body
        made = io.StringIO()
        csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
        return made.getvalue().encode()


class _Without(Anonymous):
    """Pseudonyms under the installation's own key, and one address for all."""

    def __init__(self, known: Forgotten) -> None:
        super().__init__(known.secret)

    def email(self, text: str) -> str:  # noqa: ARG002 - whatever it was
        return PLACEHOLDER


def _key(address: str) -> str:
    return judge(address).key or address.casefold()


def without_forgotten(tx: Tx, given: Iterable[Row]) -> list[Row | BadRow]:
    """Rows of a file, those of people who were erased replaced by a word that says so."""
    known = forgotten.load(tx)
    return [
        BadRow(place=row.place, why=ERASED) if not isinstance(row, BadRow) and _address_known(known, row) else row
        for row in given
    ]


def _address_known(known: Forgotten, row: Any) -> bool:
    email = row.values.get("email", "") if isinstance(row, RawAnswer) else row.email
    return known.address(_key(email))
