"""ConnectWise PSA passes the contract suite, whichever way the vendor answers what its documents leave open."""

from collections.abc import Iterator

import pytest

from tests.adapters.contract import AdapterContract

from .psa import PsaWorld


class TestConnectWise(AdapterContract):
    @pytest.fixture(params=["lenient", "strict"])
    def world(self, request: pytest.FixtureRequest) -> Iterator[PsaWorld]:
        with PsaWorld(request.param) as world:
            yield world
