"""The quota: read in every form of the header, and left to others before it is used up."""

from __future__ import annotations

import pytest

from connector.adapters.salesforce.limits import MeteredWire, usage
from connector.errors import FuseError
from connector.ports import Answer, Call, Page

from .org import OrgWorld

GET, POST = Call(method="GET", path="/query"), Call(method="POST", path="/sobjects/Case")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("api-usage=10018/100000", (10018, 100000)),
        ("api-usage=25/5000; api-bursts=1/750", (25, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample app)", (25, 5000)),
        ("per-app-api-usage=17/250(appName=x); api-usage=25/5000", (25, 5000)),
        ("api-bursts=1/750;api-usage = 25 / 5000", (25, 5000)),
        ("per-app-api-usage=17/250(appName=x)", None),
        ("api-usage=0/0", None),
        ("", None),
        ("api-usage=many/few", None),
    ],
)
def test_every_form_of_the_header_is_read(said: str, meant: tuple[int, int] | None) -> None:
    assert usage(Answer(status=200, headers={"sforce-limit-info": said})) == meant


class Said:
    """A wire whose answers say the next of these."""

    def __init__(self, *used: str) -> None:
        self._used, self.sent = list(used), 0

    def send(self, call: Call) -> Answer:
        self.sent += 1
        said = self._used.pop(0) if self._used else ""
        return Answer(status=200, headers={"sforce-limit-info": said} if said else {})


def test_nothing_leaves_once_the_share_is_used_up() -> None:
    said = Said("api-usage=79999/100000", "api-usage=80000/100000")
    wire = MeteredWire(said, place="crm", share=80, share_per_run=100)
    wire.send(GET)
    wire.send(GET)
    for call in (GET, POST):
        with pytest.raises(FuseError, match=r"crm: 80,000 of the org's 100,000 daily API requests are used, 80 %"):
            wire.send(call)
    assert said.sent == 2


def test_one_job_has_a_share_of_its_own() -> None:
    said = Said(*["api-usage=1/100"] * 40)
    wire = MeteredWire(said, place="crm", share=80, share_per_run=25)
    for _ in range(25):
        wire.send(GET)
    with pytest.raises(FuseError, match=r"share_of_quota_per_run"):
        wire.send(GET)
    assert said.sent == 25


def test_answers_that_say_nothing_stop_nothing_and_forget_nothing() -> None:
    wire = MeteredWire(Said("", "api-usage=1/100", ""), place="crm", share=80, share_per_run=100)
    for _ in range(3):
        wire.send(GET)
    assert wire.used == (1, 100)


@pytest.mark.parametrize("form", ["short", "bursts", "per_app", "long"])
def test_a_pull_stops_at_the_share_and_goes_on_when_there_is_room(org: OrgWorld, form: str) -> None:
    org.control("POST", "limits", {"max": 1000, "used": 798, "form": form})
    source = org.open().source
    assert source is not None
    pages: list[Page] = []
    with pytest.raises(FuseError, match="share_of_quota"):
        pages.extend(source.pages(org.scope, None))  # extend keeps what came before the error
    org.control("POST", "limits", {"max": 1000, "used": 0})
    rest = list((org.open().source or source).pages(org.scope, pages[-1].cursor if pages else None))
    assert rest[-1].complete
    assert {contact.id for page in [*pages, *rest] for contact in page.contacts} == org.contact_ids()
