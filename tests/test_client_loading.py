"""A vendor's client is loaded when its adapter is opened, and by no other: each import costs a start and may fail."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CLIENTS = {"connectwise": set[str](), "hubspot": {"hubspot"}, "salesforce": {"simple_salesforce"}}
"""By adapter the vendor's package that it loads when it is opened; ConnectWise has none."""
ALL = set().union(*CLIENTS.values())
WIRES = {f"connector.adapters.{kind}.client" for kind in CLIENTS}
OPENED = """
import json, sys
from datetime import UTC, datetime
from connector import registry
from connector.ports import Context
from tests.vaults import NoVault

kind, given = sys.argv[1], json.loads(sys.argv[2])
spec = registry.spec(kind)
settings = spec.settings.model_validate(given)
before = sorted(sys.modules)
wire = spec.wire(settings, lambda: None, NoVault())
ports = spec.open(settings, Context(connection="crm", wire=wire, now=lambda: datetime.now(UTC), sleep=lambda _: None))
assert ports.source is not None and ports.sink is not None
try:
    ports.source.check()  # nobody listens there; what is loaded with the first call is loaded now
except Exception as error:
    assert type(error).__name__ == "UnavailableError", error
print(json.dumps([before, sorted(sys.modules)]))
"""
NOBODY = "http://127.0.0.1:9"
SETTINGS = {
    "connectwise": {
        "site": "na.myconnectwise.net",
        "company": "acme",
        "public_key": "public",
        "private_key": "private",
        "client_id": "00000000-0000-4000-8000-000000000000",
        "base_url": NOBODY,
    },
    "hubspot": {"access_token": "pat-test", "base_url": NOBODY},
    "salesforce": {"domain": "acme", "consumer_key": "key", "consumer_secret": "secret", "base_url": NOBODY},
}


def loaded(code: str, *arguments: str) -> list[set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=120
    )
    return [set(each) for each in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_an_opened_adapter_loads_its_own_client_and_no_other(kind: str) -> None:
    before, after = loaded(OPENED, kind, json.dumps(SETTINGS[kind]))
    assert not before & (ALL | WIRES | {"requests", "urllib3"}), "reading the configuration loads no client"
    assert after & ALL == CLIENTS[kind]
    assert after & WIRES == {f"connector.adapters.{kind}.client"}


COMMAND = """
import json, sys
from connector.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print()
print(json.dumps([sorted(sys.modules)]))
"""


def test_help_loads_no_client_and_no_database() -> None:
    [after] = loaded(COMMAND, "--help")
    assert not after & (ALL | WIRES | {"requests", "sqlalchemy", "sqlmodel", "alembic", "psycopg"})
