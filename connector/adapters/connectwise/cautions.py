"""What is set up in the PSA that would show a follow-up ticket to the customer, or mail him about it.

Only members of boards and statuses that the published description shows; what the key may not see is left out.
https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/Boards
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec import Struct

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.segments import PLACES
from connector.adapters.connectwise.wire_types import Ref
from connector.errors import AuthError, RejectedError

_SURVEYS = "/service/surveys"
T = TypeVar("T")


class WireBoard(Struct, rename="camel", gc=False):
    id: int
    name: str | None = None
    inactive_flag: bool | None = None
    send_to_contact_flag: bool | None = None


class WireShownStatus(Struct, rename="camel", gc=False):
    id: int
    name: str | None = None
    inactive: bool | None = None
    default_flag: bool | None = None
    closed_status: bool | None = None
    customer_portal_flag: bool | None = None
    email_template: Ref | None = None


class WireSurvey(Struct, rename="camel", gc=False):
    id: int
    name: str | None = None
    inactive_flag: bool | None = None


class ConnectWiseCautions:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def cautions(self, board: str, status: str, team: str) -> list[str]:  # noqa: ARG002 - a board shows it
        """See `TicketCautions.cautions`."""
        boards = _seen(lambda: list(self._psa.rows(PLACES["boards"], WireBoard, {})))
        found = next((each for each in boards if _same(each.name, board) and not each.inactive_flag), None)
        if found is None:
            return []
        path = f"{PLACES['boards']}/{found.id}/statuses"
        statuses = _seen(lambda: [s for s in self._psa.rows(path, WireShownStatus, {}) if not s.inactive])
        return [*_of_board(found), *_of_statuses(found, statuses, status), *self._of_surveys(found)]

    def _of_surveys(self, board: WireBoard) -> Iterator[str]:
        """No member of a board or status says which survey it sends; that there are surveys can be seen."""
        surveys = _seen(lambda: list(self._psa.rows(_SURVEYS, WireSurvey, {})))
        names = sorted(f'"{each.name or each.id}"' for each in surveys if not each.inactive_flag)
        if names:
            shown = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
            yield (
                f"the PSA has ticket surveys in use ({shown}): see in its workflow rules and closing templates that "
                f'board "{board.name}" sends none, or who answers is asked again'
            )


def _of_board(board: WireBoard) -> Iterator[str]:
    if board.send_to_contact_flag:
        yield (
            f'board "{board.name}" mails the contact of a ticket by itself (sendToContactFlag): name another board, '
            "or contact: text (or none) in open_ticket"
        )


def _of_statuses(board: WireBoard, statuses: list[WireShownStatus], named: str) -> Iterator[str]:
    for status in statuses:
        begins = _same(status.name, named) if named else bool(status.default_flag)
        if begins and status.customer_portal_flag:
            why = "" if named else " (its default)"
            yield (
                f'status "{status.name}" of board "{board.name}"{why} is shown in the customer portal: name another '
                "status, or keep summary and discussion harmless"
            )
        if (begins or status.closed_status) and status.email_template is not None and status.email_template.id:
            template = status.email_template.name or status.email_template.id
            yield (
                f'status "{status.name}" of board "{board.name}" has the e-mail template "{template}": see whom it '
                "mails when a ticket comes into it, and whether it holds a survey"
            )


def _same(one: str | None, other: str) -> bool:
    return (one or "").strip().casefold() == other.strip().casefold()


def _seen(read: Callable[[], list[T]]) -> list[T]:
    try:
        return read()
    except (AuthError, RejectedError):
        return []  # `check` says itself what the key may not see; surveys are many roles' blind spot
