"""`connector health`: asks the listener; needs no configuration where the address is given."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from connector.web.listening import Listener
from tests.cli.conftest import Connector, Desk


def app(*, well: bool) -> FastAPI:
    made = FastAPI()
    status = 200 if well else 503

    @made.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse({"alive": well}, status_code=status)

    @made.get("/readyz")
    def readyz() -> JSONResponse:
        return JSONResponse({"ready": well, "reasons": [] if well else ["pull of psa is overdue"]}, status_code=status)

    return made


def test_a_well_service_is_said_to_be_so_without_any_configuration(desk: Desk, connector: Connector) -> None:
    (desk.folder / "nps.yaml").unlink()
    with Listener("private", "127.0.0.1:0", app(well=True)) as listener:
        said = connector("health", "--at", listener.address)
        assert (said.code, said.out) == (0, "alive\n")
        assert connector("health", "--ready", "--at", listener.address, "--json").facts["well"] is True


def test_an_ill_one_says_why_and_leaves_with_1(desk: Desk, connector: Connector) -> None:
    with Listener("private", "127.0.0.1:0", app(well=False)) as listener:
        desk.write(change=lambda text: text + f'listen: {{private: "{listener.address}"}}\n')
        said = connector("health", "--ready")
    assert (said.code, said.out) == (1, "pull of psa is overdue\n")


def test_no_answer_is_not_well(desk: Desk, connector: Connector) -> None:
    said = connector("health", "--at", "127.0.0.1:1")
    assert said.code == 1
    assert "does the service run?" in said.out
    assert connector("health", "--at", "nonsense").code == 2
    desk.write(change=lambda text: text + 'listen: {private: ""}\n')
    assert "listen.private is empty" in connector("health").err
