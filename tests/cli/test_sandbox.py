from __future__ import annotations

import re
import signal
import subprocess

import requests

from tests.cli.conftest import Connector
from tests.cli.test_main import CONNECTOR


def test_serves_until_interrupted() -> None:
    words = ["sandbox", "connectwise", "--port", "0", "--contacts", "20", "--seed", "3"]
    with subprocess.Popen([*CONNECTOR, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            assert requests.get(found[0], timeout=10).status_code == 200
            process.send_signal(signal.SIGINT)
            process.wait(10)
        finally:
            process.kill()
        assert process.returncode in (0, 130)
        assert process.stderr.read() == ""


def test_wrong_reading(connector: Connector) -> None:
    said = connector("sandbox", "connectwise", "--port", "0", "--contacts", "1", "--readings", "lenent")
    assert said.code == 2
    assert "lenient" in said.err
