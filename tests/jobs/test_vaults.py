"""The vault: what is put is sealed on disk, opens with the operator's key alone, and never shows anywhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.config import load
from connector.errors import ConfigError
from connector.jobs.live import LazyVault
from connector.jobs.vaults import SECRET_KEY, SECRET_KEY_FILE, KeptSecrets, secret_keys
from connector.store import Store, open_store

TOKEN = "rotated-refresh-token-of-hub"


def _key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def _vault(store: Store, connection: str = "hub", key: str = _key("a")) -> KeptSecrets:
    return KeptSecrets(store, connection, environ={SECRET_KEY: key})


def test_what_was_put_is_there_again_and_a_later_put_takes_its_place(store: Store) -> None:
    _vault(store).put("refresh_token", "first")
    _vault(store).put("refresh_token", TOKEN)
    assert _vault(store).get("refresh_token") == TOKEN
    assert _vault(store).get("another") is None
    assert _vault(store, "other").get("refresh_token") is None


def test_it_is_sealed_on_disk(store: Store) -> None:
    _vault(store).put("refresh_token", TOKEN)
    with store.read() as tx:
        (sealed,) = tx.execute(text("select secret from vault")).scalars()
    assert TOKEN not in sealed
    assert base64.b64encode(TOKEN.encode()).decode()[:16] not in sealed


def test_another_key_opens_nothing(store: Store) -> None:
    _vault(store).put("refresh_token", TOKEN)
    assert _vault(store, key=_key("b")).get("refresh_token") is None


def test_a_key_is_changed_by_writing_the_new_one_before_the_old(store: Store) -> None:
    _vault(store).put("refresh_token", TOKEN)
    both = _vault(store, key=f"{_key('b')}, {_key('a')}")
    assert both.get("refresh_token") == TOKEN
    both.put("refresh_token", TOKEN)
    assert _vault(store, key=_key("b")).get("refresh_token") == TOKEN


def test_a_row_that_was_moved_to_another_connection_opens_to_nothing(store: Store) -> None:
    _vault(store).put("refresh_token", TOKEN)
    with store.write() as tx:
        tx.execute(text("update vault set connection = 'other'"))
    assert _vault(store, "other").get("refresh_token") is None


@pytest.mark.parametrize("environ", [{}, {SECRET_KEY: ""}])
def test_without_a_key_nothing_is_kept_and_what_is_kept_is_asked_for(store: Store, environ: dict[str, str]) -> None:
    without = KeptSecrets(store, "hub", environ=environ)
    assert without.get("refresh_token") is None, "nothing was kept, so no key is needed"
    with pytest.raises(ConfigError, match=rf"connections\.hub.*{SECRET_KEY}.*openssl rand -base64 32") as caught:
        without.put("refresh_token", TOKEN)
    assert TOKEN not in str(caught.value)
    _vault(store).put("refresh_token", TOKEN)
    with pytest.raises(ConfigError, match="kept encrypted"):
        without.get("refresh_token")


@pytest.mark.parametrize("written", ["short", "ä" * 32, _key("a")[:-4], "!" * 44])
def test_what_is_no_key_is_refused_and_never_shown(written: str) -> None:
    with pytest.raises(ConfigError, match="no key of 32 bytes") as caught:
        secret_keys({SECRET_KEY: written})
    assert written not in str(caught.value)


def test_the_key_may_stand_in_a_file_and_in_either_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{base64.urlsafe_b64encode(bytes(range(220, 252))).decode()}\n")
    assert secret_keys({SECRET_KEY_FILE: str(path)}) == [bytes(range(220, 252))]
    path.write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        secret_keys({SECRET_KEY_FILE: str(path)})
    with pytest.raises(ConfigError, match="No such file"):
        secret_keys({SECRET_KEY_FILE: str(tmp_path / "none")})
    with pytest.raises(ConfigError, match="both set"):
        secret_keys({SECRET_KEY: _key("a"), SECRET_KEY_FILE: str(path)})


def test_a_look_without_a_store_opens_one_only_when_something_must_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_KEY, _key("a"))
    monkeypatch.delenv("CONNECTOR_DATABASE_URL", raising=False)
    file = tmp_path / "nps.yaml"
    file.write_text(f"connections: {{hub: {{adapter: memory}}}}\nstorage: {{data: {tmp_path / 'data'}}}\n")
    vault = LazyVault(load(file, {}), "hub")
    assert vault.get("refresh_token") is None
    assert not (tmp_path / "data").exists()
    vault.put("refresh_token", TOKEN)
    assert vault.get("refresh_token") == TOKEN
