from __future__ import annotations

from collections.abc import Iterator

import pytest

from .psa import PsaWorld


@pytest.fixture
def psa() -> Iterator[PsaWorld]:
    with PsaWorld() as world:
        yield world


@pytest.fixture(params=["lenient", "strict"])
def any_psa(request: pytest.FixtureRequest) -> Iterator[PsaWorld]:
    with PsaWorld(request.param) as world:
        yield world
