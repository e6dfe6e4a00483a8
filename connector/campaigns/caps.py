"""How often and how many: the cool-down of a person and the seats of a company. Follows screening in the stream.

The stage knows nothing of screening but the few values it reads (`ScreenedContact`).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from connector.campaigns.settings import Caps
from connector.domain import Decision, Finding, Reason

LOT = 16
"""Bytes of a lot."""


class ScreenedContact(Protocol):
    """One contact after screening; without findings it is eligible."""

    @property
    def contact_id(self) -> str: ...
    @property
    def person_id(self) -> str | None: ...
    @property
    def company_id(self) -> str | None: ...
    @property
    def last_asked_at(self) -> datetime | None: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def notes(self) -> tuple[Finding, ...]: ...


def cap(
    screened: Iterable[ScreenedContact],
    caps: Caps,
    now: datetime,
    seed: str,
    wave: str,
    *,
    rule: str = "caps",
    elsewhere: Callable[[str], Finding | None] | None = None,
) -> Iterator[Decision]:
    """Exactly one Decision for each screened contact; the invited ones come last.

    Who was asked within the cool-down waits; so do those of whom `elsewhere` says that another audience invites them
    (it is asked once for each). Of one company the `per_company` longest not asked are kept (by day;
    never asked comes first), ties by `lot`: a further contact takes a seat or does not, but reshuffles nobody else.
    Contacts without a company have no company's quota. Keeps at most the invited in memory.
    """
    seats: dict[str, list[bytes]] = {}
    noted: dict[str, tuple[Finding, ...]] = {}  # few contacts have notes; a seat stays plain bytes without them
    key, prefix, per_company = lot_key(seed), f"{wave}|", caps.per_company
    quota = (Finding(reason=Reason.COMPANY_QUOTA, rule=f"{rule}.per_company", seen=f"over {per_company}"),)
    surely_over = caps.cool_down.before(now) - timedelta(days=4)  # months clip to their last day
    for contact in screened:
        findings, company_id, last_asked_at = contact.findings, contact.company_id, contact.last_asked_at
        if not findings and last_asked_at is not None and last_asked_at > surely_over:
            findings = cooling_down(last_asked_at, caps, now, rule=rule)
        contact_id, person_id, notes = contact.contact_id, contact.person_id, contact.notes
        if elsewhere is not None and not contact.findings and (said := elsewhere(contact_id)) is not None:
            findings = (*findings, said)
        if not findings and company_id is not None:
            if notes:
                noted[contact_id] = notes
            seat = _seat(last_asked_at, lot(key, prefix + contact_id), contact_id, person_id)
            taken = seats.get(company_id)
            if taken is None:
                seats[company_id] = [seat]
                continue
            insort(taken, seat)
            if len(taken) <= per_company:
                continue
            contact_id, person_id = _who(taken.pop())
            findings, notes = quota, noted.pop(contact_id, ())
        yield Decision(
            contact_id=contact_id, person_id=person_id, company_id=company_id, findings=findings, notes=notes
        )
    for company_id, taken in seats.items():
        for seat in taken:
            contact_id, person_id = _who(seat)
            notes = noted.get(contact_id, ())
            yield Decision(contact_id=contact_id, person_id=person_id, company_id=company_id, notes=notes)


def cooling_down(last_asked_at: datetime, caps: Caps, now: datetime, *, rule: str = "caps") -> tuple[Finding, ...]:
    """The finding that says until when the person waits; nothing once the cool-down is over."""
    eligible_at = caps.cool_down.after(last_asked_at)
    if eligible_at <= now:
        return ()
    return (
        Finding(
            reason=Reason.ASKED_RECENTLY,
            rule=f"{rule}.cool_down",
            seen=f"asked {last_asked_at.date().isoformat()}",
            eligible_at=eligible_at,
        ),
    )


def lot_key(seed: str) -> bytes:
    """The seed in the length BLAKE2b takes for a key, however long it was written."""
    return blake2b(seed.encode(), digest_size=32).digest()


def lot(key: bytes, text: str) -> bytes:
    """A contact's place in a wave's draw: keyed BLAKE2b (RFC 7693, a MAC) of `wave|contact id` alone."""
    return blake2b(text.encode(), key=key, digest_size=LOT).digest()


def _seat(last_asked_at: datetime | None, lot: bytes, contact_id: str, person_id: str | None) -> bytes:
    """One who is invited so far, as bytes that sort by day last asked (0: never), then lot, then contact id.

    Of a million contacts some hundred thousand wait for the end; as text and tuples they took 250 bytes each.
    """
    day = last_asked_at.toordinal() if last_asked_at is not None else 0
    return b"".join((day.to_bytes(3), lot, contact_id.encode(), b"\0", (person_id or "").encode()))


def _who(seat: bytes) -> tuple[str, str | None]:
    contact_id, _, person_id = seat[3 + LOT :].partition(b"\0")
    return contact_id.decode(), person_id.decode() or None
