"""Communication preferences: who wants which mail (facts 4). Basic: statuses, subscribe and unsubscribe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schema, tenant
from .ask import Ask
from .refusals import invalid, no_endpoint
from .state import Row

if TYPE_CHECKING:
    from .world import World

_KINDS = {tenant.SURVEY_SUBSCRIPTION: "Customer surveys", tenant.NEWS_SUBSCRIPTION: "Newsletter"}


class Consent:
    """Answers /communication-preferences/…. Call under the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, ask: Ask) -> Row:
        """Answer one request; v3 and v4 (and the dated form, which is v4's) have paths of their own."""
        parts, method = ask.parts, ask.method
        if method == "GET" and parts == ["definitions"]:
            rows = [
                {"id": number, "name": name, "isActive": True, "isDefault": False, "communicationMethod": "Email"}
                for number, name in _KINDS.items()
            ]
            return {"subscriptionDefinitions": rows} if ask.old == "v3" else {"results": rows}
        if ask.old == "v3":
            return self._third(ask)
        if method == "GET" and len(parts) == 2 and parts[0] == "statuses":
            return {"results": self._statuses(parts[1])}
        if method == "POST" and parts == ["statuses", "batch", "read"]:
            rows = [
                {"subscriberIdString": str(address), "statuses": self._statuses(str(address))}
                for address in ask.object().get("inputs") or ()
            ]
            return {"status": "COMPLETE", "results": rows}
        if len(parts) == 3 and parts[0] == "statuses" and parts[2] == "unsubscribe-all":
            if method == "POST":
                self._set(parts[1], "*", "UNSUBSCRIBED")
            out = self._out_of_all(parts[1])
            row = {"subscriberIdString": parts[1], "wideStatusType": "PORTAL_WIDE", "channel": "EMAIL"}
            return {"results": [row | {"status": "UNSUBSCRIBED"}] if out else []}
        raise no_endpoint()

    def _third(self, ask: Ask) -> Row:
        if ask.method == "GET" and len(ask.parts) == 3 and ask.parts[:2] == ["status", "email"]:
            rows = [
                {
                    "id": row["subscriptionId"],
                    "name": row["subscriptionName"],
                    "status": row["status"].replace("UNSUBSCRIBED", "NOT_SUBSCRIBED"),
                    "sourceOfStatus": row["source"],
                }
                for row in self._statuses(ask.parts[2])
            ]
            return {"recipient": ask.parts[2], "subscriptionStatuses": rows}
        if ask.method == "POST" and ask.parts in (["subscribe"], ["unsubscribe"]):
            given = ask.object()
            address, number = str(given.get("emailAddress", "")), str(given.get("subscriptionId", ""))
            if number not in _KINDS or not address:
                raise invalid("emailAddress and a known subscriptionId are required")
            if ask.parts == ["subscribe"] and self._status(address, number) == "UNSUBSCRIBED":
                raise invalid(f"Cannot resubscribe {number}: the recipient has opted out")
            self._set(address, number, "SUBSCRIBED" if ask.parts == ["subscribe"] else "UNSUBSCRIBED")
            return {"recipient": address, "id": number, "status": self._status(address, number)}
        raise no_endpoint()

    def _statuses(self, address: str) -> list[Row]:
        return [
            {
                "subscriberIdString": address,
                "subscriptionId": number,
                "subscriptionName": name,
                "channel": "EMAIL",
                "status": self._status(address, number),
                "source": "PUBLIC_STATUS_API",
                "legalBasis": None,
            }
            for number, name in _KINDS.items()
        ]

    def _status(self, address: str, number: str) -> str:
        if self._out_of_all(address):
            return "UNSUBSCRIBED"
        return self._world.state.consent.get(address.lower(), {}).get(number, "NOT_SPECIFIED")

    def _out_of_all(self, address: str) -> bool:
        if self._world.state.consent.get(address.lower(), {}).get("*") == "UNSUBSCRIBED":
            return True
        number = self._world.holder(schema.CONTACTS, "email", address)
        record = self._world.stores[schema.CONTACTS].live(number) if number else None
        return record is not None and record.properties.get("hs_email_optout") == "true"

    def _set(self, address: str, number: str, status: str) -> None:
        """Keep a status; out of all mail shows on the contact too, which is a change of it."""
        kept = self._world.state.consent.get(address.lower(), {})
        self._world.state.consent[address.lower()] = {**kept, number: status}
        contact = self._world.holder(schema.CONTACTS, "email", address)
        if contact and number == "*":
            self._world.edit(schema.CONTACTS, contact, {"hs_email_optout": "true"})
        elif contact and number == tenant.SURVEY_SUBSCRIPTION:
            out = "true" if status == "UNSUBSCRIBED" else "false"
            self._world.edit(schema.CONTACTS, contact, {"hs_email_optout_7001": out})
