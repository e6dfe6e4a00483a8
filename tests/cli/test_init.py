"""`connector init`: a first configuration with the real names of a live system, over HTTP, and never a key in it."""

from __future__ import annotations

import os
import pty
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from connector.cli.init import example
from connector.config.draft import render
from connector.sandbox.connectwise import Server
from tests.cli.conftest import Connector, Desk, Said
from tests.cli.test_main import CONNECTOR
from tests.kill.stand_in import StandIn

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(desk: Desk) -> Desk:
    """The admin's folder before there is a configuration; the keys are in the environment."""
    (desk.folder / "nps.yaml").unlink()
    return desk


def _init(desk: Desk, connector: Connector, *more: str) -> Said:
    company = desk.server.login.company
    return connector("init", "--from", "connectwise", "--base-url", desk.server.url, "--company", company, *more)


def test_the_file_written_from_a_live_system_passes_check_and_check_live(empty: Desk, connector: Connector) -> None:
    said = _init(empty, connector)
    assert (said.code, said.err) == (0, "")
    assert "connector check --live" in said.out
    assert connector("check").code == 0
    live = connector("check", "--live")
    assert live.code == 0, live.err
    assert "names exist on psa" in live.out
    assert connector("preview").code == 0


def test_it_holds_names_of_the_tenant_chosen_and_as_comments_and_no_key(empty: Desk, connector: Connector) -> None:
    _init(empty, connector, "--zone", "Europe/Berlin")
    text = (empty.folder / "nps.yaml").read_text()
    audience = YAML(typ="safe", pure=True).load(text)["audiences"]["decision-makers"]
    assert audience["contact_types"] == ["Decision Maker", "Owner"]
    assert audience["company_types"] == ["Managed Client"]
    assert audience["marketing_groups"] == ["NPS 2026"]
    assert audience["exclude"] == {"company_types": ["Former Client"]}
    assert re.search(r"# also in the CRM: .*End User \(\d+\)", text)
    assert "mode: preview" in text
    assert "zone: Europe/Berlin" in text
    assert '"member:bob"' in text
    login = empty.server.login
    assert not [key for key in (login.public_key, login.private_key, login.client_id) if key in text]


def test_a_file_that_is_there_is_left_alone_without_force(desk: Desk, connector: Connector) -> None:
    before = (desk.folder / "nps.yaml").read_text()
    assert _init(desk, connector).code == 2
    assert connector("init").code == 2
    assert (desk.folder / "nps.yaml").read_text() == before
    assert _init(desk, connector, "--force").code == 0
    assert (desk.folder / "nps.yaml").read_text() != before


def test_without_a_system_it_writes_the_example(empty: Desk, connector: Connector) -> None:
    said = connector("init")
    assert said.code == 0
    assert (empty.folder / "nps.yaml").read_text().partition("\n")[2] == render(example())
    assert connector("check").code == 0


def test_the_example_of_the_repository_is_the_one_it_writes() -> None:
    committed = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
    assert committed.endswith("\n" + render(example()))
    assert all(line.startswith("#") for line in committed.removesuffix(render(example())).splitlines())


def test_the_file_that_config_names_is_written(empty: Desk, connector: Connector) -> None:
    said = connector("--config", "config/own.yaml", "init")
    assert said.code == 0
    assert "connector --config config/own.yaml preview" in said.out
    assert (empty.folder / "config" / "own.yaml").is_file()


def test_everything_that_is_missing_is_told_at_once(
    empty: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CW_PUBLIC_KEY")
    monkeypatch.delenv("CW_CLIENT_ID")
    said = connector("init", "--from", "connectwise")
    assert said.code == 2
    assert [line.partition(":")[0] for line in said.err.splitlines()] == [
        "--site", "--company", "--key public_key", "--key client_id",
    ]  # fmt: skip
    assert not (empty.folder / "nps.yaml").exists()


def test_keys_may_come_from_other_variables_and_from_files(
    empty: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", empty.server.login.public_key)
    monkeypatch.delenv("CW_PUBLIC_KEY")
    (empty.folder / "secrets").mkdir()
    (empty.folder / "secrets" / "private").write_text(empty.server.login.private_key + "\n")
    said = _init(empty, connector, "--key", "public_key=OURS", "--key", "private_key=file:secrets/private")
    assert said.code == 0, said.err
    text = (empty.folder / "nps.yaml").read_text()
    assert "public_key: ${OURS}" in text
    assert "private_key: ${file:secrets/private}" in text
    assert connector("check", "--live").code == 0


@pytest.mark.parametrize(
    "given", ["public_key=aB3dE5-the-key-itself", "public_key", "no_key=X", "public_key=file:gone"]
)
def test_a_key_itself_or_a_wrong_source_is_refused_and_nothing_written(
    given: str, empty: Desk, connector: Connector
) -> None:
    said = _init(empty, connector, "--key", given)
    assert said.code == 2
    assert said.err.startswith("--key")
    assert "aB3dE5" not in said.err
    assert not (empty.folder / "nps.yaml").exists()


def test_keys_that_the_system_refuses_leave_with_3_and_write_nothing(
    empty: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CW_PRIVATE_KEY", "of-yesterday")
    said = _init(empty, connector)
    assert said.code == 3
    assert "of-yesterday" not in said.err + said.out
    assert not (empty.folder / "nps.yaml").exists()


def test_a_system_that_is_not_there_leaves_with_6(empty: Desk, connector: Connector) -> None:
    said = connector("init", "--from", "connectwise", "--base-url", "http://127.0.0.1:9", "--company", "acme")
    assert said.code == 6
    assert not (empty.folder / "nps.yaml").exists()


def test_an_unknown_kind_names_the_nearest(empty: Desk, connector: Connector) -> None:
    said = connector("init", "--from", "conectwise")
    assert said.code == 2
    assert "connectwise" in said.err


def test_keys_go_to_a_file_only_where_one_is_named_and_only_its_owner_reads_it(
    empty: Desk, connector: Connector
) -> None:
    _init(empty, connector, "--env-file", ".env")
    file = empty.folder / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    script = 'set -a; . ./.env; set +a; printf %s "$CW_PRIVATE_KEY"'
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin:/usr/bin"}
    )
    assert done.stdout == empty.server.login.private_key
    assert _init(empty, connector, "--env-file", ".env").code == 2


@pytest.mark.parametrize(
    ("options", "said_so"),
    [((), "office hours are those of America/Lima, the zone of this machine; for another change connections.psa"),
     (("--zone", "Europe/Paris"), "office hours are those of Europe/Paris; for another change connections.psa")],
)  # fmt: skip
def test_the_zone_that_was_taken_is_said(
    empty: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said_so: str
) -> None:
    monkeypatch.setenv("TZ", "America/Lima")
    assert said_so in _init(empty, connector, *options).out


def test_the_next_step_names_setup_where_a_custom_field_is_missing(empty: Desk, connector: Connector) -> None:
    assert "connector setup" not in _init(empty, connector).out
    with empty.server.world.lock:
        fields = empty.server.world.tables["user_defined_fields"]
        for number in list(fields.ids(0)):
            fields.put(0, number, (fields.row(0, number) or {}) | {"caption": f"Old {number}"})
    assert "connector setup psa" in _init(empty, connector, "--force").out


def test_json_gives_the_facts(empty: Desk, connector: Connector) -> None:
    found = _init(empty, connector, "--json").facts
    assert (found["written"], found["from"], found["connection"]) == ("nps.yaml", "connectwise", "psa")


def test_at_a_terminal_it_asks_and_the_answers_are_what_is_written(tmp_path: Path, sandbox: Server) -> None:
    login = sandbox.login
    code, shown = _at_a_terminal(
        ["init", "--from", "connectwise", "--base-url", sandbox.url, "--name", "crm"],
        [("company", login.company), ("public_key: environment", ""), ("public_key itself", login.public_key),
         ("private_key: environment", "MY_SECRET"), ("private_key itself", login.private_key),
         ("client_id: environment", ""), ("client_id itself", login.client_id),
         ("time zone", "Europe/Paris"), ("save the keys you typed in .env", "")],
        tmp_path,
    )  # fmt: skip
    assert code == 0, shown
    text = (tmp_path / "nps.yaml").read_text()
    assert "private_key: ${MY_SECRET}" in text
    assert "zone: Europe/Paris" in text
    assert f"MY_SECRET={login.private_key}" in (tmp_path / ".env").read_text(), "Enter saves them"
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert ".env holds the keys, readable by you alone" in shown
    assert login.private_key not in text + shown
    assert "set -a; . ./.env" in shown


def test_at_a_terminal_a_wrong_answer_is_told_at_once_and_asked_again(tmp_path: Path, sandbox: Server) -> None:
    login = sandbox.login
    keys = ["aB3dE5fG7hJ9kL1m", "AB3DE5FG7HJ9KL1M"]  # a key in place of a name
    code, shown = _at_a_terminal(
        ["init", "--from", "connectwise"],
        [("site", "no host!"), ("site", sandbox.url.removeprefix("http://")), ("company", "a company"),
         ("company", login.company), ("public_key: environment", keys[0]), ("public_key: environment", keys[1]),
         ("public_key: environment", "file:gone"), ("public_key: environment", ""),
         ("public_key itself", login.public_key), ("private_key: environment", ""),
         ("private_key itself", login.private_key), ("client_id: environment", ""),
         ("client_id itself", login.client_id), ("time zone", "Europe/Pariss"), ("time zone", "Europe/Paris"),
         ("save the keys you typed in .env", "n")],
        tmp_path,
    )  # fmt: skip
    assert code == 0, shown
    assert "is no host name" in shown
    assert f"{sandbox.url} is the address of a test server: taken as base URL" in shown
    assert "should match pattern" in shown
    assert shown.count("looks like the key itself") == 2
    assert [shown.count(key) for key in keys] == [1, 1]  # the terminal's echo of what was typed, and no more
    assert "unknown time zone" in shown
    text = (tmp_path / "nps.yaml").read_text()
    assert f"base_url: {sandbox.url}" in text
    assert "site:" not in text


def _at_a_terminal(arguments: Sequence[str], answers: Sequence[tuple[str, str]], folder: Path) -> tuple[int, str]:
    """(exit code, what was shown) of the program at a pseudo-terminal; each answer is typed when its question came."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CW_", "CONNECTOR_"))}
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", "from connector.cli.main import main; main()", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env={**environ, "TERM": "dumb", "COLUMNS": "200"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, waiting, seen, end = "", list(answers), 0, time.monotonic() + 40
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 4096).decode(errors="replace")
                except OSError:  # the program closed its end
                    break
            # the last blank comes when the terminal is ready, its echo switched off for keys
            if waiting and waiting[0][0] in shown[seen:] and shown.endswith(": "):
                seen = len(shown)
                os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
        assert not waiting, f"never asked: {waiting[0][0]}\n{shown}"
        code = running.wait(timeout=20)
    finally:
        running.kill()
        running.wait()
        os.close(ours)
    return code, shown


@pytest.mark.parametrize("asked", [True, False], ids=["at a terminal", "by options"])
def test_what_may_be_left_out_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    """HubSpot's portal id is for links only."""
    with StandIn("hubspot", contacts=5) as hub:
        monkeypatch.setenv("HUB_TOKEN", hub.login["token"])
        command = ["init", "--from", "hubspot", "--base-url", hub.url, "--key", "access_token=HUB_TOKEN"]
        if asked:
            answers = [("portal (the portal's Hub ID", ""), ("time zone", "Europe/Paris")]
            code, shown = _at_a_terminal(command, answers, tmp_path)
        else:
            done = subprocess.run([*CONNECTOR, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
            code, shown = done.returncode, done.stderr
        assert code == 0, shown
    text = (tmp_path / "nps.yaml").read_text()
    assert "portal" not in text
    assert text.count('"member:') == 3, "one name of each"
