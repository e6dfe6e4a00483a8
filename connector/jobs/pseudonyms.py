"""A record without people in it: every name, address, phone number and text replaced, and still replayable.

First the original is replayed; only a record that shows no difference is exported. Then the inputs are replaced, the
story is run on them, and what it makes is kept as the outputs to compare with elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from connector.config import restore
from connector.errors import ConnectorError, ContractError
from connector.jobs import stories
from connector.jobs.journal import JournalWriter, body_in, body_out, checksum, read_lines
from connector.jobs.replay import CutShortError, Recorded, ReplayRecord, Report, replay
from connector.jobs.runner import outcome_of
from connector.pseudonym import Pseudonyms
from connector.sync.address import AddressKind, judge

TEXTS = frozenset(
    [
        "firstName",
        "lastName",
        "nickName",
        "title",
        "school",
        "text",
        "summary",
        "contactName",
        "contactEmailAddress",
        "contactPhoneNumber",
        "defaultPhoneNbr",
        "addressLine1",
        "addressLine2",
        "city",
        "zip",
        "domain",
        "updatedBy",
        "enteredBy",
        "createdBy",
        "closedBy",
        "initialDescription",
        "initialInternalAnalysis",
        "initialResolution",
        "officeEmail",
        "primaryEmail",
        "mail_to",
        "first_name",
        "last_name",
        "email",
        "other_emails",
        "phone",
        "comment",
        "discussion",
        "internal",
        "note",
        "subject",
        "to",
        "reason",
    ]
)
"""Keys whose values are about people, wherever they stand."""
VALUES_IN = frozenset(("communicationItems", "customFields", "fields"))
"""Lists and mappings whose values are about people, and whose captions are not."""
NAMED_IN = frozenset(
    ["company", "contact", "defaultContact", "member", "owner", "territoryManager", "assignTo", "rehearsal"]
)
"""Objects whose name and identifier say who somebody is."""
_KEPT_DOMAINS = frozenset(("example.com", "example.org", "example.net"))


class Anonymous:
    """Replaces what is about people in JSON-shaped values."""

    def __init__(self, key: bytes) -> None:
        self._made = Pseudonyms(key)
        self._other = Pseudonyms(key + b"again")

    def value(self, value: Any, *, key: str = "", inside: str = "", people: bool = False) -> Any:
        """The same shape with pseudonyms; `people`: every text below is about people."""
        if isinstance(value, str):
            return self.text(value) if people or self._about_people(key, inside) else self._references(value)
        if isinstance(value, list):
            return [self.value(v, key=key, inside=inside, people=people) for v in value]
        if isinstance(value, dict):
            below = people or key in TEXTS
            return {
                self._key(k): self.value(v, key=k, inside=key or inside, people=below and k != "caption")
                for k, v in value.items()
            }
        return value

    def _about_people(self, key: str, inside: str) -> bool:
        if key in TEXTS or (key == "value" and inside in VALUES_IN) or inside == "fields":
            return True
        return key in ("name", "identifier") and inside in NAMED_IN

    def _key(self, key: str) -> str:
        return self.email(key) if "@" in key else key

    def _references(self, text: str) -> str:
        return f"member:{self.text(text[7:])}" if text.startswith("member:") else text

    def text(self, text: str) -> str:
        return self.email(text) if "@" in text and " " not in text.strip() else self._made.text(text)

    def email(self, text: str) -> str:
        """An address of the same worth: a role or technical mailbox, a throw-away domain, a malformed one stays one."""
        kind = judge(text).kind
        local, at, domain = text.rpartition("@")
        if kind in (AddressKind.ROLE, AddressKind.TECHNICAL):
            return f"{local}{at}{self._domain(domain)}"
        if kind is AddressKind.DISPOSABLE:
            return f"{self._made.text(local)}{at}{domain}"
        for made in (self._made, self._other):
            found = f"{made.text(local)}{at}{self._domain(domain)}"
            if judge(found).kind is kind:
                return found
        return f"{self._made.text(local)}.x{at}{self._domain(domain)}"

    def _domain(self, domain: str) -> str:
        if domain.lower().strip() in _KEPT_DOMAINS:
            return domain
        name, dot, top = domain.rpartition(".")
        if not domain.isascii() or "xn--" in domain.lower():
            return f"d{self._made.digest(judge('a@' + domain).key)}{dot}{top if top.isascii() else 'com'}"
        return f"{self._made.text(name)}{dot}{top}"


def export(recorded: Path, target: Path, key: bytes) -> Report:
    """Write the record with pseudonyms to `target`. Returns the replay of the original; raises if it differs."""
    original = Recorded.load(recorded)
    report = replay(original)
    if not report.same:
        raise ContractError(f"{recorded.name}: replay shows a difference; not exported: {report.differences[0]}")
    anonymous = Anonymous(key)
    target.unlink(missing_ok=True)
    writer = JournalWriter(target)
    try:
        for line in read_lines(recorded):
            frame = _replaced(msgspec.json.decode(line), anonymous)
            if frame is not None:
                writer.write(frame)
        _write_outputs(target, writer, ended=original.end is not None)
    finally:
        writer.close()
    check = replay(Recorded.load(target))
    if not check.same:
        raise ContractError(f"{recorded.name}: its pseudonyms do not replay; not exported: {check.differences[0].what}")
    return report


def _replaced(frame: dict[str, Any], anonymous: Anonymous) -> dict[str, Any] | None:
    match frame["t"]:
        case "begin":
            params = {k: Path(v).name if k == "file" else v for k, v in frame["params"].items()}
            config = anonymous.value(frame["config"])
            for settings in config["connections"].values():
                for name in ("company", "own_company"):
                    if name in settings:
                        settings[name] = anonymous.text(settings[name])
            return frame | {"config": config, "params": params, "pseudonyms": True}
        case "exchange":
            return _exchange(frame, anonymous)
        case "read":
            return frame | {"value": _read(frame["name"], frame["value"], anonymous)}
    return None  # outputs are made anew, the end follows them


def _exchange(frame: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    call = frame["call"]
    whole = "/company/companies" in call["path"] or "/system/members" in call["path"]
    changed = frame | {
        "call": call
        | {
            "query": [[name, _condition(value, anonymous)] for name, value in call["query"]],
            "body": _body(call["body"], anonymous, rows_are_people=False),
        }
    }
    if frame.get("answer"):
        body = _body(frame["answer"]["body"], anonymous, rows_are_people=whole)
        changed["answer"] = frame["answer"] | {"body": body}
        changed["sum"] = checksum(body_in(body))
    return changed


def _condition(text: str, anonymous: Anonymous) -> str:
    """Addresses inside a condition; everything else there is ids, dates and our own keys."""
    parts = text.split('"')
    return '"'.join(anonymous.email(part) if "@" in part else part for part in parts)


def _body(body: str | dict[str, str], anonymous: Anonymous, *, rows_are_people: bool) -> str | dict[str, str]:
    try:
        value = msgspec.json.decode(body_in(body))
    except msgspec.DecodeError:
        return body if not body else "(not JSON; left out)"
    if rows_are_people and not _is_set_up(value):
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            if isinstance(row, dict):
                for name in ("name", "identifier"):
                    if isinstance(row.get(name), str):
                        row[name] = anonymous.text(row[name])
    return body_out(msgspec.json.encode(_patched(anonymous.value(value), anonymous)))


def _is_set_up(value: Any) -> bool:
    """Types and statuses of companies have names that rules and audiences speak of; companies have an identifier."""
    return isinstance(value, list) and bool(value) and "identifier" not in value[0]


def _patched(value: Any, anonymous: Anonymous) -> Any:
    """A JSON patch names the field in `path` and its value beside it."""
    if isinstance(value, list) and value and all(isinstance(row, dict) and "op" in row for row in value):
        return [
            row | {"value": anonymous.value(row["value"], key=str(row.get("path", "")).strip("/"))} for row in value
        ]
    return value


def _read(name: str, value: Any, anonymous: Anonymous) -> Any:
    """Rows that stand in the journal as arrays have their people at known places; the rest goes by its keys."""
    if name == "contacts" and isinstance(value, list):
        return [_contact_row(row, anonymous) for row in value]
    if name == "known" and isinstance(value, dict) and "people" in value:
        people = [[*p[:4], anonymous.text(p[4]), p[5] and anonymous.email(p[5]), *p[6:]] for p in value["people"]]
        return value | {"people": people}
    return _companies(anonymous.value(value), anonymous)


def _contact_row(row: list[Any], anonymous: Anonymous) -> list[Any]:
    *columns, document, company = row
    document = anonymous.value(document)
    columns[3] = judge(document["email"]).key or None
    columns[5] = anonymous.text(columns[5])
    return [*columns, document, company and _companies(company, anonymous)]


def _companies(value: Any, anonymous: Anonymous) -> Any:
    """Stored companies are known by the flag that says whether they are our own."""
    if isinstance(value, list):
        return [_companies(v, anonymous) for v in value]
    if not isinstance(value, dict):
        return value
    if "own" in value and "vendor" in value:
        return value | {name: anonymous.text(value[name]) for name in ("name", "identifier") if name in value}
    return {k: _companies(v, anonymous) for k, v in value.items()}


class _Making(ReplayRecord):
    """Runs the story on recorded inputs and keeps what it makes."""

    def __init__(self, recorded: Recorded, writer: JournalWriter) -> None:
        super().__init__(recorded, Report(attempt="", story=""))
        self._writer = writer

    def emit(self, name: str, rows: Iterable[Any]) -> None:
        self._writer.write({"t": "out", "name": name, "rows": list(rows)})


def _write_outputs(target: Path, writer: JournalWriter, *, ended: bool) -> None:
    recorded = Recorded.load(target)
    begin = recorded.begin
    record = _Making(recorded, writer)
    outcome, error, counts = "done", "", {}
    try:
        counts = stories.perform(record, restore(begin["config"]), begin["story"], begin["connection"])
        outcome, error = stories.ended(counts)
    except CutShortError:
        pass
    except ConnectorError as problem:
        outcome, error = outcome_of(problem), str(problem)
    if ended:
        digests = {"inputs": writer.inputs_digest, "outputs": writer.outputs_digest}
        writer.write({"t": "end", "outcome": outcome, "error": error, "counts": counts, **digests})
