"""Where the database is found: by the environment, by a file it names, or beside the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.config import load
from connector.errors import ConfigError
from connector.jobs.local_time import zone_at
from connector.jobs.runtime import named_database

URL = "postgresql://nps:s3cret@postgres/nps"


def test_the_address_of_the_database_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "database_url"
    file.write_text(f"{URL}\n")
    assert named_database({"CONNECTOR_DATABASE_URL_FILE": str(file)}) == URL
    assert named_database({"CONNECTOR_DATABASE_URL_FILE": str(file), "CONNECTOR_DATABASE_URL": ""}) == URL
    assert named_database({"CONNECTOR_DATABASE_URL_FILE": "", "CONNECTOR_DATABASE_URL": URL}) == URL
    assert named_database({"CONNECTOR_DATABASE_URL_FILE": ""}) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe\x00", "is no text")],
)
def test_a_named_file_that_tells_no_address_is_refused_and_never_taken_for_sqlite(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "database_url"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"CONNECTOR_DATABASE_URL_FILE: .*database_url: {words}"):
        named_database({"CONNECTOR_DATABASE_URL_FILE": str(file)})


def test_two_addresses_are_one_too_many_and_neither_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="both set") as told:
        named_database({"CONNECTOR_DATABASE_URL": URL, "CONNECTOR_DATABASE_URL_FILE": str(tmp_path)})
    assert "s3cret" not in str(told.value)


def test_times_in_texts_are_in_the_zone_of_the_calendar_else_in_that_of_the_screen(tmp_path: Path) -> None:
    zones = {"a": {}, "b": {"calendar": {"zone": "Europe/Berlin"}}, "c": {"calendar": {"zone": "Asia/Tokyo"}}}
    path = tmp_path / "nps.yaml"
    path.write_text(json.dumps({"connections": {name: {"adapter": "memory", **more} for name, more in zones.items()}}))
    config = load(path, {})
    assert [zone_at(config, name).key for name in ("a", "b", "c")] == ["Europe/Berlin", "Europe/Berlin", "Asia/Tokyo"]
