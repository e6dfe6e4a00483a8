"""One person's pseudonyms in JSON-shaped values, where the rows are theirs or speak of them; all else stays."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from connector.jobs import rows
from connector.jobs.collect import ANSWERS
from connector.jobs.forget.traces import Traces, strings
from connector.jobs.records.anonymous import Anonymous
from connector.jobs.records.anonymous.personal import about_people
from connector.jobs.records.journal import body_in
from connector.jobs.runtime import LOG
from connector.store.erase import Stored

_NAMES = rows.NAMES | {"communicationItems"}
_HEAD = 20
"""In so many bytes of a line of a record stands what kind of frame it is."""


class Erasing(Anonymous):
    """As `Anonymous`, for one person. Within a row of theirs all that is about people is replaced."""

    def __init__(self, key: bytes, traces: Traces, stored: Stored) -> None:
        super().__init__(key)
        self.traces = traces
        self.ids = {contact.id for contact in stored.contacts}
        self._refs = frozenset(stored.refs)
        self._at: str | None = None
        """The connection of which a value is: another's contact may have the same id. None: that is not known."""
        self.keys = frozenset((*stored.responses, *stored.rehearsals, *stored.write_backs))
        self._paths: dict[str, list[re.Pattern[str]]] = defaultdict(list)
        for connection, contact_id in stored.refs:
            self._paths[connection].append(re.compile(rf"/(contacts|Contact)/{re.escape(contact_id)}(/|$)"))
        for connection, receipt in stored.receipts:
            if receipt.record_type == "ticket":
                ticket = re.escape(receipt.record_id)
                self._paths[connection].append(re.compile(rf"/(tickets|Case)/{ticket}(/|$)"))
        self._within = 0
        self._quotations = True
        self.stored_addresses = frozenset(traces.addresses)

    def changes(self, line: bytes) -> bool:
        """Whether a line of a record speaks of the person; former names and addresses in it are learnt."""
        if b'"begin"' in line[:_HEAD]:
            self._begin(msgspec.json.decode(line))
        if not self.traces.may_be_in(line, self.ids):
            return False
        frame = msgspec.json.decode(line)
        if frame.get("t") == "exchange":
            return bool(self.exchange(frame) != frame)
        if frame.get("t") == "read":
            return bool(self.read(frame["name"], frame["value"]) != frame["value"])
        return bool(self.value(frame) != frame)

    def is_named_in(self, line: bytes) -> bool:
        """Whether any text of a line of a record speaks of the person."""
        return self.traces.may_be_in(line, ()) and any(map(self.traces.speak, strings(msgspec.json.decode(line))))

    # ------------------------------------------------------------ what Anonymous asks
    def value(self, value: Any, *, key: str = "", inside: str = "", people: bool = False) -> Any:
        if isinstance(value, str):
            return self.text(value) if self._speaks(value) else self._leaf(value, key, inside, people)
        if isinstance(value, dict):
            named = value.get("connection")
            with self._of(named if isinstance(named, str) else self._at), self._theirs(self._is_theirs(value)):
                return super().value(value, key=key, inside=inside, people=people)
        return super().value(value, key=key, inside=inside, people=people)

    def _leaf(self, value: str, key: str, inside: str, people: bool) -> str:
        theirs = self._within and (people or about_people(key, inside))
        return self.text(value) if theirs else value

    def text(self, text: str) -> str:
        return super().text(text) if self._within or self._speaks(text) else text

    def email(self, text: str) -> str:
        return super().email(text) if self._within or self._speaks(text) else text

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        named = {name: Path(str(value)).name if name == "file" else value for name, value in params.items()}
        return dict(self.value(named))

    def mark(self, begin: dict[str, Any]) -> dict[str, Any]:
        self._begin(begin)
        return {"erased": int(begin.get("erased", 0)) + 1}

    def _begin(self, begin: dict[str, Any]) -> None:
        """What is read from the store is of the record's connection, but for answers and the log, which have none."""
        self._at = None if begin["connection"] in (ANSWERS, LOG) else begin["connection"]

    def exchange(self, frame: dict[str, Any]) -> dict[str, Any]:
        with (
            self._of("" if rows.of_staff(frame["call"]["path"]) else frame["connection"]),
            self._theirs(any(path.search(frame["call"]["path"]) for path in self._paths[frame["connection"]])),
        ):
            return super().exchange(frame)

    def read(self, name: str, value: Any) -> Any:
        if name != "contacts" or not isinstance(value, list):
            return super().read(name, value)
        kept: list[Any] = []
        for row in value:
            with self._theirs(isinstance(row, list) and bool(row) and self._is_id(str(row[0]))):
                kept += super().read(name, [row])
        return kept

    def not_json(self, body: str | dict[str, str]) -> str | dict[str, str]:
        readable = body_in(body).decode("utf-8", "replace")
        return super().not_json(body) if self._within or self._speaks(readable) else body

    # ------------------------------------------------------------ the store's columns
    def column(self, value: str | bytes, connection: str | None = None) -> str | bytes:
        """A text or document of the store without the person; the same words, name or number of another are theirs."""
        self._quotations = False
        try:
            with self._of(connection):
                return self._column(value)
        finally:
            self._quotations = True

    def _column(self, value: str | bytes) -> str | bytes:
        line = value.encode() if isinstance(value, str) else value
        if not self.traces.may_be_in(line, ()):
            return value
        if line[:1] in (b"{", b"["):
            try:
                found = msgspec.json.decode(line)
            except msgspec.DecodeError:
                found = None
            if found is not None:
                changed = self.value(found)
                if changed == found:
                    return value
                encoded = msgspec.json.encode(changed)
                return encoded.decode() if isinstance(value, str) else encoded
        if isinstance(value, bytes):
            return value
        return self.text(value)

    # ------------------------------------------------------------ whose a row is
    def _speaks(self, text: str) -> bool:
        return self.traces.speak(text, quotations=self._quotations)

    @contextmanager
    def _theirs(self, theirs: bool) -> Iterator[None]:
        self._within += theirs
        try:
            yield
        finally:
            self._within -= theirs

    @contextmanager
    def _of(self, connection: str | None) -> Iterator[None]:
        before, self._at = self._at, connection
        try:
            yield
        finally:
            self._at = before

    def _is_id(self, contact_id: str | None) -> bool:
        return contact_id in self.ids if self._at is None else (self._at, contact_id) in self._refs

    def _is_theirs(self, row: dict[str, Any]) -> bool:
        if self._is_id(rows.id_of(row)) and (row.keys() & _NAMES or rows.is_person(row)):
            if self._at is not None:  # else it may be another's, whose name and address are not to be looked for
                self.traces.add_row(rows.fields_of(row))
            return True
        if any(self._is_id(each) for each in rows.contact_ids(row)):
            return True
        # our key, in whatever field a CRM has it; what only depends on theirs is a colleague's
        if any(isinstance(each, str) and each in self.keys for name, each in row.items() if name != "depends_on"):
            return True
        return any(isinstance(v, str) and v.casefold().strip() in self.traces.addresses for v in row.values())
