"""What is sent to open a ticket, and what a tenant's demands mean in the words of the configuration."""

from __future__ import annotations

from typing import Any

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import moment_text, number
from connector.adapters.connectwise.owners import Owners
from connector.adapters.connectwise.segments import PLACES
from connector.adapters.connectwise.setup_names import SetupNames
from connector.adapters.connectwise.text import CONTACT_CAPS, marked, plain, short, summary
from connector.domain import OpenTicket
from connector.errors import RejectedError

_BILL_TIMES = ("Billable", "DoNotBill", "NoCharge", "NoDefault")
_LEVELS = ("Low", "Medium", "High")
# The vendor's name of a reference, its catalogue under the board (or of its own), ours in the YAML.
_UNDER_THE_BOARD = (
    ("status", "statuses", "status"),
    ("type", "types", "type"),
    ("subType", "subtypes", "subtype"),
    ("item", "items", "item"),
    ("team", "teams", "team"),
)
_OF_THEIR_OWN = (("priority", "priorities", "priority"), ("source", "sources", "source"))
_LISTS = {member: (catalogue, key) for member, catalogue, key in (*_UNDER_THE_BOARD, *_OF_THEIR_OWN)}
_OTHER_KEYS = {
    "location": "location", "serviceLocation": "location", "agreement": "agreement", "severity": "severity",
    "impact": "impact", "owner": "owner", "contact": "contact", "requiredDate": "due", "board": "board",
}  # fmt: skip


class TicketBody:
    def __init__(self, psa: Psa, names: SetupNames, owners: Owners) -> None:
        self._psa, self._names, self._owners = psa, names, owners

    def of(self, key: str, change: OpenTicket, company_id: str) -> dict[str, Any]:
        """https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/Tickets: the initial… texts only on POST.

        What we have no opinion on is left to the board. Raises RejectedError for a name the PSA does not have.
        """
        board = self._names.board(change.board)
        body: dict[str, Any] = {
            "summary": summary(change.summary),
            "company": {"id": int(number(company_id))},
            "board": {"id": board},
            "externalXRef": key,
            "billTime": _one_of("bill_time", change.bill_time, _BILL_TIMES),
            "initialInternalAnalysis": marked(change.internal, key),
            "processNotifications": False,
            "automaticEmailContactFlag": False,
            "automaticEmailResourceFlag": False,
            "automaticEmailCcFlag": False,
            "allowAllClientsPortalView": False,
        }
        if change.contact_id:
            body["contact"] = {"id": int(number(change.contact_id))}
        for member, text in (
            ("contactName", change.contact_name),
            ("contactEmailAddress", change.contact_email),
            ("contactPhoneNumber", change.contact_phone),
        ):
            if said := short(text, cap=CONTACT_CAPS[member], whole=member != "contactName"):
                body[member] = said
        if change.discussion:
            body["initialDescription"] = plain(change.discussion)
        if change.due_at:
            body["requiredDate"] = moment_text(change.due_at)
        for member in ("severity", "impact"):
            if level := getattr(change, member):
                body[member] = _one_of(member, level, _LEVELS)
        body |= self._references(change, board)
        if change.agreement and (agreement := self._names.agreement(company_id, change.agreement)):
            body["agreement"] = {"id": agreement}
        owner = self._owners.owner(change.company_id, change.owner)
        if owner:
            body["owner"] = {"id": owner[0].id}
        return body

    def _references(self, change: OpenTicket, board: int) -> dict[str, Any]:
        """Those that a ticket names, else the connection's settings."""
        settings = self._psa.settings
        usual = {"type": settings.ticket_type, "subtype": settings.ticket_subtype, "source": settings.ticket_source}
        found: dict[str, Any] = {}
        for member, (catalogue, key) in _LISTS.items():
            if name := getattr(change, key) or usual.get(key, ""):
                what = key if key in ("status", "priority") else f"ticket {key}"
                found[member] = {"id": self._names.id(what, name, _path(board, catalogue))}
        if change.location:
            found["location"] = self._names.location(change.location)
        return found

    def explained(self, error: RejectedError, change: OpenTicket, rule_id: str, action_id: str) -> RejectedError:
        """The vendor's refusal with what to write where, if it demands fields that were not given."""
        told = [self._remedy(field, change) for field in error.missing]
        if not told:
            return error
        where = f"rule {rule_id}, {action_id}"
        return RejectedError(f"{error}; {where}: {'; '.join(told)}", code=error.code, status=error.status)

    def _remedy(self, field: str, change: OpenTicket) -> str:
        member = field.partition("/")[0]
        catalogue, key = _LISTS.get(member, ("", _OTHER_KEYS.get(member, "")))
        if not key:
            return f'no rule can set "{field}"; make it optional on board "{change.board}"'
        there = ""
        if catalogue:
            path = _path(self._names.board(change.board), catalogue)
            there = f" ({', '.join(sorted(self._names.table(path).values(), key=str.casefold)[:12])})"
        usual = f", or connections.{self._psa.connection}.ticket_{key} for all" if key in _USUAL else ""
        return f'board "{change.board}" demands {key}: write {key}: …{there} under open_ticket{usual}'


_USUAL = ("type", "subtype", "source")


def _path(board: int, catalogue: str) -> str:
    return PLACES[catalogue] if catalogue in PLACES else f"{PLACES['boards']}/{board}/{catalogue}"


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise RejectedError(f"{key} {value[:40]!r} is none of {', '.join(known)}", code="BadValue")
    return value
