"""A kept secret shows nowhere: not in a person's export, nor a support bundle, nor after an erasure, nor in the log."""

from __future__ import annotations

import base64
import zipfile
from pathlib import Path

import pytest

from connector.config import load
from connector.jobs.runtime import open_runtime
from connector.jobs.vaults import SECRET_KEY, KeptSecrets
from connector.store import vault
from tests.cli.acting import ANN, delivered
from tests.cli.conftest import Connector, Desk
from tests.settings import ENVIRON

TOKEN = "rotated-refresh-token-4711"
KEY = base64.b64encode(bytes(range(32))).decode()


def _sealed(desk: Desk, *, put: bool = False) -> str:
    runtime = open_runtime(load(desk.folder / "nps.yaml", ENVIRON))
    try:
        if put:
            KeptSecrets(runtime.store, "psa").put("refresh_token", TOKEN)
        with runtime.store.read() as tx:
            found = vault.get(tx, "psa", "refresh_token")
    finally:
        runtime.store.close()
    assert found is not None
    return found


def test_a_kept_secret_is_in_nothing_that_leaves_the_house(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_KEY, KEY)
    delivered(desk, connector)
    sealed = _sealed(desk, put=True)
    export, bundle = desk.folder / "ann.json", desk.folder / "bundle.zip"
    said = [
        connector("export", ANN, "--out", str(export)),
        connector("support-bundle", "--out", str(bundle)),
        connector("doctor"),
        connector("forget", ANN, "--yes"),
    ]
    assert [each.code for each in said[:2]] == [0, 0]
    assert said[3].code == 0, said[3].out + said[3].err
    texts = [each.out + each.err for each in said] + [export.read_text()] + _unzipped(bundle)
    for hidden in (TOKEN, sealed, KEY):
        assert not [text for text in texts if hidden in text]
    assert _sealed(desk) == sealed, "an erasure leaves it alone"


def test_a_bundle_that_holds_a_kept_secret_is_refused(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_KEY, KEY)
    delivered(desk, connector)
    _sealed(desk, put=True)
    monkeypatch.setattr("connector.jobs.bundle.README", f"{{jobs}} {TOKEN}")
    said = connector("support-bundle", "--out", str(desk.folder / "bundle.zip"))
    assert said.code == 1
    assert "a secret" in said.err
    assert TOKEN not in said.out + said.err
    assert not (desk.folder / "bundle.zip").exists()


def _unzipped(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
