"""The vendor's records into the nouns of the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, cast

from msgspec import UNSET

from connector.adapters.hubspot.settings import HubSpotSettings
from connector.adapters.hubspot.wire_types import (
    CompanyProperties,
    ContactProperties,
    WireObject,
    WirePage,
    member_of,
    names_of,
    with_property,
)
from connector.adapters.transport.meaning import one_line
from connector.domain import Company, Contact

ContactRow = WireObject[ContactProperties]
CompanyRow = WireObject[CompanyProperties]
SUBSCRIPTION = "hs_email_optout_{}"


class Contacts:
    """How contacts are asked for and read, by the properties that the settings name."""

    def __init__(self, settings: HubSpotSettings, connection: str) -> None:
        self._connection = connection
        known = with_property(ContactProperties, "kind", settings.contact_type)
        subscription = SUBSCRIPTION.format(settings.subscription) if settings.subscription else ""
        if subscription:
            known = with_property(known, "subscription", subscription)
        self._kind = _member(known, settings.contact_type)
        self._subscription = _member(known, subscription) if subscription else None
        self.properties = names_of(known)
        self.page: type[WirePage[ContactRow]] = WirePage[WireObject[known]]  # type: ignore[valid-type]

    def contact(self, row: ContactRow) -> Contact:
        p = row.properties
        kind = self._kind(p)
        return Contact(
            connection=self._connection,
            id=row.id,
            first_name=p.first_name or "",
            last_name=p.last_name or "",
            title=p.title or "",
            email=p.email or "",
            other_emails=_emails(p.additional_emails, p.email) if p.additional_emails else (),
            phone=p.phone or "",
            company_id=p.company or None,
            type_ids=_values(kind) if kind else (),
            opted_out=self._opted_out(p),
            updated_at=moment(row.updated_at),
            created_at=moment(row.created_at),
            undeliverable=_undeliverable(p),
        )

    def merged(self, rows: Iterable[ContactRow]) -> dict[str, str]:
        """The ids of contacts that were merged into one of these, each with the id of that one."""
        found: dict[str, str] = {}
        for row in rows:
            p = row.properties
            if p.merged or p.merged_vids:
                for old in _swallowed(p.merged) + _swallowed(p.merged_vids):
                    if old != row.id:
                        found[old] = row.id
        return found

    def _opted_out(self, p: ContactProperties) -> bool | None:
        """Unset is no; a property that the answer leaves out is unknown, for it may be hidden from the key."""
        of_all = _flag(p.optout)
        if self._subscription is None or of_all:
            return of_all
        of_this = _flag(self._subscription(p))
        return True if of_this else (None if of_all is None or of_this is None else False)


class Companies:
    def __init__(self, settings: HubSpotSettings, connection: str) -> None:
        self._connection = connection
        known = with_property(CompanyProperties, "kind", settings.company_type)
        self._kind = _member(known, settings.company_type)
        self._own = settings.own_company.strip().casefold()
        self.properties = names_of(known)
        self.page: type[WirePage[CompanyRow]] = WirePage[WireObject[known]]  # type: ignore[valid-type]

    def company(self, row: CompanyRow) -> Company:
        p = row.properties
        kind = self._kind(p)
        domain = p.domain or ""
        return Company(
            connection=self._connection,
            id=row.id,
            name=p.name or domain,
            identifier=domain,
            type_ids=_values(kind) if kind else (),
            own=bool(self._own) and self._own in (row.id, domain.casefold()),
            updated_at=moment(row.updated_at),
        )


def moment(value: str | int | None) -> datetime | None:
    """One of the vendor's times: ISO with or without a fraction, or milliseconds since 1970; None if it is neither."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int) or value.isdecimal():
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _member(properties: type[Any], name: str) -> Callable[[Any], str | None]:
    """Reads the property of that name; None where it is unset or was not shown."""
    return cast("Callable[[Any], str | None]", attrgetter(cast("str", member_of(properties, name))))


def _values(value: Any) -> tuple[str, ...]:
    """The values of a property that may have several (`a;b`)."""
    if value is UNSET:
        return ()
    if ";" not in value:
        return (value,)
    return tuple(dict.fromkeys(part for each in value.split(";") if (part := each.strip())))


def _flag(value: Any) -> bool | None:
    if value is UNSET:
        return None
    return bool(value) and value.lower() == "true"


def _emails(value: str, main: str | None) -> tuple[str, ...]:
    others = dict.fromkeys(part for each in value.split(";") if (part := each.strip()))
    return tuple(each for each in others if each != main)


def _undeliverable(p: ContactProperties) -> str:
    """Why HubSpot does not deliver to the address, the surest first."""
    if p.bounce or p.bounce_text:
        return f"hard bounce: {one_line(p.bounce or p.bounce_text, cap=120)}"
    if _flag(p.quarantined):
        why = one_line(p.quarantined_why, cap=120)
        return f"quarantined: {why}" if why else "quarantined"
    return "bad address" if _flag(p.bad_address) else ""


def _swallowed(value: str | None) -> list[str]:
    """Ids out of `12;34` or `12:1700000000000;34:…`; anything else in it is passed over."""
    ids = [each.partition(":")[0].strip() for each in (value or "").split(";")]
    return [each for each in ids if each.isascii() and each.isdigit()]
