"""A command line in a folder of its own, in front of a stand-in CRM over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector.cli import main
from connector.sandbox.connectwise import Server

NPS = """\
mode: {mode}
connections:
  psa:
    adapter: connectwise
    base_url: {url}
    company: {company}
    public_key: ${{CW_PUBLIC_KEY}}
    private_key: ${{CW_PRIVATE_KEY}}
    client_id: ${{CW_CLIENT_ID}}
audiences:
  decision-makers:
    from: psa
    contact_types: [Decision Maker, Owner]
    company_types: [Managed Client]
    marketing_groups: [NPS 2026]
    exclude: {{company_types: [Former Client]}}
rules:
  - id: call-back
    name: call detractors back
    when: {{band: detractor}}
    then:
      - record_response
      - open_ticket:
          board: Customer Success
          priority: High
          owner: [account_manager, "member:bob"]
          due: 1 business day
answers: {{settle: 0 seconds}}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What one command line left behind."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """The one object of --json."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Connector = Callable[..., Said]


@dataclass(frozen=True, slots=True)
class Desk:
    """The admin's folder, with nps.yaml in it."""

    folder: Path
    server: Server

    def write(self, mode: str = "preview", change: Callable[[str], str] = lambda text: text) -> None:
        text = NPS.format(mode=mode, url=self.server.url, company=self.server.login.company)
        (self.folder / "nps.yaml").write_text(change(text), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> Desk:
    login = sandbox.login
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONNECTOR_CONFIG", raising=False)
    monkeypatch.delenv("CONNECTOR_DATABASE_URL", raising=False)
    monkeypatch.delenv("CONNECTOR_DATABASE_URL_FILE", raising=False)
    monkeypatch.setenv("CW_PUBLIC_KEY", login.public_key)
    monkeypatch.setenv("CW_PRIVATE_KEY", login.private_key)
    monkeypatch.setenv("CW_CLIENT_ID", login.client_id)
    made = Desk(tmp_path, sandbox)
    made.write()
    return made


@pytest.fixture
def connector(capsys: pytest.CaptureFixture[str]) -> Iterator[Connector]:
    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main.run(arguments)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    yield run
    structlog.reset_defaults()
