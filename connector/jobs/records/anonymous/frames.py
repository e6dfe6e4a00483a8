"""The frames of a record without people: requests and answers as the CRM has them, rows as the journal has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from connector.jobs.records.anonymous.personal import about_people
from connector.jobs.records.journal import body_in, body_out, checksum
from connector.sync.address import judge

if TYPE_CHECKING:
    from connector.jobs.records.anonymous import Anonymous

_WHOLE = ("/company/companies", "/system/members", "/sales/activities", "/objects/companies", "/objects/0-2")
"""Paths whose rows have a name that says who somebody is."""
_COMPANIES = "/company/companies"
_CALLED = re.compile(r'(\b(?:identifier|name)=")([^"]*)(?=")')
"""What a condition on companies asks for by name; their rows have a pseudonym there."""
_OF_PEOPLE = re.compile(r"\bFROM (?:Account|User)\b")
_SOQL_CALLED = re.compile(r"(\b(?:Name|Username|Email|Alias) = ')((?:[^'\\@]|\\.)*)(?=')")
"""The same in SOQL, of accounts and users; addresses there are replaced like all others."""


def exchange(frame: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    """A request and its answer, with the checksum of what that is now."""
    call = frame["call"]
    whole = any(path in call["path"] for path in _WHOLE)
    task = call["path"].endswith("/sales/activities")  # its name says who is to be called
    changed = frame | {
        "call": call
        | {
            "query": [[name, _condition(value, anonymous, call["path"])] for name, value in call["query"]],
            "body": _body(call["body"], anonymous, rows_are_people=task),
        }
    }
    if frame.get("answer"):
        body = _body(frame["answer"]["body"], anonymous, rows_are_people=whole)
        changed["answer"] = frame["answer"] | {"body": body}
        changed["sum"] = checksum(body_in(body))
    return changed


def _condition(text: str, anonymous: Anonymous, path: str) -> str:
    """Addresses inside a condition, and who a company is; everything else there is ids, dates and our own keys."""
    if path.endswith(_COMPANIES):
        text = _CALLED.sub(lambda match: match[1] + anonymous.text(match[2]), text)
    if _OF_PEOPLE.search(text):
        text = _SOQL_CALLED.sub(lambda match: match[1] + anonymous.text(match[2]), text)
    quote = '"' if '"' in text else "'"
    return quote.join(anonymous.email(part) if "@" in part else part for part in text.split(quote))


def _body(body: str | dict[str, str], anonymous: Anonymous, *, rows_are_people: bool) -> str | dict[str, str]:
    try:
        value = msgspec.json.decode(body_in(body))
    except msgspec.DecodeError:
        return anonymous.not_json(body)
    before = msgspec.json.encode(value)
    if rows_are_people and not _is_set_up(value):
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            if isinstance(row, dict):
                for each in _fields(row):
                    for name in ("name", "identifier"):
                        if isinstance(each.get(name), str):
                            each[name] = anonymous.text(each[name])
    after = msgspec.json.encode(_patched(anonymous.value(value), anonymous))
    return body if after == before else body_out(after)


def _fields(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Where a record has its fields: itself, HubSpot's `properties` of it, and those of its `results`."""
    found = row.get("results")
    inside = [row, *(each for each in found if isinstance(each, dict))] if isinstance(found, list) else [row]
    return inside + [p for each in inside if isinstance(p := each.get("properties"), dict)]


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


def read(name: str, value: Any, anonymous: Anonymous) -> Any:
    """Rows that stand in the journal as arrays have their people at known places; the rest goes by its keys."""
    if name == "contacts" and isinstance(value, list):
        return [_contact_row(row, anonymous) for row in value]
    if name == "known" and isinstance(value, dict) and "people" in value:
        people = [
            [*p[:4], anonymous.text(p[4]), p[5] and anonymous.email(p[5]), *p[6:7], *map(anonymous.emails, p[7:])]
            for p in value["people"]
        ]
        return value | {"people": people}
    return _companies(anonymous.value(value), anonymous)


def _contact_row(row: list[Any], anonymous: Anonymous) -> list[Any]:
    *columns, document, company = row
    document = anonymous.value(document)
    columns[3] = judge(document.get("email", "")).key or None
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


def without_words(body: str | dict[str, str]) -> str | dict[str, str]:
    """A request's body without what it says about people; one that is no JSON as it is."""
    try:
        return body_out(msgspec.json.encode(_wordless(msgspec.json.decode(body_in(body)))))
    except msgspec.DecodeError:
        return body


def _wordless(value: Any, key: str = "", inside: str = "") -> Any:
    if isinstance(value, str):
        return "" if about_people(key, inside) else value
    if isinstance(value, list):
        return [_wordless(each, key, inside) for each in value]
    if isinstance(value, dict):
        patched = str(value.get("path", "")).strip("/") if "op" in value else ""
        return {
            name: _wordless(each, (patched or name) if name == "value" else name, key or inside)
            for name, each in value.items()
        }
    return value
