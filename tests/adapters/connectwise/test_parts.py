"""A full pull in parts, side by side: the same contacts, resumable, with its extra calls told."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from connector.adapters.connectwise import SPEC
from connector.domain import Facet
from connector.errors import UnavailableError
from connector.ports import Answer, Call, Context, Cursor, Page, Scope, Selection, Wire
from tests.vaults import NoVault

from .psa import PsaWorld, _now

EVERYONE = Scope(selections=(Selection(include={Facet.COMPANY_TYPE: frozenset({"1", "2", "3", "4"})}),))


@pytest.fixture(params=["lenient", "strict"])
def psa(request: pytest.FixtureRequest) -> Iterator[PsaWorld]:
    with PsaWorld(request.param, contacts=400, page_size=20) as made:
        yield made


def pulled(psa: PsaWorld, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    port = psa.open(**settings).source
    assert port is not None
    return list(port.pages(EVERYONE, json.loads(json.dumps(cursor))))


def ids(pages: list[Page]) -> list[str]:
    return [contact.id for page in pages for contact in page.contacts]


def calls(psa: PsaWorld) -> int:
    return sum(call.path == "/company/contacts" for call, _ in psa.wires[-1].exchanges)


def test_every_contact_comes_once_and_the_extra_calls_are_told(psa: PsaWorld) -> None:
    pulled(psa)
    alone = calls(psa)
    pages = pulled(psa, parallel=4)
    assert Counter(ids(pages)) == Counter(psa.contact_ids())
    told = pages[-1].told
    assert told["side_by_side"] == 4
    assert alone < calls(psa) <= alone + 8, "the highest id, and what each part's end costs"
    assert pages[-1].complete
    assert "parts" not in pages[-1].cursor


def test_a_pull_without_parts_makes_no_call_for_them(psa: PsaWorld) -> None:
    pages = pulled(psa)
    assert "side_by_side" not in pages[-1].told
    assert not [call for call, _ in psa.wires[-1].exchanges if ("orderBy", "id desc") in call.query]


def test_pages_come_in_the_same_order_each_time(psa: PsaWorld) -> None:
    assert ids(pulled(psa, parallel=3)) == ids(pulled(psa, parallel=3))


def test_a_pull_in_parts_that_broke_off_goes_on_with_the_unfinished_parts(psa: PsaWorld) -> None:
    psa.fault("503html", path="company/contacts$", skip=12, times=None)
    port = psa.open(parallel=4).source
    assert port is not None
    stopped: list[Page] = []
    with pytest.raises(UnavailableError):
        stopped.extend(port.pages(EVERYONE, None))
    psa.control("DELETE", "faults")
    cursor = stopped[-1].cursor
    assert len(cursor["parts"]) == 4
    rest = pulled(psa, cursor)  # with the setting changed back meanwhile
    assert not set(ids(stopped)) & set(ids(rest))
    assert Counter([*ids(stopped), *ids(rest)]) == Counter(psa.contact_ids())


def test_a_contact_made_meanwhile_is_in_the_last_part(psa: PsaWorld) -> None:
    port = psa.open(parallel=4).source
    assert port is not None
    reading = port.pages(EVERYONE, None)
    pages = [next(reading), next(reading)]
    psa.edit("/company/contacts/999999", firstName="New")
    pages += reading
    assert "999999" in ids(pages)


def test_a_few_pages_are_not_cut() -> None:
    with PsaWorld(contacts=60) as psa:
        assert "side_by_side" not in pulled(psa, parallel=4)[-1].told


class MostAtOnce:
    """A wire that knows how many calls were under way at once."""

    def __init__(self, inner: Wire) -> None:
        self._inner, self._lock = inner, threading.Lock()
        self.under_way = self.most = 0

    def send(self, call: Call) -> Answer:
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            return self._inner.send(call)
        finally:
            with self._lock:
                self.under_way -= 1


def test_never_more_than_four_calls_at_once() -> None:
    with PsaWorld(contacts=400, page_size=20, latency=0.01) as psa:
        settings = psa.settings(parallel=4)
        inner = SPEC.wire(settings, lambda: None, NoVault())
        wire = MostAtOnce(inner)
        ports = SPEC.open(settings, Context(connection="psa", wire=wire, now=_now, sleep=lambda _: None))
        assert ports.source is not None
        list(ports.source.pages(EVERYONE, None))
        inner.close()  # type: ignore[attr-defined]
        assert 1 < wire.most <= 4
