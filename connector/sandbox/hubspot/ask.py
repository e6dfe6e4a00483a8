"""One request as the API's rooms see it: where it goes, in which version, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from connector.sandbox.http import Request

from .refusals import invalid

V3, MARCH, SEPTEMBER = "v3", "2026-03", "2026-09"
VERSIONS = (V3, MARCH, SEPTEMBER)
_DATED = rf"(?P<ver>{MARCH}|{SEPTEMBER})"
# Where each area lies: the form that ends in 2027, and the dated one (facts 9.1).
_AREAS = {
    "objects": (r"/crm/v[34]/objects", rf"/crm/objects/{_DATED}"),
    "associations": (r"/crm/v4/associations", rf"/crm/associations/{_DATED}"),
    "lists": (r"/crm/v3/lists", rf"/crm/lists/{_DATED}"),
    "properties": (r"/crm/v3/properties", rf"/crm/properties/{_DATED}"),
    "pipelines": (r"/crm/v3/pipelines", rf"/crm/pipelines/{_DATED}"),
    "owners": (r"/crm/v3/owners", rf"/crm/owners/{_DATED}"),
    "oauth": (r"/oauth/v[13]", rf"/oauth/{_DATED}"),
    "preferences": (r"/communication-preferences/v(?P<old>[34])", rf"/communication-preferences/{_DATED}"),
    "schemas": (r"/crm-object-schemas/v3/schemas", rf"/crm-object-schemas/{_DATED}/schemas"),
    "account": (r"/account-info/v3", rf"/account-info/{_DATED}"),
}
_PLACES = [(area, re.compile(rf"^{form}(?P<rest>/.*)?$")) for area, forms in _AREAS.items() for form in forms]


@dataclass(slots=True, kw_only=True)
class Ask:
    """A request with its path cut up: `area` and the parts after it, whatever the version."""

    method: str
    area: str
    version: str
    parts: list[str]
    query: dict[str, list[str]] = field(default_factory=dict)
    request: Request
    # v3 or v4 of a path of the old form, where an area has both.
    old: str = ""
    read: Any = None

    def first(self, name: str, default: str = "") -> str:
        found = self.query.get(name)
        return found[-1] if found else default

    def words(self, name: str) -> list[str]:
        """Return a list parameter, whether it is repeated or parted by commas."""
        return [word.strip() for text in self.query.get(name, ()) for word in text.split(",") if word.strip()]

    def flag(self, name: str) -> bool:
        """Return a true/false parameter in any case; the official client says False with a capital."""
        return self.first(name).lower() == "true"

    def whole(self, name: str, default: int, largest: int) -> int:
        text = self.first(name)
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= largest:
            raise invalid(f"{name} must be a whole number from 1 to {largest}")
        return int(text)

    def body(self) -> Any:
        """Return the decoded JSON body; raise a 400 for one that is none."""
        if self.read is None:
            try:
                self.read = msgspec.json.decode(self.request.body or b"{}")
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise invalid("Invalid input JSON: the body could not be read") from None
        return self.read

    def object(self) -> dict[str, Any]:
        found = self.body()
        if not isinstance(found, dict):
            raise invalid("Invalid input JSON: expected an object")
        return found

    def inputs(self, most: int) -> list[Any]:
        """Return the inputs of a batch; raise a 400 for none or too many."""
        found = self.object().get("inputs")
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise invalid("Invalid input JSON: inputs must be a list of objects")
        if not found:
            raise invalid("inputs must not be empty")
        if len(found) > most:
            raise invalid(f"The maximum number of inputs supported in a batch request is {most}; got {len(found)}")
        return found


def ask(request: Request) -> Ask | None:
    """Return the request cut up, None for a path outside the API."""
    for area, form in _PLACES:
        match = form.match(request.path)
        if match is None:
            continue
        named = match.groupdict()
        rest = (named.get("rest") or "").strip("/")
        parts = [unquote(part) for part in rest.split("/")] if rest else []
        legacy = not named.get("ver")
        if area == "objects" and legacy and ("associations" in parts) is not request.path.startswith("/crm/v4"):
            return None
        return Ask(
            method=request.method,
            area=area,
            version=named.get("ver") or V3,
            parts=parts,
            query=parse_qs(request.raw_query, keep_blank_values=True) if request.raw_query else {},
            request=request,
            old=f"v{named['old']}" if named.get("old") else "",
        )
    return None


def record_id(text: object) -> int:
    """Return an id given as text or number, 0 for what cannot be one."""
    said = str(text).strip()
    return int(said) if said.isdecimal() and len(said) < 19 else 0
