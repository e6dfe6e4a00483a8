from __future__ import annotations

from collections.abc import Iterator

import pytest

from .portal import PortalWorld


@pytest.fixture
def portal() -> Iterator[PortalWorld]:
    with PortalWorld() as world:
        yield world


@pytest.fixture(params=["lenient", "strict"])
def any_portal(request: pytest.FixtureRequest) -> Iterator[PortalWorld]:
    with PortalWorld(request.param) as world:
        yield world
