"""A record's values without people in them: names, addresses, phone numbers and texts replaced, key by key."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import msgspec

from connector.jobs.journal import body_in, body_out, checksum
from connector.pseudonym import OWN_KEY, Pseudonyms
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
        "contact_name",
        "contact_email",
        "contact_phone",
        "notes",
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
        "closed_by",
        "initialDescription",
        "initialInternalAnalysis",
        "initialResolution",
        "officeEmail",
        "primaryEmail",
        "mail_to",
        "escalate_to",
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
VALUES_BY_CAPTION = frozenset(("fields", "before"))
"""The same where the caption is the key."""
SAYS_NOBODY = re.compile(r"\d{1,3}|true|false|yes|no", re.IGNORECASE)
"""Values of custom fields that are a number or a flag by the field's type, and so must stay one."""
NAMED_IN = frozenset(
    ["company", "contact", "defaultContact", "member", "owner", "territoryManager", "assignTo", "rehearsal"]
)
"""Objects whose name and identifier say who somebody is."""
PLAIN_PARAMS = frozenset(
    ["audience", "connection", "campaign", "at", "do", "job", "keys", "again", "found", "contact_id", "create", "who"]
)
"""Parameters of a Job that are ids, moments and names of the configuration; any other may hold a person's words."""
_QUOTED = re.compile(
    r'"(?P<double>[^"]+)"'
    r"|(?<!\w)'(?P<single>[^']+)'(?!\w)"
    r"|(?P<address>[^\s@<>\"',;()]{1,64}@[^\s@<>\"',;()]{1,255})"
    r"|\bpause: (?P<reason>.+?)(?=; connector resume|$)"
    r"|(?P<phone>(?<![\w:.-])\+?\(?\d{2,5}\)?[ /]\(?\d[\d ()./-]{3,25}\d(?![\w:]))",
    re.DOTALL,
)
"""What an error quotes: texts, addresses, phone numbers, the reason of a pause."""
_PLACE = re.compile(r"(?P<stem>.+)(?P<rest>\.(?:csv|json|jsonl|ndjson|txt)(?::\d+)?)", re.DOTALL | re.IGNORECASE)
LONG = 48
"""Letters and digits above which a text is no name, title or number any more."""
_KEPT_DOMAINS = frozenset(("example.com", "example.org", "example.net"))


class Anonymous:
    """Replaces what is about people in JSON-shaped values."""

    def __init__(self, key: bytes) -> None:
        self._made = Pseudonyms(key)
        self._other = Pseudonyms(key + b"again")

    def value(self, value: Any, *, key: str = "", inside: str = "", people: bool = False) -> Any:
        """The same shape with pseudonyms; `people`: every text below is about people."""
        if isinstance(value, str):
            if SAYS_NOBODY.fullmatch(value) and (inside in VALUES_BY_CAPTION or key == "value"):
                return value
            if key in ("place", "why"):
                return self.error(self.place(value))
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

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """What a Job was asked for: files by their ending, words that a person gave replaced."""
        made: dict[str, Any] = {}
        for name, value in params.items():
            if name == "file":
                made[name] = self.place(Path(str(value)).name)
            else:
                made[name] = self.value(value, key=name, people=name not in PLAIN_PARAMS)
        return made

    def place(self, text: str) -> str:
        """A file of answers, or a line in one, by the ending only; any other text as it is."""
        found = _PLACE.fullmatch(text)
        return f"{self.text(found['stem'])}{found['rest']}" if found else text

    def error(self, text: str) -> str:
        """An error stays readable, for it is what support asks for; what it quotes is replaced."""

        def replaced(match: re.Match[str]) -> str:
            found = match[match.lastgroup or 0]
            return match[0].replace(found, self.text(found))

        return _QUOTED.sub(replaced, text)

    def mark(self, begin: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - others count on it
        """What the record's beginning says of this replacement."""
        return {"pseudonyms": True}

    def exchange(self, frame: dict[str, Any]) -> dict[str, Any]:
        return _exchange(frame, self)

    def read(self, name: str, value: Any) -> Any:
        return _read(name, value, self)

    def not_json(self, body: str | dict[str, str]) -> str | dict[str, str]:
        """What stands for a body that cannot be read."""
        return body if not body else "(not JSON; left out)"

    def _about_people(self, key: str, inside: str) -> bool:
        if key in TEXTS or (key == "value" and inside in (*VALUES_IN, "change")) or inside in VALUES_BY_CAPTION:
            return True
        return (key in ("name", "identifier") and inside in NAMED_IN) or (key, inside) == ("owner", "follow_up")

    def _key(self, key: str) -> str:
        return self.email(key) if "@" in key else self.place(key)

    def _references(self, text: str) -> str:
        return f"member:{self.text(text[7:])}" if text.startswith("member:") else text

    def text(self, text: str) -> str:
        """Its pseudonym; of a longer text only the shape remains, for so many words could be guessed one by one."""
        if "@" in text and " " not in text.strip():
            return self.email(text)
        return shape(text) if _is_long(text) else self._made.text(text)

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


def _is_long(text: str) -> bool:
    return sum(map(str.isalnum, OWN_KEY.sub("", text))) > LONG


def shape(text: str) -> str:
    """The text with x for letters and 0 for digits; our own keys, by which things are found, stay."""
    masked, end = [], 0
    text = unicodedata.normalize("NFC", text)
    for key in OWN_KEY.finditer(text):
        masked += [_masked(text[end : key.start()]), key[0]]
        end = key.end()
    return "".join((*masked, _masked(text[end:])))


def _masked(text: str) -> str:
    return "".join("0" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c for c in text)


def settled_config(config: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    """A redacted configuration without people and without the folders of this machine."""
    config = anonymous.value(config)
    for settings in config.get("connections", {}).values():
        for name in ("company", "own_company"):
            if isinstance(settings, dict) and name in settings:
                settings[name] = anonymous.text(str(settings[name]))
    for section, name in (("storage", "data"), ("answers", "folder")):
        if isinstance(config.get(section), dict) and config[section].get(name):
            config[section][name] = Path(str(config[section][name])).name
    return config


def _exchange(frame: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    call = frame["call"]
    whole = any(path in call["path"] for path in ("/company/companies", "/system/members", "/sales/activities"))
    task = call["path"].endswith("/sales/activities")  # its name says who is to be called
    changed = frame | {
        "call": call
        | {
            "query": [[name, _condition(value, anonymous)] for name, value in call["query"]],
            "body": _body(call["body"], anonymous, rows_are_people=task),
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
        return anonymous.not_json(body)
    before = msgspec.json.encode(value)
    if rows_are_people and not _is_set_up(value):
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            if isinstance(row, dict):
                for name in ("name", "identifier"):
                    if isinstance(row.get(name), str):
                        row[name] = anonymous.text(row[name])
    after = msgspec.json.encode(_patched(anonymous.value(value), anonymous))
    return body if after == before else body_out(after)


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
