"""Secrets are filled in after the YAML was read, and shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector import config, log
from connector.errors import ConfigError

from .conftest import ENVIRON, SECRETS, Load


def _everything(loaded: config.Config) -> str:
    psa = loaded.connections["psa"]
    return "\n".join(
        [repr(loaded), str(loaded), repr(psa), repr(psa.settings), str(psa.settings), json.dumps(loaded.redacted()),
         loaded.fingerprint, "\n".join(loaded.notices), repr(vars(loaded))]
    )  # fmt: skip


def test_no_secret_is_shown(example: str, load: Load) -> None:
    shown = _everything(load(example))
    for secret in SECRETS:
        assert secret not in shown


def test_the_adapter_gets_the_secret(example: str, load: Load) -> None:
    psa = load(example).connections["psa"].settings
    assert psa.private_key.get_secret_value() == ENVIRON["CW_PRIVATE_KEY"]


def test_another_secret_is_no_other_configuration(example: str, load: Load) -> None:
    renewed = load(example, {**ENVIRON, "CW_PRIVATE_KEY": "priv-renewed"})
    assert renewed.fingerprint == load(example).fingerprint
    assert renewed.redacted() == load(example).redacted()


def test_a_secret_from_a_file_is_trimmed(example: str, load: Load, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbf priv-from-file \r\n")
    for name in (str(tmp_path / "key"), "key"):
        loaded = load(example.replace("${CW_PRIVATE_KEY}", f"${{file:{name}}}"))
        assert loaded.connections["psa"].settings.private_key.get_secret_value() == "priv-from-file"
        assert "priv-from-file" not in _everything(loaded)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe\xff", "is not UTF-8"), (b"x" * 70_000, "larger than 64 kB")],
)
def test_a_secret_file_that_cannot_be_used(
    example: str, problems: Callable[..., list[str]], tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "key").write_bytes(content)
    told = problems(example.replace("${CW_PRIVATE_KEY}", "${file:key}"))
    assert len(told) == 1
    assert f"connections.psa.private_key: the file key {why}" in told[0] or why in told[0]


def test_defaults_escapes_and_parts(example: str, load: Load) -> None:
    text = example.replace("company: acme", "company: ${TENANT:-ac}${SUFFIX:-me}").replace(
        "call detractors back", "pay $${100} for ${WHAT:-}nothing"
    )
    loaded = load(text)
    assert loaded.connections["psa"].settings.company == "acme"
    assert loaded.rules[1].name == "pay ${100} for nothing"
    assert load(text, {**ENVIRON, "TENANT": "b"}).connections["psa"].settings.company == "bme"


def test_an_empty_variable_is_as_missing(example: str, problems: Callable[..., list[str]]) -> None:
    told = problems(example, {**ENVIRON, "CW_PRIVATE_KEY": ""})
    assert len(told) == 1
    assert "the variable CW_PRIVATE_KEY is empty; set it" in told[0]


def test_a_value_cannot_become_structure(example: str, load: Load) -> None:
    hostile = "x\nmode: live\nrules: [] #${CW_CLIENT_ID}"
    loaded = load(example, {**ENVIRON, "CW_PRIVATE_KEY": hostile})
    assert loaded.mode == "preview"
    assert loaded.connections["psa"].settings.private_key.get_secret_value() == hostile


def test_numbers_may_come_from_a_variable(example: str, load: Load) -> None:
    loaded = load(example + "limits: {tickets_per_day: '${TICKETS:-25}'}\n")
    assert loaded.limits.tickets_per_day == 25


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("adapter: connectwise", "adapter: ${CW_PRIVATE_KEY}"),
        ("mode: preview  ", "mode: ${CW_PRIVATE_KEY}  "),
        ("Europe/Berlin", "'${CW_PRIVATE_KEY}'"),
        ("na.myconnectwise.net", "'${CW_PRIVATE_KEY} %%'"),
        ("from: psa", "from: ${CW_PRIVATE_KEY}"),
        ("18 months", "'${CW_PRIVATE_KEY}'"),
        ("1 business day", "'${CW_PRIVATE_KEY}'"),
        ("[account_manager, territory_manager, \"member:bob\"]", "'${CW_PRIVATE_KEY}'"),
        ("call detractors back", "call\nname: ${CW_PRIVATE_KEY}"),
        ("board: Customer Success", "board: ['${CW_PRIVATE_KEY}']"),
        ("board: Customer Success", "board: x\n          summary: '{{ ${CW_PRIVATE_KEY} }}'"),
        ("id: call-back", "id: '${CW_PRIVATE_KEY}!'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("secret", ["Zq", "Zq7-Xw", "Zq'\\7\n"])
def test_no_message_shows_what_a_variable_holds(
    example: str, problems: Callable[..., list[str]], right: str, wrong: str, secret: str
) -> None:
    told = "\n".join(problems(example.replace(right, wrong, 1), {**ENVIRON, "CW_PRIVATE_KEY": secret}))
    assert "Zq" not in told


def test_a_secret_in_a_field_that_is_shown_is_redacted_there_too(example: str, load: Load, tmp_path: Path) -> None:
    text = example.replace("call detractors back", "call ${CW_PRIVATE_KEY} and ${file:word} and ${API_TOKEN}")
    (tmp_path / "word").write_text("hush-hush")
    loaded = load(text, {**ENVIRON, "API_TOKEN": "tok-123"})
    assert loaded.redacted()["rules"][1]["name"] == "call redacted and redacted and redacted"
    assert config.restore(loaded.redacted()).fingerprint == loaded.fingerprint


def test_a_secret_where_it_would_have_to_be_stored_is_refused(example: str, problems: Callable[..., list[str]]) -> None:
    told = problems(
        example.replace("zone: Europe/Berlin", "zone: '${ZONE_KEY}'"), {**ENVIRON, "ZONE_KEY": "Asia/Tokyo"}
    )
    assert len(told) == 1
    assert "connections.psa.calendar.zone: a secret cannot stand here" in told[0]


def test_a_secret_written_out_is_allowed_and_noticed(example: str, load: Load) -> None:
    loaded = load(example.replace("${CW_PRIVATE_KEY}", "priv-in-the-file"))
    assert loaded.notices == (
        "connections.psa.private_key is written out in the file; take it from the environment: ${NAME}",
    )
    assert "priv-in-the-file" not in _everything(loaded)


def test_a_secret_written_out_is_in_no_message_of_its_connection(
    example: str, problems: Callable[..., list[str]]
) -> None:
    for wrong in ("[priv-in-the-file]", "{priv-in-the-file: 1}", "priv-in-the-file\n    private_kee: priv-in-the-file"):
        told = problems(example.replace("${CW_PRIVATE_KEY}", wrong))
        assert "priv-in-the-file" not in "\n".join(told)


def test_loading_makes_secrets_known_to_the_log(example: str, load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    load(example)
    log.configure(json=True)
    log.get().warning(f"calling with {ENVIRON['CW_PRIVATE_KEY']}", detail=[ENVIRON["CW_PUBLIC_KEY"]])
    shown = capsys.readouterr().err
    assert ENVIRON["CW_PRIVATE_KEY"] not in shown
    assert ENVIRON["CW_PUBLIC_KEY"] not in shown


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.text(min_size=6, max_size=60).filter(lambda text: text.strip() == text and "\x00" not in text),
    breaks=st.booleans(),
)
def test_any_secret_stays_secret(example: str, load: Load, secret: str, breaks: bool) -> None:
    unlike = f"Zq9{secret}9qZ"
    text = example.replace("board: Customer Success", "bord: Customer Success") if breaks else example
    try:
        shown = _everything(load(text, {**ENVIRON, "CW_PRIVATE_KEY": unlike}))
    except ConfigError as error:
        assert breaks
        shown = str(error)
    assert "Zq9" not in shown
    assert "9qZ" not in shown
