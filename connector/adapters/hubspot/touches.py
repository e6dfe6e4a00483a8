"""Who set a value: a person in the app, or a program.

What sets a value is named by `sourceType`; the list of them is nowhere published whole, so those that are programs are
named here, and what is none of them and names a user counts as that person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.adapters.hubspot.values import moment
from connector.adapters.hubspot.written_types import WireRecord, WireValue

_IN_THE_APP = ("CRM_UI", "MOBILE", "CONVERSATIONS", "HELP_DESK", "SALES", "MEETINGS")
_PROGRAMS = (
    "API", "INTEGRATION", "INTEGRATIONS", "AUTOMATION", "WORKFLOW", "WORKFLOWS", "CALCULATED", "IMPORT", "BATCH",
    "MIGRATION", "BOT", "AI", "CHATFLOW", "MERGE", "SYSTEM", "DATA_SYNC", "AUTO_ASSOCIATE", "DEFAULT", "PIPELINE",
)  # fmt: skip


def set_last(ticket: WireRecord, name: str) -> WireValue | None:
    """The newest value of a property, and what set it; None where the portal keeps no history of it."""
    values = (ticket.properties_with_history or {}).get(name)
    return max(values, key=lambda each: moment(each.timestamp) or _NEVER) if values else None


def by_person(value: WireValue | None, ticket: WireRecord) -> bool:
    """Whether a person set it; without a history, whether a person changed the ticket last."""
    if value is None or not value.source_type:
        return bool(ticket.properties.get("hs_updated_by_user_id"))
    source = value.source_type.upper()
    if source.startswith(_IN_THE_APP):
        return True
    return value.updated_by_user_id is not None and not any(_is(source, each) for each in _PROGRAMS)


def last_by_person(ticket: WireRecord, names: Iterable[str]) -> datetime | None:
    """When a person last set one of these, or a call or mail was logged on the ticket; None where nobody did."""
    history = ticket.properties_with_history or {}
    at = [moment(each.timestamp) for name in names for each in history.get(name, ()) if by_person(each, ticket)]
    if not history and ticket.properties.get("hs_updated_by_user_id"):
        at.append(moment(ticket.properties.get("hs_lastmodifieddate")))
    at.append(moment(ticket.properties.get("notes_last_contacted")))
    return max((each for each in at if each is not None), default=None)


def _is(source: str, program: str) -> bool:
    return source == program or source.startswith(f"{program}_")


_NEVER = datetime.min.replace(tzinfo=moment("1970-01-01T00:00:00Z").tzinfo)  # type: ignore[union-attr]
