"""One person's pseudonyms in JSON-shaped values, where the rows are theirs or speak of them; all else stays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from connector.jobs import rows
from connector.jobs.anonymous import Anonymous
from connector.jobs.anonymous.personal import about_people
from connector.jobs.forget.traces import Traces, strings
from connector.jobs.journal import body_in
from connector.store.erase import Stored

_NAMES = rows.NAMES | {"communicationItems"}


class Erasing(Anonymous):
    """As `Anonymous`, for one person. Within a row of theirs all that is about people is replaced."""

    def __init__(self, key: bytes, traces: Traces, stored: Stored) -> None:
        super().__init__(key)
        self.traces = traces
        self.ids = {contact.id for contact in stored.contacts}
        self.keys = frozenset((*stored.responses, *stored.rehearsals, *stored.write_backs))
        tickets = {receipt.record_id for _, receipt in stored.receipts if receipt.record_type == "ticket"}
        self._paths = [
            re.compile(rf"/(contacts|Contact)/{_any(self.ids)}(/|$)"),
            re.compile(rf"/(tickets|Case)/{_any(tickets)}(/|$)"),
        ]
        self._within = 0
        self._quotations = True
        self.stored_addresses = frozenset(traces.addresses)

    def changes(self, line: bytes) -> bool:
        """Whether a line of a record speaks of the person; former names and addresses in it are learnt."""
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
            with self._theirs(self._is_theirs(value)):
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
        return {"erased": int(begin.get("erased", 0)) + 1}

    def exchange(self, frame: dict[str, Any]) -> dict[str, Any]:
        with self._theirs(any(path.search(frame["call"]["path"]) for path in self._paths)):
            return super().exchange(frame)

    def read(self, name: str, value: Any) -> Any:
        if name != "contacts" or not isinstance(value, list):
            return super().read(name, value)
        kept: list[Any] = []
        for row in value:
            with self._theirs(isinstance(row, list) and bool(row) and str(row[0]) in self.ids):
                kept += super().read(name, [row])
        return kept

    def not_json(self, body: str | dict[str, str]) -> str | dict[str, str]:
        readable = body_in(body).decode("utf-8", "replace")
        return super().not_json(body) if self._within or self._speaks(readable) else body

    # ------------------------------------------------------------ the store's columns
    def column(self, value: str | bytes) -> str | bytes:
        """A text or document of the store without the person; the same words in another's answer are that one's."""
        self._quotations = False
        try:
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

    def _is_theirs(self, row: dict[str, Any]) -> bool:
        if rows.id_of(row) in self.ids and (row.keys() & _NAMES or rows.is_person(row)):
            self.traces.add_row(rows.fields_of(row))
            return True
        if any(each in self.ids for each in rows.contact_ids(row)):
            return True
        # our key, in whatever field a CRM has it; what only depends on theirs is a colleague's
        if any(isinstance(each, str) and each in self.keys for name, each in row.items() if name != "depends_on"):
            return True
        return any(isinstance(v, str) and v.casefold().strip() in self.traces.addresses for v in row.values())


def _any(values: Collection[str]) -> str:
    return f"({'|'.join(map(re.escape, sorted(values)))})" if values else r"(?!)"
