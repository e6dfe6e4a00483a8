"""What else the portal is set up with: ticket pipelines, owners, the custom object's schema, the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schema, tenant
from .ask import Ask, record_id
from .associating import object_type
from .layout import ANCHOR
from .refusals import no_endpoint, refuse
from .state import Row

if TYPE_CHECKING:
    from .limits import Limits
    from .properties import Properties
    from .render import Renderer
    from .world import World


class Settings:
    """Answers /pipelines, /owners, /schemas and /account-info. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer, limits: Limits, properties: Properties) -> None:
        self._world, self._renderer, self._limits, self._properties = world, renderer, limits, properties

    def pipelines(self, ask: Ask) -> Row:
        """Answer a request on pipelines; only tickets have some."""
        if ask.method != "GET" or not ask.parts:
            raise no_endpoint()
        kind, rest = object_type(ask.parts[0]), ask.parts[1:]
        known = {row["id"]: row for row in self._world.state.pipelines} if kind == schema.TICKETS else {}
        if not rest:
            return {"results": [self._pipeline(row) for row in known.values()]}
        if rest[0] not in known:
            raise refuse(404, "OBJECT_NOT_FOUND", f"Pipeline {rest[0]} does not exist")
        shown = self._pipeline(known[rest[0]])
        return shown if len(rest) == 1 else {"results": shown["stages"]}

    def _pipeline(self, row: Row) -> Row:
        when = self._renderer.time((ANCHOR - 400 * 86400) * 1000)
        stages = [
            {
                "id": number,
                "label": label,
                "displayOrder": place,
                "metadata": {"ticketState": "CLOSED" if closed else "OPEN", "isClosed": "true" if closed else "false"},
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                "archived": False,
                "createdAt": when,
                "updatedAt": when,
            }
            for place, (number, label, closed) in enumerate(row["stages"])
        ]
        shown = {"id": row["id"], "label": row["label"], "displayOrder": 0, "stages": stages}
        return shown | {"archived": False, "createdAt": when, "updatedAt": when}

    def owners(self, ask: Ask) -> Row:
        """Answer a request on owners; those who have left are shown with archived=true only."""
        if ask.method != "GET" or len(ask.parts) > 1:
            raise no_endpoint()
        known, archived = self._world.state.owners, ask.flag("archived")
        if ask.parts:
            number = record_id(ask.parts[0])
            if ask.first("idProperty") == "userId":
                number = next((n for n, row in known.items() if row["userId"] == number), 0)
            row = known.get(number)
            if row is None or bool(row.get("archived")) is not archived:
                raise refuse(404, "OBJECT_NOT_FOUND", f"Owner {ask.parts[0]} does not exist")
            return self._owner(number, row)
        limit, after = ask.whole("limit", 100, 500), record_id(ask.first("after") or 0)
        email = ask.first("email").lower()
        found = [
            number
            for number, row in sorted(known.items())
            if bool(row.get("archived")) is archived
            and number >= after
            and (not email or row["email"].lower() == email)
        ]
        body: Row = {"results": [self._owner(number, known[number]) for number in found[:limit]]}
        if len(found) > limit:
            link = f"{ask.request.base_url}{ask.request.path}?after={found[limit]}"
            body["paging"] = {"next": {"after": str(found[limit]), "link": link}}
        return body

    def _owner(self, number: int, row: Row) -> Row:
        when = self._renderer.time((ANCHOR - 300 * 86400) * 1000)
        gone = bool(row.get("archived"))
        return {
            "id": str(number),
            "email": row["email"],
            "type": "PERSON" if row["email"] else "QUEUE",
            "firstName": row["firstName"],
            "lastName": row["lastName"],
            "userId": None if gone else row["userId"],
            "userIdIncludingInactive": row["userId"],
            "createdAt": when,
            "updatedAt": when,
            "archived": gone,
        }

    def schemas(self, ask: Ask) -> Row:
        """Answer a request on custom object schemas."""
        if ask.method != "GET" or len(ask.parts) > 1:
            raise no_endpoint()
        when = self._renderer.time((ANCHOR - 100 * 86400) * 1000)
        known = self._world.state.properties[schema.CUSTOM].values()
        shown = {
            "id": "7700001",
            "objectTypeId": schema.TYPE_IDS[schema.CUSTOM],
            "fullyQualifiedName": schema.CUSTOM_NAME,
            "name": schema.CUSTOM,
            "labels": {"singular": "NPS response", "plural": "NPS responses"},
            "primaryDisplayProperty": "nps_response_key",
            "requiredProperties": ["nps_response_key"],
            "searchableProperties": ["nps_response_key"],
            "secondaryDisplayProperties": [],
            "archived": False,
            "createdAt": when,
            "updatedAt": when,
            "properties": [self._properties.shown(schema.CUSTOM, found) for found in known],
            "associations": [],
        }
        if not ask.parts:
            return {"results": [shown]}
        if schema.NAMES.get(ask.parts[0].lower()) != schema.CUSTOM:
            raise refuse(404, "OBJECT_NOT_FOUND", f"Unable to infer object type from: {ask.parts[0]}")
        return shown

    def account(self, ask: Ask) -> Row:
        """Answer a request on the account: its id and time zone, and the calls of the day."""
        if self._world.readings["account_info"] == "refused":
            raise refuse(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.")
        if ask.parts == ["details"]:
            return {
                "portalId": tenant.PORTAL,
                "accountType": "SANDBOX",
                "timeZone": tenant.TIME_ZONE,
                "companyCurrency": "USD",
                "utcOffset": "-05:00",
                "uiDomain": "app.hubspot.example.com",
                "dataHostingLocation": "na1",
            }
        if ask.parts[:2] == ["api-usage", "daily"]:
            row = {
                "name": "private-apps-api-calls-daily",
                "usageLimit": self._world.state.daily_limit or 650_000,
                "currentUsage": self._limits.used(),
                "collectedAt": self._renderer.time(self._world.millis()),
                "fetchStatus": "SUCCESS",
                "resetsAt": f"{self._limits.day()}T23:59:59Z",
            }
            return {"results": [row]}
        raise no_endpoint()
