"""Which company is the house itself: where internal tickets are opened."""

from __future__ import annotations

import re
from functools import cached_property

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.wire_types import WireCompany
from connector.errors import RejectedError

COMPANIES = "/company/companies"
# The one text of an admin's file that goes into a condition, and only if nothing in it could end the string.
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,30}")


class OwnCompany:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa

    @cached_property
    def id(self) -> str:
        """Raises RejectedError where no company has the identifier, or more than one."""
        settings = self._psa.settings
        written = settings.own_company or settings.company
        found = self._called(f'identifier="{written}"') if _PLAIN.fullmatch(written) else []
        # Whether `=` minds upper case is not documented.
        found = found or self._called("")
        if len(found) != 1:
            how = f"{len(found)} companies have" if found else "no company has"
            raise RejectedError(
                f'{how} the identifier "{written[:60]}"; write that of your own company under '
                f"connections.{self._psa.connection}.own_company",
                code="UnknownName",
            )
        return found[0]

    def _called(self, condition: str) -> list[str]:
        query = {"fields": "id,identifier,deletedFlag", **({"conditions": condition} if condition else {})}
        return [
            str(row.id)
            for row in self._psa.rows(COMPANIES, WireCompany, query)
            if (row.identifier or "").casefold() == self._psa.settings.own_identifier and not row.deleted_flag
        ]
