"""What the vendor makes of a ticket and its notes, and whom it would mail about them (facts 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .refusals import invalid
from .state import Row
from .tenant import HELP_DESK

if TYPE_CHECKING:
    from .world import World

_NOTES = (
    ("initialDescription", "detailDescriptionFlag"),
    ("initialInternalAnalysis", "internalAnalysisFlag"),
    ("initialResolution", "resolutionFlag"),
)
_DEMANDED = {"none": (), "type": ("type",), "many": ("type", "subType", "item", "source", "location")}
SECTIONS = tuple(flag for _, flag in _NOTES)


def board_of(world: World, given: Row) -> int:
    """Return the board a body names, the tenant's own choice if it names none."""
    board = given.get("board")
    if board is None:
        return HELP_DESK
    table = world.tables["boards"]
    if isinstance(board, dict):
        number, name = board.get("id"), board.get("name")
        for known in table.ids(0):
            row = table.row(0, known) or {}
            if str(known) == str(number) or (number is None and row["name"].casefold() == str(name).casefold()):
                return known
    raise invalid("ticket", ("NotFound", "Board not found", "board/id"))


def ticket(world: World, _: int, row: Row, old: Row | None) -> Row:
    given = row
    row = {**_defaults(world, row), **row}
    row["summary"] = _summary(world, row["summary"])
    missing = [name for name in _DEMANDED[world.readings["ticket_mandatory_fields"]] if name not in given]
    if missing:
        raise invalid("ticket", *(("MissingRequiredField", f"The {name} field is required.", name) for name in missing))
    status = world.tables["statuses"].row(row["board"], row["status"])
    if status is None:
        message = f"Service Status not found for Service Board {row['board']}"
        raise invalid("ticket", ("NotFound", message, "status/id"))
    row = _with_contact(world, row, old)
    closed = bool(status["closedStatus"])
    if closed and not row.get("closedFlag"):
        row.update(closedDate=world.written_now(), closedBy=row.get("closedBy", "npsapi"))
    if not closed:
        row.pop("closedDate", None)
        row.pop("closedBy", None)
    row["closedFlag"] = closed
    return row


def created(world: World, row: Row) -> None:
    """Turn the initial texts into notes, and note the mail that the contact would get."""
    notes = world.tables["ticket_notes"]
    for name, flag in _NOTES:
        if row.get(name):
            body = {"text": row[name], "_info": row["_info"], flag: True}
            number = notes.new_id()
            stored = note(world, row["id"], body, None) | {"id": number}
            notes.put(row["id"], number, stored)
    if row.get("processNotifications", True):
        _mail(world, row, "ticket created with processNotifications")
    elif row.get("automaticEmailContactFlag"):
        _mail(world, row, "ticket created with automaticEmailContactFlag")


def changed(world: World, old: Row, row: Row) -> None:
    """A change of status mails the contact of a ticket that has automatic mail on."""
    if row.get("automaticEmailContactFlag") and old["status"] != row["status"]:
        _mail(world, row, "status changed with automaticEmailContactFlag")


def note(world: World, parent: int, row: Row, _: Row | None) -> Row:
    sections = [flag for flag in SECTIONS if row.get(flag)]
    if len(sections) != 1 and world.readings["note_sections"] == "exactly_one":
        raise invalid("serviceNote", ("InvalidField", "Exactly one section of the note must be set.", SECTIONS[0]))
    flags = {flag: bool(row.get(flag)) for flag in SECTIONS}
    if not sections:
        flags["detailDescriptionFlag"] = True
    internal = flags["internalAnalysisFlag"]
    defaults = {"issueFlag": False, "customerUpdatedFlag": False}
    return {
        **defaults,
        **row,
        **flags,
        "text": _text(world, row["text"]),
        "ticketId": parent,
        "dateCreated": row["_info"]["dateEntered"],
        "createdBy": row["_info"]["enteredBy"],
        "internalFlag": internal,
        "externalFlag": not internal,
    }


def note_created(world: World, parent: int, row: Row) -> None:
    tickets = world.tables["tickets"]
    ticket_row = tickets.row(0, parent)
    if ticket_row is None:
        return
    asked = row.get("processNotifications", world.readings["note_mails_by_default"] == "yes")
    shown = row["detailDescriptionFlag"] or row["resolutionFlag"]
    if asked:
        _mail(world, ticket_row, "note created with processNotifications")
    elif ticket_row.get("automaticEmailContactFlag") and shown:
        _mail(world, ticket_row, "visible note on a ticket with automaticEmailContactFlag")


def close(world: World, number: int, by: str) -> bool:
    """Close a ticket as a person would; return whether there was one."""
    tickets = world.tables["tickets"]
    row = tickets.row(0, number)
    if row is None:
        return False
    statuses = world.tables["statuses"]
    rows = (statuses.row(row["board"], n) or {} for n in statuses.ids(row["board"]))
    closed = next(status["id"] for status in rows if status.get("closedStatus"))
    change = {"status": closed, "closedFlag": True, "closedDate": world.written_now(), "closedBy": by}
    tickets.put(0, number, world.restamped({**row, **change}, by=by))
    return True


def merge(world: World, number: int, into: int, by: str) -> bool:
    """Merge a ticket into another: it is closed and names its parent. Return whether both exist."""
    tickets = world.tables["tickets"]
    parent = tickets.row(0, into)
    if number == into or parent is None or not close(world, number, by):
        return False
    row = tickets.row(0, number) or {}
    tickets.put(0, number, world.restamped({**row, "mergedParentTicket": into}, by=by))
    tickets.put(0, into, world.restamped({**parent, "hasMergedChildTicketFlag": True}, by=by))
    return True


def _defaults(world: World, row: Row) -> Row:
    board = row.get("board", HELP_DESK)
    statuses = world.tables["statuses"]
    rows = [statuses.row(board, n) or {} for n in statuses.ids(board)]
    first = next((status["id"] for status in rows if status.get("defaultFlag")), 0)
    return {
        "recordType": "ServiceTicket",
        "board": board,
        "status": first,
        "priority": 3,
        "severity": "Medium",
        "impact": "Medium",
        "allowAllClientsPortalView": False,
        "customerUpdatedFlag": False,
        "automaticEmailContactFlag": world.readings["automatic_email_default"] == "on",
        "automaticEmailResourceFlag": False,
        "automaticEmailCcFlag": False,
        "approved": False,
        "hasChildTicket": False,
        "hasMergedChildTicketFlag": False,
        "closedFlag": False,
        "location": 2,
        "department": 10,
        "customFields": {},
    }


def _with_contact(world: World, row: Row, old: Row | None) -> Row:
    number = row.get("contact")
    if not isinstance(number, int) or (old is not None and old.get("contact") == number):
        return row
    person = world.tables["contacts"].row(0, number) or {}
    if person.get("company") != row["company"] and world.readings["ticket_contact_elsewhere"] == "error":
        raise invalid("ticket", ("InvalidField", "The contact does not belong to the company.", "contact/id"))
    address = mail_address(person)
    filled: Row = {"contactName": f"{person.get('firstName', '')} {person.get('lastName', '')}".strip()[:62]}
    if address:
        filled["contactEmailAddress"] = address
    if person.get("defaultPhoneNbr"):
        filled["contactPhoneNumber"] = str(person["defaultPhoneNbr"])[:20]
    given = {name: value for name, value in row.items() if name in filled and old is None}
    return {**row, **filled, **given}


def mail_address(person: Row) -> str:
    """Return the contact's default address, else the first one."""
    items = [item for item in person.get("communicationItems", ()) if item["communicationType"] == "Email"]
    items.sort(key=lambda item: not item.get("defaultFlag"))
    return str(items[0]["value"]) if items else ""


def _summary(world: World, text: str) -> str:
    if len(text) > 100:
        if world.readings["summary_over_100"] == "error":
            message = "The field summary must be a string with a maximum length of 100."
            raise invalid("ticket", ("InvalidField", message, "summary"))
        text = text[:100]
    # Line breaks are not supported in single-line members (facts 4.3).
    return " ".join(text.splitlines())


def _text(world: World, text: Any) -> str:
    words = str(text)
    return words if world.readings["ticket_text_newlines"] == "kept" else " ".join(words.splitlines())


def _mail(world: World, row: Row, why: str) -> None:
    """Write down what a real server would have sent to the customer's contact."""
    to = row.get("contactEmailAddress")
    if to:
        world.state.mails.append({"ticketId": row["id"], "to": to, "why": why, "at": world.written_now()})
