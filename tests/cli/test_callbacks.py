"""connector callbacks register|remove, and what keeps them from being set up by accident."""

from __future__ import annotations

from .conftest import Connector, Desk


def with_address(text: str) -> str:
    return text.replace("    company:", "    callbacks: http://127.0.0.1:9/nps\n    company:", 1)


def callbacks(desk: Desk) -> int:
    world = desk.server.world
    with world.lock:
        return len(world.tables["callbacks"].ids(0))


def test_they_are_registered_once_and_removed(desk: Desk, connector: Connector) -> None:
    desk.write("live", with_address)
    for made in (2, 0):
        said = connector("callbacks", "register", "psa", "--json")
        assert said.code == 0, said.err
        assert said.facts["steps"][0]["counts"]["made"] == made
        assert said.facts["address"].startswith("http://127.0.0.1:9/nps/callbacks/psa/")
    assert callbacks(desk) == 2
    said = connector("callbacks", "remove", "psa")
    assert (said.code, callbacks(desk)) == (0, 0)
    assert "removed 2" in said.out


def test_preview_registers_nothing(desk: Desk, connector: Connector) -> None:
    desk.write("preview", with_address)
    said = connector("callbacks", "register", "psa")
    assert said.code == 2
    assert "preview writes nothing" in said.err
    assert callbacks(desk) == 0


def test_without_a_public_address_the_setting_is_named(desk: Desk, connector: Connector) -> None:
    desk.write("live")
    said = connector("callbacks", "register", "psa")
    assert said.code == 2
    assert "connections.psa.callbacks" in said.err


def test_an_address_without_https_is_refused(desk: Desk, connector: Connector) -> None:
    desk.write("live", lambda text: with_address(text).replace("http://127.0.0.1:9/nps", "http://nps.example.com"))
    said = connector("callbacks", "register", "psa")
    assert said.code == 2
    assert "https" in said.err


def test_accepting_that_contacts_are_gone_needs_the_connection(desk: Desk, connector: Connector) -> None:
    assert connector("pull", "--accept-gone", "3").code == 2
    assert connector("pull", "psa", "--accept-gone", "3").code == 0
