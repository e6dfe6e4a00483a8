"""The vendor's records into the nouns of the core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connector.adapters.connectwise.wire_types import Item, Ref, WireCompany, WireContact, WireMembership
from connector.domain import Company, Contact, Membership


def contact_of(connection: str, row: WireContact) -> Contact:
    """One contact. The default address is the Email item flagged as such, else the first; phones likewise.

    `contact.defaultFlag` is not read: it marks the company's main contact, not an address.
    """
    email = phone = ""
    others: tuple[str, ...] = ()
    if row.communication_items:
        email, others, phone = _addresses(row.communication_items)
    info = row.info
    company = row.company
    return Contact(
        connection=connection,
        id=str(row.id),
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        title=row.title or "",
        email=email,
        other_emails=others,
        phone=phone,
        company_id=str(company.id) if company is not None and company.id else None,
        type_ids=_ids(row.types) if row.types else (),
        inactive=bool(row.inactive_flag),
        opted_out=row.unsubscribe_flag,
        updated_at=moment(info.last_updated) if info is not None else None,
        created_at=moment(info.date_entered) if info is not None else None,
    )


def company_of(connection: str, row: WireCompany, *, inactive_statuses: Mapping[str, bool], own: str) -> Company:
    """One company. Whether it is inactive is what its status says; `own` is our identifier, case-folded."""
    status = row.status
    default = row.default_contact
    return Company(
        connection=connection,
        id=str(row.id),
        name=row.name or row.identifier or "",
        identifier=row.identifier or "",
        type_ids=_ids(row.types) if row.types else (),
        deleted=bool(row.deleted_flag),
        inactive=inactive_statuses.get(str(status.id), False) if status is not None else False,
        own=(row.identifier or "").casefold() == own,
        vendor=bool(row.is_vendor_flag),
        lead=bool(row.lead_flag),
        opted_out=row.unsubscribe_flag,
        default_contact_id=str(default.id) if default is not None and default.id else None,
        updated_at=moment(row.info.last_updated) if row.info is not None else None,
    )


def member_contact_of(connection: str, group_id: str, row: WireMembership) -> Membership:
    return Membership(connection=connection, group_id=group_id, contact_id=str(row.id), opted_out=row.unsubscribe_flag)


def member_company_of(connection: str, group_id: str, row: WireMembership) -> Membership:
    return Membership(
        connection=connection,
        group_id=group_id,
        company_id=str(row.id),
        all_contacts=bool(row.all_contacts_flag),
        default_contact=bool(row.default_contact_flag),
        opted_out=row.unsubscribe_flag,
    )


def moment(text: str | None) -> datetime | None:
    """One of the vendor's times (UTC); None where there is none or it is not one."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _ids(types: list[Ref]) -> tuple[str, ...]:
    return tuple([str(each.id) for each in types if each.id])


def _addresses(items: list[Item]) -> tuple[str, tuple[str, ...], str]:
    """The default e-mail address, the others, and the default phone number with its extension."""
    emails: list[str] = []
    email = phone = first_phone = ""
    for item in items:
        value = item.value
        if not value:
            continue
        kind = item.communication_type
        if kind == "Email" or (kind is None and "@" in value):
            emails.append(value)
            if item.default_flag and not email:
                email = value
        elif kind == "Phone" and not phone:
            number = f"{value} x{item.extension}" if item.extension else value
            if item.default_flag:
                phone = number
            elif not first_phone:
                first_phone = number
    if emails:
        email = email or emails[0]
        if len(emails) > 1:
            others = tuple([other for other in dict.fromkeys(emails) if other != email])
            return email, others, phone or first_phone
    return email, (), phone or first_phone
