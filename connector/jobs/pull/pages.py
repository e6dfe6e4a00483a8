"""Pages of a pull put together, so that few large transactions store what the CRM gives in many small answers.

An index that is in no order is written nearly whole at each commit, however few rows the page had: with pages of 500, a
pull of 100,000 contacts spent a third of its CPU seconds on that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from operator import attrgetter

from connector.adapters.paging import Reader
from connector.errors import ConnectorError
from connector.ports import Page

MOST = 2000
"""Rows that are waited for. More cost less CPU, but storing them takes longer than the next ones take to come."""
_LARGE, _OF_LARGE = 2000, 3
"""Of pages as large as this there are few, and so many of them are waited for: a sixth less CPU to store them."""
READ_AHEAD = 2000
"""Rows that may wait while earlier ones are stored, which takes as long as some pages take to come; 0: none do."""
_PAGES_AHEAD = 8
_id = attrgetter("id")


def ahead(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """The same pages, read in a thread of their own while those before them are stored."""
    if READ_AHEAD == 0:
        yield from pages
        return
    least = -(-READ_AHEAD // _PAGES_AHEAD)
    reader = Reader(lambda: _given(pages), name="pages", room=READ_AHEAD, weight=lambda page: max(_size(page), least))
    try:
        while (got := reader.next()) is not None:
            yield got[0]
    finally:
        reader.stop()
        reader.join()


def _given(pages: Iterator[Page]) -> Generator[Page, None, None]:
    yield from pages


def together(pages: Iterable[Page]) -> Iterator[Page]:
    """The same rows in the same order in fewer pages, each with the cursor of its last.

    Never more are held back than were handed on before, so a pull that is killed has stored half of what it had read,
    whatever the size of the CRM. What was read before an error is handed on before it is raised. A page that says more
    than rows (the last one does) comes alone, one without rows at once (its cursor is all it is for), and two with the
    same record come apart. The clock decides nothing: a replay puts the same pages together.
    """
    held = _Held()
    given = 0
    try:
        for page in pages:
            if held.pages and not held.takes(page):
                given += held.size
                yield held.taken()
            held.add(page)
            most = _OF_LARGE * _size(page) if _size(page) >= _LARGE else MOST
            if not _is_rows(page) or held.size >= min(given, most) or not _size(page):
                given += held.size
                yield held.taken()
    except ConnectorError:
        if held.pages:
            yield held.taken()
        raise
    if held.pages:
        yield held.taken()


def _is_rows(page: Page) -> bool:
    return not (
        page.complete
        or page.reconciled
        or page.told
        or page.merged
        or page.gone_contacts
        or page.gone_companies
        or page.finished_groups
    )


def _size(page: Page) -> int:
    return len(page.contacts) + len(page.companies) + len(page.memberships)


class _Held:
    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.size = 0
        self._contacts: set[str] = set()
        self._companies: set[str] = set()

    def takes(self, page: Page) -> bool:
        """Whether the page may be stored in one transaction with those held."""
        return (
            _is_rows(page)
            and page.epoch == self.pages[-1].epoch
            and self._contacts.isdisjoint(map(_id, page.contacts))
            and self._companies.isdisjoint(map(_id, page.companies))
        )

    def add(self, page: Page) -> None:
        self.pages.append(page)
        self.size += _size(page)
        self._contacts.update(map(_id, page.contacts))
        self._companies.update(map(_id, page.companies))

    def taken(self) -> Page:
        """One page of all that are held, which are held no longer."""
        pages = self.pages
        self.pages, self.size, self._contacts, self._companies = [], 0, set(), set()
        if len(pages) == 1:
            return pages[0]
        return replace(
            pages[-1],
            contacts=list(chain.from_iterable(page.contacts for page in pages)),
            companies=list(chain.from_iterable(page.companies for page in pages)),
            memberships=list(chain.from_iterable(page.memberships for page in pages)),
        )
