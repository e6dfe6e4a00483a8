"""What may be asked in ten seconds, in a second and in a day, against a portal that enforces it."""

from __future__ import annotations

import time

import pytest

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.daily import Daily
from connector.adapters.hubspot.wire_types import Nothing
from connector.errors import FuseError, ThrottledError
from connector.ports import Answer, Context, Scope, Selection

from .portal import PortalWorld

EVERYONE = Scope(selections=(Selection(include={}),))


def opened(world: PortalWorld, **settings: object) -> Portal:
    given = world.settings(**settings)
    context = world.context(given)
    real = Context(connection="limits", wire=context.wire, now=context.now, sleep=time.sleep)
    return Portal(given, real)


def test_a_pull_at_the_limits_is_never_refused() -> None:
    from connector.adapters.hubspot.source import HubSpotSource

    with PortalWorld(contacts=600, companies=20, page_size=20, limits="professional") as world:
        source = HubSpotSource(opened(world, portal="770001"))
        pages = list(source.pages(EVERYONE, None))
        assert sum(len(page.contacts) for page in pages) == 600
        answers = [answer.status for wire in world.wires for _, answer in wire.exchanges]
        assert set(answers) == {200}
        assert sum(call.path.endswith("/search") for call in world.calls) >= 6


@pytest.mark.parametrize(("tier", "a_minute"), [("free", 570), ("professional", 1080), ("addon", 1422)])
def test_the_portal_says_what_its_subscription_allows(tier: str, a_minute: int) -> None:
    with PortalWorld(limits=tier) as world:
        portal = opened(world, portal=f"77{a_minute}")
        assert portal.transport.calls_per_minute == 570  # of the smallest subscription, until it is told
        portal.get(portal.path("owners"), Nothing)
        assert portal.transport.calls_per_minute == a_minute


def test_what_the_admin_allows_is_not_exceeded() -> None:
    with PortalWorld(limits="professional") as world:
        portal = opened(world, portal="770002", calls_per_10_seconds=40)
        portal.get(portal.path("owners"), Nothing)
        assert portal.transport.calls_per_minute == 38 * 6


def test_a_day_that_is_used_up_is_left_for_an_hour() -> None:
    with PortalWorld() as world:
        world.fault("429", policy="DAILY")
        portal = opened(world, portal="770003")
        with pytest.raises(ThrottledError) as caught:
            portal.get(portal.path("owners"), Nothing)
        assert caught.value.retry_after > 1


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def told(left: str, of: str = "1000") -> Answer:
    headers = {"x-hubspot-ratelimit-daily": of, "x-hubspot-ratelimit-daily-remaining": left}
    return Answer(status=200, headers=headers)


def test_the_reserve_of_a_day_is_a_fuse_until_it_may_have_begun_anew() -> None:
    clock = Clock()
    day = Daily(5, clock=clock)
    day.check()
    day.hear(told("51"))
    day.check()
    day.hear(told("50"))
    with pytest.raises(FuseError, match="50 of the portal's 1,000 daily calls"):
        day.check()
    day.hear(Answer(status=200))  # a search says nothing of it
    with pytest.raises(FuseError):
        day.check()
    clock.at += 3601
    day.check()


@pytest.mark.parametrize(("left", "of"), [("", ""), ("-1", "1000"), ("many", "1000"), ("5", "0")])
def test_headers_that_say_nothing_are_no_fuse(left: str, of: str) -> None:
    day = Daily(5)
    day.hear(told(left, of))
    day.check()
