"""The memory adapter passes the contract suite."""

import pytest

from tests.adapters.contract import AdapterContract

from .world import MemoryWorld


class TestMemory(AdapterContract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()
