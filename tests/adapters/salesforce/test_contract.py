"""Salesforce passes the contract suite, by REST and by Bulk, whichever way the vendor answers what is left open."""

from collections.abc import Iterator

import pytest

from tests.adapters.contract import AdapterContract

from .org import OrgWorld


class TestSalesforce(AdapterContract):
    @pytest.fixture(params=[("lenient", False), ("strict", False), ("lenient", True), ("strict", True)])
    def world(self, request: pytest.FixtureRequest) -> Iterator[OrgWorld]:
        with OrgWorld({"*": request.param[0], "bulk_query": "accepted"}, bulk=request.param[1]) as world:
            yield world
