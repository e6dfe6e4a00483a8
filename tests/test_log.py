"""A log line is one line, and tells no secrets."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import log

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    import structlog

    handlers, level, known = list(logging.getLogger().handlers), logging.getLogger().level, set(log._secrets)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    log._secrets.clear()
    log._secrets.update(known)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    def told() -> list[dict[str, Any]]:
        out, err = capsys.readouterr()
        assert out == ""
        return [json.loads(line) for line in err.splitlines()]

    return told


def test_json_lines_carry_job_and_connection(lines: Lines) -> None:
    log.configure(json=True)
    with log.bound(job="j1", connection="psa"):
        log.get(page=2).info("pulled", contacts=1000, ok=True, share=0.5, nothing=None)
    log.get().info("after")
    first, second = lines()
    assert first | {"time": ""} == {
        "time": "", "level": "info", "event": "pulled", "page": 2, "contacts": 1000, "ok": True, "share": 0.5,
        "nothing": None, "job": "j1", "connection": "psa",
    }  # fmt: skip
    assert "job" not in second


def test_text_for_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    log.configure(json=False)
    log.get(job="j1").info("pulled", contacts=1000, audience="decision makers", empty="", listed=[1])
    told = capsys.readouterr().err
    assert told[8:] == ' info    pulled  job=j1 contacts=1000 audience="decision makers" empty="" listed=[1]\n'
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    log.configure()
    log.get().info("seen")
    assert capsys.readouterr().err.endswith("info    seen\n")


def test_json_unless_on_a_terminal(lines: Lines) -> None:
    log.configure()
    log.get().info("seen")
    assert lines()[0]["event"] == "seen"


@pytest.mark.parametrize(
    ("level", "told"),
    [("debug", 4), ("info", 3), ("warning", 2), ("ERROR", 1)],
)
def test_levels(lines: Lines, level: str, told: int) -> None:
    log.configure(json=True, level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log.get(), name)("x")
    assert len(lines()) == told


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="write debug, info, warning or error"):
        log.configure(level="loud")


def test_known_secrets_are_hidden_wherever_they_stand(lines: Lines) -> None:
    log.configure(json=True)
    log.register_secrets(["s3cr3t/x", "ab", "", "4711"])
    log.get().info(
        "with s3cr3t/x in it", url="https://example.com/?k=s3cr3t%2Fx", deep={"a": ["s3cr3t/x", {"s3cr3t/x": 1}]},
        short="ab", part="cab", number=4711, blob=b"s3cr3t/x", odd=ValueError("s3cr3t/x"),
    )  # fmt: skip
    line = lines()[0]
    assert "s3cr3t" not in json.dumps(line)
    assert line["event"] == "with [hidden] in it"
    assert (line["short"], line["part"], line["number"]) == ("[hidden]", "cab", "[hidden]")


def test_values_under_secret_sounding_keys_are_hidden(lines: Lines) -> None:
    log.configure(json=True)
    log.get().info(
        "x", private_key="v", Authorization="v", headers={"Cookie": "v", "x-api-key": "v", "page": "v"}, key="v"
    )
    line = lines()[0]
    assert (line["private_key"], line["Authorization"]) == ("[hidden]", "[hidden]")
    assert line["headers"] == {"Cookie": "[hidden]", "x-api-key": "[hidden]", "page": "v"}
    assert line["key"] == "v"


def test_addresses_are_masked_unless_wanted(lines: Lines) -> None:
    log.configure(json=True)
    log.get().info(
        "ann@example.com wrote", to=["Ann <ann.lee@mail.example.org>", "no address @ all"], q="u=a%40b&m=x@y.z"
    )
    log.configure(json=True, show_addresses=True)
    log.get().info("ann@example.com wrote")
    masked, shown = lines()
    assert masked["event"] == "a***@e*** wrote"
    assert masked["to"] == ["Ann <a***@m***>", "no address @ all"]
    assert masked["q"] == "u=a%40b&m=x***@y***"
    assert shown["event"] == "ann@example.com wrote"


@pytest.mark.parametrize(
    "mark", ["\n", "\r", "\x00", "\x1b[2J", "\u2028", "\u2029", "\x85", "\u202e", "\u2066", "\ud800"]
)
@pytest.mark.parametrize("as_json", [True, False])
def test_text_from_outside_cannot_forge_a_line(capsys: pytest.CaptureFixture[str], mark: str, as_json: bool) -> None:
    log.configure(json=as_json)
    log.get().info(f"one{mark}2026 error two", **{f"key{mark}": f"a{mark}b"})
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert mark not in told.removesuffix("\n")


@given(text=st.text(), key=st.text(min_size=1, max_size=5))
def test_any_text_makes_one_line(text: str, key: str) -> None:
    for as_json in (True, False):
        log.configure(json=as_json)
        before, sys.stderr = sys.stderr, io.StringIO()
        try:
            log.get().warning(text, **{f"x{key}": [text, {text: text}]})
            told = sys.stderr.getvalue()
        finally:
            sys.stderr = before
        assert told.endswith("\n")
        assert len(told.splitlines()) == 1
        told.encode("utf-8")


def test_an_exception_is_one_line_and_tells_no_secrets(lines: Lines) -> None:
    log.configure(json=True)
    log.register_secrets(["hush-hush"])
    try:
        raise ValueError("hush-hush\nof ann@example.com")
    except ValueError:
        log.get().exception("failed")
    line = lines()[0]
    assert line["error"] == "ValueError: [hidden]\\nof a***@e***"
    assert line["at"].startswith("tests/test_log.py:")


def test_a_long_value_is_cut(lines: Lines) -> None:
    log.configure(json=True)
    log.get().info("x", comment="y" * 10_000_000)
    assert lines()[0]["comment"].endswith("… (9996000 characters more)")


def test_what_libraries_log_takes_the_same_way(lines: Lines) -> None:
    log.configure(json=True)
    log.configure(json=True)
    log.register_secrets(["hush-hush"])
    logging.getLogger("some.library").warning("100%% of %s", "hush-hush")
    logging.getLogger("urllib3.connectionpool").info("chatter")
    line, *more = lines()
    assert (line["event"], line["level"], line["logger"]) == ("100% of [hidden]", "warning", "some.library")
    assert more == []


def test_before_configure_only_warnings_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    log.get().info("quiet")
    log.get().warning("loud")
    told = capsys.readouterr().err
    assert "quiet" not in told
    assert "loud" in told


def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log.configure(json=True)
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    log.get().warning("into the void")


def test_importing_the_log_imports_no_structlog() -> None:
    code = "import sys, connector.log; print('structlog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
