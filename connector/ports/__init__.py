"""The protocols between the core and the adapters, and the small values that cross them.

An adapter says by data (`AdapterSpec`) which ports, facets and changes it serves; nobody asks `isinstance`. One module
for each subject; everybody imports from here.
"""

from connector.ports.adapter import AdapterSpec, Context, Ports
from connector.ports.answers import BadRow, HistoryKind, HistoryRow, HistorySource, RawAnswer, ResponseSource
from connector.ports.hints import Ear, Heard, HintSource, Seen
from connector.ports.pulling import ContactSource, Coverage, Cursor, OwnerFound, Page, Reconciled, Scope, Selection
from connector.ports.setup import FieldSetup, FieldState, NeededField
from connector.ports.wire import Answer, Call, OpenWire, Vault, Wire
from connector.ports.writing import (
    ChangeSink,
    ChangeUndo,
    Outcome,
    Superseded,
    TicketCautions,
    TicketWatch,
    Undo,
    Undone,
    UndoOutcome,
    in_hand,
)

__all__ = [
    "AdapterSpec",
    "Answer",
    "BadRow",
    "Call",
    "ChangeSink",
    "ChangeUndo",
    "ContactSource",
    "Context",
    "Coverage",
    "Cursor",
    "Ear",
    "FieldSetup",
    "FieldState",
    "Heard",
    "HintSource",
    "HistoryKind",
    "HistoryRow",
    "HistorySource",
    "NeededField",
    "OpenWire",
    "Outcome",
    "OwnerFound",
    "Page",
    "Ports",
    "RawAnswer",
    "Reconciled",
    "ResponseSource",
    "Scope",
    "Seen",
    "Selection",
    "Superseded",
    "TicketCautions",
    "TicketWatch",
    "Undo",
    "UndoOutcome",
    "Undone",
    "Vault",
    "Wire",
    "in_hand",
]
