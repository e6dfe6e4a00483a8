from __future__ import annotations

from collections.abc import Iterator

import pytest

from .org import OrgWorld


@pytest.fixture
def org() -> Iterator[OrgWorld]:
    with OrgWorld() as world:
        yield world


@pytest.fixture(params=["lenient", "strict"])
def any_org(request: pytest.FixtureRequest) -> Iterator[OrgWorld]:
    with OrgWorld(request.param) as world:
        yield world
