"""What screening reads and what it says: the two streams that go in, and the one that comes out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from connector.domain import Company, Contact, Finding
from connector.sync.address import Address, AddressKind

NOBODY: frozenset[str] = frozenset()


class Glance(NamedTuple):
    """The first look at every contact of the connection, in any order; and at those of other connections who opted out.

    Those bear the id `connection/id`, and neither company nor name: their opt-out is all that counts here.

    `opted_out`: an opt-out of any level holds for this contact: its own, its company's, of one of the audience's
    groups, or a local suppression. It binds everyone of the same person or address. `active`: neither the contact nor
    its company is inactive or deleted; only an active contact's personal address makes a role address superfluous.
    """

    contact_id: str
    company_id: str | None
    person_id: str | None
    address_key: str
    address_kind: AddressKind
    name_key: str
    opted_out: bool
    touched_at: datetime | None = None
    active: bool = True


class Candidate(NamedTuple):
    """The second look: everything one decision needs. The contact ids are those of the glances.

    `groups` and `group_opt_outs` come from `groups.expand`. `suppressed` is the reason of a local suppression of the
    contact, its person or its address. `bounced_at`: this very address bounced for good. `last_asked_at`: when this
    person or this address was last asked, the later of the two. `name_key` None: it is worked out here.
    `touched_at`: the last change that was not ours; None: the CRM's own update date. `gone`: the CRM no longer
    shows it.
    """

    contact: Contact
    company: Company | None
    address: Address
    person_id: str | None = None
    groups: frozenset[str] = NOBODY
    group_opt_outs: frozenset[str] = NOBODY
    suppressed: str | None = None
    bounced_at: datetime | None = None
    last_asked_at: datetime | None = None
    name_key: str | None = None
    touched_at: datetime | None = None
    gone: bool = False


class Screened(NamedTuple):
    """One contact after screening. No findings: eligible, so far; the caps come next."""

    contact_id: str
    person_id: str | None
    company_id: str | None
    company_name: str
    email: str
    address: Address
    last_asked_at: datetime | None
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
