"""HubSpot passes the contract suite in each API version, whichever way it answers what its documents leave open."""

from collections.abc import Iterator

import pytest

from tests.adapters.contract import AdapterContract

from .portal import PortalWorld

VERSIONS = ("v3", "2026-03", "2026-09")


class TestHubSpot(AdapterContract):
    @pytest.fixture(params=[f"{version} {how}" for version in VERSIONS for how in ("lenient", "strict")])
    def world(self, request: pytest.FixtureRequest) -> Iterator[PortalWorld]:
        version, readings = request.param.split()
        with PortalWorld(readings, version=version) as world:
            yield world
