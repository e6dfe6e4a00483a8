from __future__ import annotations

import pytest

from connector.errors import ContractError
from connector.jobs.live import open_live, source_of
from connector.ports import Call
from connector.sandbox.connectwise import Server
from tests.conftest import ConfigFor


def test_a_look_reads(sandbox: Server, config_for: ConfigFor) -> None:
    source = source_of(config_for(sandbox), "psa")
    assert source is not None
    assert source.check() == []


def test_a_look_refuses_every_write(sandbox: Server, config_for: ConfigFor) -> None:
    watch = open_live(config_for(sandbox), "psa").source
    wire = watch._psa.context.wire  # type: ignore[union-attr]  # the adapter's own, to try what no port offers
    before = sandbox.world.state.calls.total()
    with pytest.raises(ContractError, match="writes nothing"):
        wire.send(Call(method="POST", path="/service/tickets", body=b"{}"))
    assert sandbox.world.state.calls.total() == before


def test_a_connection_without_contacts_is_not_opened(sandbox: Server, config_for: ConfigFor) -> None:
    mail = {"adapter": "smtp", "host": "127.0.0.1", "from": "nps@example.com"}
    config = config_for(sandbox, connections={"mail": mail}, audiences={}, rules=[])
    assert source_of(config, "mail") is None
