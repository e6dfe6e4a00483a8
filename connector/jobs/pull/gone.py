"""Who is gone: what a complete reconcile did not show, decided once, behind a fuse.

A full pull reads anew everything in scope. Whoever it would have shown and did not is deleted in the CRM, or has left
what is pulled without a mark; contacts that were outside of it before are not judged. An answer that shows nobody
(a right was lost), or too few, is not believed: nothing is marked, and each pull reads everything until it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.config.settings import Limits
from connector.errors import FuseError
from connector.jobs.records.record import Record
from connector.ports import Coverage, Page
from connector.store import Tx, contacts

HANDFUL = 10
"""So few may be gone at once in any tenant, if others were shown; and so few within a day by hints."""
CONTACTS, COMPANIES = "contacts", "companies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Who of the known was not shown. `ids` are left out where there are more than may go; how many were shown is
    counted where somebody is missing. `hinted`: whether anybody is known by a hint alone, so far."""

    shown: int
    missing: int
    ids: list[str] = field(default_factory=list)
    hinted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`gone`: ids by contacts and companies. `error`: what the fuse says, None where it is content. `hinted`: whether
    anybody is known by a hint alone, whom the next full pull judges."""

    gone: dict[str, list[str]]
    hinted: bool = False
    error: FuseError | None = None


def verdict(record: Record, connection: str, page: Page, limits: Limits) -> Verdict:
    """Decide over the last page of a full pull, whose own rows are not stored yet; nothing is written here.

    `accept_gone` in the parameters is how many a person has said may go.
    """
    assert page.reconciled is not None
    coverage, accepted = page.reconciled.coverage, int(record.params.get("accept_gone", 0))

    def load(tx: Tx) -> dict[str, Missing]:
        everything = Coverage()
        return {
            CONTACTS: _missing(
                tx, CONTACTS, connection, page, coverage, [c.id for c in page.contacts], limits, accepted
            ),
            COMPANIES: _missing(
                tx, COMPANIES, connection, page, everything, [c.id for c in page.companies], limits, accepted
            ),
        }

    found = record.read("not_shown", dict[str, Missing], load)
    blown = {what: one for what, one in found.items() if not _may_go(one.missing, one.shown, limits, accepted)}
    if blown:
        return Verdict(gone={}, error=_fuse(connection, blown, limits))
    gone = {what: one.ids for what, one in found.items()}
    record.emit("gone", [[what, ids] for what, ids in gone.items() if ids])
    return Verdict(gone=gone, hinted=any(one.hinted for one in found.values()))


def _missing(
    tx: Tx,
    what: str,
    connection: str,
    page: Page,
    coverage: Coverage,
    here: Sequence[str],
    limits: Limits,
    accepted: int,
) -> Missing:
    known = set(here)
    told = set(page.gone_contacts) | set(page.merged) if what == CONTACTS else set(page.gone_companies)
    others = contacts.not_shown(tx, what, connection, page.epoch, documents=not coverage.everyone)
    ids, hinted = [], False
    for id_, generation, contact in others:
        if generation == contacts.BY_HINT:
            hinted = True
        elif id_ not in known and id_ not in told and (contact is None or coverage.has(contact)):
            ids.append(id_)
    shown = contacts.shown(tx, what, connection, page.epoch) + len(known) if ids else len(known)
    gone = ids if _may_go(len(ids), shown, limits, accepted) else []
    return Missing(shown=shown, missing=len(ids), ids=gone, hinted=hinted)


def _may_go(missing: int, shown: int, limits: Limits, accepted: int) -> bool:
    if missing <= accepted:
        return True
    if not shown:
        return False
    return missing <= HANDFUL or missing <= (missing + shown) * limits.gone / 100


def _fuse(connection: str, blown: dict[str, Missing], limits: Limits) -> FuseError:
    most = max(one.missing for one in blown.values())
    figures = "; ".join(
        f"{one.missing:,} of {one.missing + one.shown:,} known {what} were not shown "
        f"({100 * one.missing / (one.missing + one.shown):.0f} %)"
        for what, one in blown.items()
    )
    return FuseError(
        f"limits.gone ({limits.gone:g} %): the CRM was read whole, and {figures}. Nobody was marked as gone. Did the "
        f"API member lose a right (connector check --live)? If they are really gone: "
        f"connector pull {connection} --accept-gone {most}"
    )
