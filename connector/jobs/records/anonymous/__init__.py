"""A record's values without people in them: names, addresses, phone numbers and texts replaced, key by key.

personal.py  which keys are about people     frames.py  requests, answers and rows of a record
masking.py   what remains of longer texts
"""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from typing import Any

from connector.jobs.records.anonymous import frames
from connector.jobs.records.anonymous.masking import is_long, shape
from connector.jobs.records.anonymous.personal import (
    FIELD_MARKS,
    HTML,
    NAMED_TYPES,
    PLAIN_PARAMS,
    SAYS_NOBODY,
    TEXTS,
    VALUES_BY_CAPTION,
    WORDY,
    about_people,
    is_custom,
    type_of,
)
from connector.pseudonym import Pseudonyms
from connector.sync.address import AddressKind, judge

_MARKUP = re.compile(r"(<[^>]*>)")
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
_ADDRESS = re.compile(r"(?!\S*://)[^\s@\"'\\<>()]{1,64}@[^\s@\"'\\<>()]{1,255}")
"""A value that is an address and nothing else is somebody's, whatever its key: people are looked up by an `id` too."""
_MEMBER_ID = re.compile(r"\d{5,}|005[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
_ACCOUNT_ID = re.compile(r"001[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
"""Somebody or a company named by an id, which stays."""
_KEPT_DOMAINS = frozenset(("example.com", "example.org", "example.net"))

_TEMPLATE = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)


class Anonymous:
    """Replaces what is about people in JSON-shaped values."""

    def __init__(self, key: bytes) -> None:
        self._made = Pseudonyms(key)
        self._other = Pseudonyms(key + b"again")

    def value(self, value: Any, *, key: str = "", inside: str = "", people: bool = False) -> Any:
        """The same shape with pseudonyms; `people`: every text below is about people."""
        if isinstance(value, str):
            if SAYS_NOBODY.fullmatch(value) and (
                inside in VALUES_BY_CAPTION or key == "value" or is_custom(key, inside)
            ):
                return value
            if key in HTML:
                return self.html(value)
            if key in ("place", "why"):
                return self.error(self.place(value))
            wordy = is_custom(key, inside) and len(value.split()) >= WORDY
            return self.text(value) if people or wordy or about_people(key, inside) else self._references(value)
        if isinstance(value, list):
            return [self.value(v, key=key, inside=inside, people=people) for v in value]
        if isinstance(value, dict):
            if value.keys() >= FIELD_MARKS:
                return value
            below = people or (key in TEXTS and key != "to")  # HubSpot's associations lead `to` a record by its id
            if type_of(value) in NAMED_TYPES and isinstance(value.get("Name"), str):
                value = value | {"Name": self.text(value["Name"])}
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
        return frames.exchange(frame, self)

    def read(self, name: str, value: Any) -> Any:
        return frames.read(name, value, self)

    def not_json(self, body: str | dict[str, str]) -> str | dict[str, str]:
        """What stands for a body that cannot be read."""
        return body if not body else "(not JSON; left out)"

    def _key(self, key: str) -> str:
        return self.email(key) if "@" in key else self.place(key)

    def _references(self, text: str) -> str:
        if text.startswith("member:"):
            return text if _MEMBER_ID.fullmatch(text[7:].strip()) else f"member:{self.text(text[7:])}"
        return self.email(text) if _ADDRESS.fullmatch(text.strip()) else text

    def text(self, text: str) -> str:
        """Its pseudonym; of a longer text only the shape remains, for so many words could be guessed one by one."""
        if "@" in text and " " not in text.strip():
            return self.email(text)
        return shape(text) if is_long(text) else self._made.text(text)

    def html(self, text: str) -> str:
        """The same of what stands between the tags, which stay."""
        parts = _MARKUP.split(text)
        plain = [unescape(part) for part in parts[::2]]
        made = shape if is_long("".join(plain)) else self._made.text
        parts[::2] = [escape(made(part)) for part in plain]
        return "".join(parts)

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

    def emails(self, texts: list[str]) -> list[str]:
        return [self.email(text) for text in texts]

    def _domain(self, domain: str) -> str:
        if domain.lower().strip() in _KEPT_DOMAINS:
            return domain
        name, dot, top = domain.rpartition(".")
        if not domain.isascii() or "xn--" in domain.lower():
            made = f"d{self._made.digest(judge('a@' + domain).key)}ü"  # not every CRM can be asked for such letters
            return f"{made.encode('idna').decode() if domain.isascii() else made}{dot}{top if top.isascii() else 'com'}"
        return f"{self._made.text(name)}{dot}{top}"


def settled_config(config: dict[str, Any], anonymous: Anonymous) -> dict[str, Any]:
    """A redacted configuration without people and without the folders of this machine; its templates stay sound."""
    config = _with_templates(anonymous.value(config), config, anonymous)
    for settings in config.get("connections", {}).values():
        for name in ("company", "own_company"):
            if isinstance(settings, dict) and name in settings and not _ACCOUNT_ID.fullmatch(str(settings[name])):
                settings[name] = anonymous.text(str(settings[name]))
    rehearsal = config.get("rehearsal")
    if isinstance(rehearsal, dict) and isinstance(by_connection := rehearsal.get("company"), dict):
        rehearsal["company"] = {name: _company(str(each), anonymous) for name, each in by_connection.items()}
    elif isinstance(rehearsal, dict) and rehearsal.get("company"):
        rehearsal["company"] = _company(str(rehearsal["company"]), anonymous)
    for section, name in (("storage", "data"), ("answers", "folder")):
        if isinstance(config.get(section), dict) and config[section].get(name):
            config[section][name] = Path(str(config[section][name])).name
    return config


def _company(written: str, anonymous: Anonymous) -> str:
    return written if written.isdigit() else anonymous.text(written)  # by its id, which stays


def _with_templates(made: Any, of: Any, anonymous: Anonymous) -> Any:
    """`made` of a configuration, but what stands in braces in a text of it is as it was: names, no people."""
    if isinstance(of, dict):
        pairs = zip(made.items(), of.values(), strict=True)
        return {key: _with_templates(value, was, anonymous) for (key, value), was in pairs}
    if isinstance(of, list):
        return [_with_templates(value, was, anonymous) for value, was in zip(made, of, strict=True)]
    if not isinstance(of, str) or made == of or _TEMPLATE.search(of) is None:
        return made
    parts = _TEMPLATE.split(of)
    parts[::2] = [anonymous.text(part) if part.strip() else part for part in parts[::2]]
    return "".join(parts)
