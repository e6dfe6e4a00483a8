"""Members of marketing groups. Our key stands in the row's note, so that what we added is told from what was there.

https://developer.connectwise.com/Products/ConnectWise_PSA/REST#/GroupContacts: the id of a row is the contact's.
"""

from __future__ import annotations

import logging

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.segments import GROUPS
from connector.adapters.connectwise.setup_names import SetupNames
from connector.adapters.connectwise.text import carries
from connector.adapters.connectwise.wire_types import WireGroupMember
from connector.domain import AddToGroup, Receipt

_log = logging.getLogger(__name__)


class Groups:
    def __init__(self, psa: Psa, names: SetupNames) -> None:
        self._psa, self._names = psa, names

    def find(self, key: str, change: AddToGroup) -> Receipt | None:
        """The contact's row; None where it has none. Raises RejectedError for a group that is not there."""
        group, contact_id = self._names.group(change.group), number(change.contact_id)
        query = {"conditions": f"id={contact_id}", "fields": "id,note,unsubscribeFlag"}
        for row in self._psa.rows(f"{GROUPS}/{group}/contacts", WireGroupMember, query):
            if str(row.id) != contact_id:
                continue
            if row.unsubscribe_flag:
                _log.warning("contact %s opted out of group %s and stays so", contact_id, group)
            return self._receipt(key, group, change, already_there=True, member=not carries(row.note, key))
        return None

    def add(self, key: str, change: AddToGroup) -> Receipt:
        """Without looking first."""
        group = self._names.group(change.group)
        body = {"id": int(number(change.contact_id)), "groupId": int(group), "note": key}
        self._psa.write("POST", f"{GROUPS}/{group}/contacts", body, WireGroupMember)
        return self._receipt(key, group, change, already_there=False, member=False)

    def _receipt(self, key: str, group: str, change: AddToGroup, *, already_there: bool, member: bool) -> Receipt:
        """`member`: whether the contact was in the group before us."""
        return Receipt(
            key=key,
            record_id=group,
            record_type="group",
            link=self._psa.settings.link("ContactFv", change.contact_id),
            already_there=already_there,
            before={"member": member},
        )
