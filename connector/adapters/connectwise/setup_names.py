"""Names of the tenant's set-up, as admins write them, made ids: each table is read once in a session."""

from __future__ import annotations

import logging

from connector.adapters.connectwise.client import Psa
from connector.adapters.connectwise.conditions import number
from connector.adapters.connectwise.segments import GROUPS, LOCATIONS, PLACES, named, resolve
from connector.adapters.connectwise.wire_types import WireNamed
from connector.errors import AuthError, RejectedError

AGREEMENTS = "/finance/agreements"
_log = logging.getLogger(__name__)


class SetupNames:
    def __init__(self, psa: Psa) -> None:
        self._psa = psa
        self._tables: dict[str, dict[str, str]] = {}
        self._agreements: dict[tuple[str, str], str | None] = {}

    def id(self, what: str, name: str, path: str) -> int:
        """The id of a name in the table at a path; raises RejectedError that names the nearest."""
        return int(resolve(what, name, self.table(path)))

    def table(self, path: str) -> dict[str, str]:
        """Names by id."""
        if path not in self._tables:
            self._tables[path] = named(self._psa, path)
        return self._tables[path]

    def board(self, name: str) -> int:
        return self.id("board", name, PLACES["boards"])

    def group(self, name: str) -> str:
        return resolve("marketing group", name, self.table(GROUPS))

    def location(self, name: str) -> dict[str, object]:
        """By id where locations may be listed, else by name for the PSA to resolve."""
        try:
            return {"id": self.id("location", name, LOCATIONS)}
        except AuthError as error:
            _log.info("locations are not visible, so %r is sent by its name: %s", name, error)
        except RejectedError as error:
            if error.code == "UnknownName":
                raise
            _log.info("locations cannot be listed, so %r is sent by its name: %s", name, error)
        return {"name": name}

    def agreement(self, company_id: str, name: str) -> int | None:
        """The company's agreement of this name; None, with a warning, where it has none or they are not visible.

        Agreements are each company's own, so a follow-up is not refused for the want of one.
        """
        if (company_id, name) not in self._agreements:
            self._agreements[company_id, name] = self._find_agreement(company_id, name)
        found = self._agreements[company_id, name]
        return int(found) if found else None

    def _find_agreement(self, company_id: str, name: str) -> str | None:
        query = {"conditions": f"company/id={number(company_id)}", "fields": "id,name"}
        try:
            rows = {str(row.id): row.name or "" for row in self._psa.rows(AGREEMENTS, WireNamed, query)}
            return resolve("agreement", name, rows)
        except (AuthError, RejectedError) as error:
            _log.warning("company %s: the ticket is opened without an agreement: %s", company_id, error)
            return None
