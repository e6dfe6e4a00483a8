from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import Connector
from tests.cli.test_main import CONNECTOR
from tests.processes import complaints, line, started

KINDS = ("connectwise", "hubspot", "salesforce")


@pytest.mark.parametrize(
    ("kind", "number"), [("connectwise", signal.SIGINT), *((kind, signal.SIGTERM) for kind in KINDS)]
)
def test_serves_until_interrupted_or_terminated(kind: str, number: signal.Signals) -> None:
    with started([*CONNECTOR, "sandbox", kind, "--port", "0", "--contacts", "20", "--seed", "3"]) as process:
        found = re.search(r"http://\S+", line(process))
        assert found is not None
        assert requests.get(found[0], timeout=10).status_code == 200
        process.send_signal(number)
        assert (process.wait(30), complaints(process)) == (0, "")


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_reading(connector: Connector, kind: str) -> None:
    said = connector("sandbox", kind, "--port", "0", "--contacts", "1", "--readings", "lenent")
    assert said.code == 2
    assert "lenient" in said.err


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_prints_for_nps_yaml_is_a_configuration_that_reaches_it(kind: str, tmp_path: Path) -> None:
    """The lines after `For nps.yaml:` as they stand, and nothing else."""
    with started([*CONNECTOR, "sandbox", kind, "--port", "0", "--contacts", "5"], seconds=120) as process:
        assert line(process).startswith("sandbox ")
        assert line(process) == "For nps.yaml:\n"
        lines = [line(process)]
        while (said := line(process)).startswith(" "):
            lines.append(said)
        assert said.startswith("Or, in another terminal")
        assert line(process).startswith(f"connector init --from {kind} --base-url http://127.0.0.1:")
        path = tmp_path / "nps.yaml"
        path.write_text("".join(lines))
        name = lines[1].strip(" :\n")
        checked = subprocess.run(
            [*CONNECTOR, "check", "--live", "--config", str(path)], capture_output=True, text=True, timeout=60
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert name in checked.stdout
