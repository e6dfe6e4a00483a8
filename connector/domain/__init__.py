"""The nouns. Values only: frozen, keyword-only, standard library only.

Every word here is in docs/glossary.md with the same meaning. Identity of a contact or company is
(connection, id as the CRM gives it, always text), never an e-mail address. One module for each subject; everybody
imports from here.
"""

from connector.domain.added import ADDED
from connector.domain.changes import (
    CHANGES,
    KIND_OF_CHANGE,
    AddNote,
    AddToGroup,
    Change,
    CreateTask,
    JoinTicket,
    Notify,
    OpenTicket,
    RecordResponse,
    SetField,
    UpdateTicket,
)
from connector.domain.decisions import REASON_TEXT, Decision, Finding, Reason
from connector.domain.people import Company, Contact, Facet, Membership, Segment
from connector.domain.responses import Band, Response
from connector.domain.tickets import FollowUp, FollowUpState, TicketState, TicketStatus
from connector.domain.write_backs import EffectClass, Mode, Receipt, WriteBack, WriteBackState

__all__ = [
    "ADDED",
    "CHANGES",
    "KIND_OF_CHANGE",
    "REASON_TEXT",
    "AddNote",
    "AddToGroup",
    "Band",
    "Change",
    "Company",
    "Contact",
    "CreateTask",
    "Decision",
    "EffectClass",
    "Facet",
    "Finding",
    "FollowUp",
    "FollowUpState",
    "JoinTicket",
    "Membership",
    "Mode",
    "Notify",
    "OpenTicket",
    "Reason",
    "Receipt",
    "RecordResponse",
    "Response",
    "Segment",
    "SetField",
    "TicketState",
    "TicketStatus",
    "UpdateTicket",
    "WriteBack",
    "WriteBackState",
]
