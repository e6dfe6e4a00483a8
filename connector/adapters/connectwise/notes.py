"""Notes that carry our key at their end, on contacts and on tickets."""

from __future__ import annotations

import logging
from dataclasses import replace

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.meaning import is_missing
from connector.adapters.connectwise.text import carries, marked
from connector.adapters.connectwise.wire_types import WireNote
from connector.domain import Receipt
from connector.errors import RejectedError

Before = dict[str, str | int | float | bool | None]
_log = logging.getLogger(__name__)


class Notes:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    def find(self, on: str, parent_id: str, key: str) -> Receipt | None:
        """The note with this key on that contact or ticket; None also where the parent is not there."""
        try:
            for row in self._psa.rows(_path(on, parent_id), WireNote, {"fields": "id,text"}):
                if carries(row.text, key):
                    return self._receipt(on, parent_id, key, row.id, already_there=True)
        except RejectedError as error:
            if not is_missing(error):
                raise
        return None

    def add(
        self, on: str, parent_id: str, key: str, text: str, *, internal: bool = True, before: Before | None = None
    ) -> Receipt:
        """Write it, without looking first. `before` is what was overwritten together with it.

        https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/TicketNotes: exactly one section flag;
        `processNotifications` is true unless it is sent.
        """
        body: dict[str, object] = {"text": marked(text, key)}
        if on == "ticket":
            body |= {
                "detailDescriptionFlag": not internal,
                "internalAnalysisFlag": internal,
                "resolutionFlag": False,
                "customerUpdatedFlag": False,
                "processNotifications": False,
            }
        row = self._psa.write("POST", _path(on, parent_id), body, WireNote)
        if row.text is not None and not carries(row.text, key):
            _log.warning("note %s on %s %s lost its key %s: the tenant cut the text", row.id, on, parent_id, key)
        return replace(self._receipt(on, parent_id, key, row.id, already_there=False), before=before)

    def _receipt(self, on: str, parent_id: str, key: str, note_id: int, *, already_there: bool) -> Receipt:
        return Receipt(
            key=key,
            record_id=str(note_id),
            record_type=f"{on}_note",
            link=self._psa.settings.link("ServiceFv" if on == "ticket" else "ContactFv", parent_id),
            already_there=already_there,
        )


def _path(on: str, parent_id: str) -> str:
    parents = {"contact": "/company/contacts", "ticket": "/service/tickets"}
    if on not in parents:
        raise RejectedError(f"a note goes on a contact or a ticket, not on {on[:20]!r}", code="BadParent")
    return f"{parents[on]}/{number(parent_id)}/notes"
