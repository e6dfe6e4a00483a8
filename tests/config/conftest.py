from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector import config
from connector.errors import ConfigError

ROOT = Path(__file__).parents[2]
ENVIRON = {
    "CW_PUBLIC_KEY": "pub-7d81e0c2b4",
    "CW_PRIVATE_KEY": "priv-90ab11ff32",
    "CW_CLIENT_ID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
}
SECRETS = tuple(ENVIRON.values())
OF_OTHERS = {
    "HUBSPOT_ACCESS_TOKEN": "pat-eu1-7d81e0c2b4",
    "HUBSPOT_CLIENT_ID": "hub-client-90ab11",
    "HUBSPOT_CLIENT_SECRET": "hub-secret-90ab11",
    "HUBSPOT_REFRESH_TOKEN": "hub-refresh-90ab11",
    "SF_CONSUMER_KEY": "sf-consumer-90ab11",
    "SF_CONSUMER_SECRET": "sf-secret-90ab11",
    "SF_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----",
}
"""What config/full.yaml needs beside."""

Load = Callable[..., config.Config]


@pytest.fixture
def example() -> str:
    return (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str, environ: dict[str, str] | None = None) -> config.Config:
        path = tmp_path / "nps.yaml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, ENVIRON if environ is None else environ)

    return loaded


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    def told(text: str, environ: dict[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, environ)
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]

    return told
