"""The vendor's records into the nouns of the core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connector.adapters.salesforce.columns import Columns
from connector.adapters.salesforce.soql import long_id
from connector.adapters.salesforce.wire_types import WireAccount, WireContact, WireMember
from connector.adapters.transport.meaning import one_line
from connector.domain import Company, Contact, Membership

_WORDS = 200


def contact_of(connection: str, row: WireContact, columns: Columns[WireContact]) -> Contact:
    """One contact. `updated_at` is LastModifiedDate: a bounce flagged by the system moves only SystemModstamp."""
    email = row.email or ""
    others = columns.others(row)
    return Contact(
        connection=connection,
        id=row.id,
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        title=row.title or "",
        email=email,
        other_emails=tuple([other for other in others if other != email]) if others else (),
        phone=row.phone or row.mobile_phone or "",
        company_id=row.account_id or None,
        type_ids=columns.kind(row),
        inactive=columns.inactive(row),
        opted_out=columns.opted_out(row),
        updated_at=moment(row.last_modified_date),
        created_at=moment(row.created_date),
        undeliverable=_undeliverable(row)
        if row.is_email_bounced or (row.is_email_bounced is None and row.email_bounced_date)
        else "",
    )


def company_of(connection: str, row: WireAccount, columns: Columns[WireAccount], *, own: str) -> Company:
    """One account. `own` is our own company's name, case-folded, or its 18-character id."""
    name = row.name or ""
    return Company(
        connection=connection,
        id=row.id,
        name=name,
        identifier=row.account_number or "",
        type_ids=columns.kind(row),
        deleted=bool(row.is_deleted),
        inactive=columns.inactive(row),
        opted_out=columns.opted_out(row),
        own=bool(own) and own in (row.id, name.strip().casefold()),
        updated_at=moment(row.last_modified_date),
    )


def member_of(connection: str, row: WireMember, *, opted_out: frozenset[str]) -> Membership:
    """One member; `opted_out` are the statuses, case-folded, that mean: out of this campaign."""
    return Membership(
        connection=connection,
        group_id=row.campaign_id,
        contact_id=row.contact_id,
        opted_out=(row.status or "").strip().casefold() in opted_out,
    )


def own_name(written: str) -> str:
    """What is written under own_company, as `company_of` compares it."""
    text = written.strip()
    is_account = len(text) in (15, 18) and text.startswith("001") and text.isalnum()
    return long_id(text) if is_account else text.casefold()


def survivors(merged: Mapping[str, str]) -> dict[str, str]:
    """Each merged contact with the one at the end of its chain of merges."""
    found: dict[str, str] = {}
    for old in merged:
        seen, last = {old}, merged[old]
        while last in merged and last not in seen:
            seen.add(last)
            last = merged[last]
        if last != old:
            found[old] = last
    return found


def moment(text: str | None) -> datetime | None:
    """One of the vendor's times (`…000+0000` by REST, `…000Z` by Bulk); None where there is none or it is not one."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _undeliverable(row: WireContact) -> str:
    """https://help.salesforce.com/s/articleView?id=sf.emailadmin_deliverability.htm: bounce management flags them."""
    at = moment(row.email_bounced_date)
    begun = f"bounced on {at.date().isoformat()}" if at is not None else "bounced"
    reason = one_line(row.email_bounced_reason, cap=_WORDS)
    return f"{begun}: {reason}" if reason else begun
