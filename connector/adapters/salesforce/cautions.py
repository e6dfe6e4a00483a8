"""What would show a follow-up case to the customer, keep cases from being opened, or leave one to nobody.

What an org mails by its own flows and rules cannot be read through this API; docs/salesforce.md says where to look.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.adapters.salesforce.case_names import CaseNames
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.keyed import key_field
from connector.errors import AuthError, RejectedError


class SalesforceCautions:
    def __init__(self, org: Org) -> None:
        self._org, self._names = org, CaseNames(org)

    def cautions(self, board: str, status: str, team: str) -> list[str]:
        """See `TicketCautions.cautions`. Board is a record type; empty: the user's default. Team is a queue."""
        try:
            case = self._org.described("Case")
        except AuthError:
            return []
        if case is None:
            return ["the connector's user sees no cases, so none can be opened; give it create, read and edit on Case"]
        return [*self._of_the_org(case), *self._of_the_status(board, status), *self._of_the_owner(team)]

    def _of_the_org(self, case: Described) -> Iterator[str]:
        if not case.wire.createable:
            yield "the connector's user may not create cases; give it create and edit on Case"
        if key_field(self._org, "Case") is None:
            yield (
                f"Case has no field {self._org.settings.key_field} that the connector's user may write, so no case is "
                "opened; deploy docs/salesforce and give the user the permission set NPS Connector"
            )
        comments = case.find("Comments")
        if comments is None or not comments.createable:
            yield (
                "cases take no internal comment (Case.Comments is not there for the connector's user), so score and "
                "words go into the description, which customers see in a portal; switch case comments on or show it"
            )
        if self._org.settings.auto_assign:
            yield (
                "auto_assign is on: the org's assignment rule overrules the owner that a rule names, and may mail the "
                "new owner by its template; leave auto_assign out"
            )

    def _of_the_owner(self, team: str) -> Iterator[str]:
        if not team and not self._org.settings.auto_assign:
            yield (
                "a case that nobody of `owner` can take belongs to the connector's own user: nobody has it in a list, "
                "and nobody is reminded of it; name a queue for it (team: … under open_ticket)"
            )

    def _of_the_status(self, board: str, status: str) -> Iterator[str]:
        if not status:
            return
        try:
            closing = self._names.closes(status)
        except (AuthError, RejectedError):
            return
        if closing:
            where = board or "the default record type"
            yield f'{where}: a case opened as "{status}" counts as closed at once, so nobody would follow it up'
