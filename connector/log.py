"""Log lines: readable on a terminal, JSON otherwise, always one line each, on stderr.

Known secrets, values under secret-sounding keys and e-mail addresses are hidden; control and direction characters are
escaped, so that text from outside cannot forge a line. structlog is imported on first use.
"""

from __future__ import annotations

import json as jsonlib
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

HIDDEN = "[hidden]"
_LONGEST = 4_000  # characters of one value; an answer of 10 MB is in the store, not in the log
_SECRET_KEY = re.compile(
    r"passw|secret|token|(api|private|public|access)[_-]?key|authorization|cookie|credential", re.I
)
_ADDRESS = re.compile(r"([^\s@<>\"',;:=()\[\]{}]{1,64})@([^\s@<>\"',;:=()\[\]{}/?&]{1,255})")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_NOISY = ("urllib3", "apscheduler", "asyncio", "mail", "alembic", "sqlalchemy")
_SILENT = "_silent"
_secrets: set[str] = set()


def configure(json: bool | None = None, level: str = "info", show_addresses: bool = False) -> None:
    """Set up logging for this process. `json` None: JSON unless stderr is a terminal. Raises ValueError for a level
    that is none of debug, info, warning, error."""
    import structlog

    number = {"debug": 10, "info": 20, "warning": 30, "error": 40}.get(level.lower())
    if number is None:
        raise ValueError(f"{level!r} is no log level; write debug, info, warning or error")
    as_json = not sys.stderr.isatty() if json is None else json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _unless_silent,
            structlog.processors.add_log_level,
            _stamp,
            _exception,
            _Redaction(show_addresses),
            _json_line if as_json else _text_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    _take_over_standard_logging(number)


def get(**values: Any) -> Any:
    """A logger with these values on each of its lines. Before `configure` it writes warnings and errors only."""
    import structlog

    if not structlog.is_configured():
        configure(level="warning")
    return structlog.get_logger().bind(**values)


def bound(**values: Any) -> AbstractContextManager[None]:
    """`with log.bound(job=…, connection=…):` every line of this thread or task within carries these values."""
    import structlog

    return structlog.contextvars.bound_contextvars(**values)


def silent() -> AbstractContextManager[None]:
    """`with log.silent():` no line of this thread or task is written; what a replay does over again did not happen."""
    return bound(**{_SILENT: True})


def register_secrets(values: Iterable[str]) -> None:
    """From now on these texts are hidden wherever they appear in a line, also in the form they have in an address."""
    for value in values:
        _secrets.update(form for form in (value, quote(value, safe="")) if form)


def holds_secret(text: str) -> bool:
    """Whether one of the texts that the log hides is in this one."""
    return any(secret in text for secret in _secrets if len(secret) > 3)


def mask(text: str) -> str:
    """The text with each e-mail address made unreadable but recognisable: `a***@e***`."""
    return _ADDRESS.sub(lambda found: f"{found[1][0]}***@{found[2][0]}***", text) if "@" in text else text


def one_line(text: str) -> str:
    """The text with control, line-breaking, direction and unpaired surrogate characters escaped."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class _Redaction:
    def __init__(self, show_addresses: bool) -> None:
        self._show_addresses = show_addresses

    def __call__(self, _logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        long = sorted((secret for secret in _secrets if len(secret) > 3), key=len, reverse=True)
        return {self._text(str(key), long): self._value(str(key), value, long) for key, value in line.items()}

    def _value(self, key: str, value: Any, long: list[str]) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return HIDDEN if str(value) in _secrets else value
        if _SECRET_KEY.search(key):
            return HIDDEN
        if isinstance(value, Mapping):
            return {self._text(str(name), long): self._value(str(name), child, long) for name, child in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(key, child, long) for child in value]
        return self._text(_shown(value), long)

    def _text(self, text: str, long: list[str]) -> str:
        if text in _secrets:
            return HIDDEN
        for secret in long:
            text = text.replace(secret, HIDDEN)
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}… ({len(text) - _LONGEST} characters more)"
        return one_line(text if self._show_addresses else mask(text))


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _unless_silent(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    import structlog

    if line.pop(_SILENT, False):
        raise structlog.DropEvent
    return line


def _stamp(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return line


def _exception(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as one line: what, then where, innermost first."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line["error"] = f"{type(error).__name__}: {error}"
        frames = reversed(traceback.extract_tb(error.__traceback__)[-12:])
        line["at"] = " < ".join(f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}" for frame in frames)
    return line


def _json_line(_logger: object, _name: str, line: MutableMapping[str, Any]) -> str:
    first = {key: line.pop(key) for key in ("time", "level", "event") if key in line}
    return jsonlib.dumps({**first, **line}, ensure_ascii=False, default=str)


def _text_line(_logger: object, _name: str, line: MutableMapping[str, Any]) -> str:
    time, level, event = (str(line.pop(key, "")) for key in ("time", "level", "event"))
    rest = " ".join(f"{key}={_quoted(value)}" for key, value in line.items())
    return f"{time[11:19]} {level:<7} {event}{'  ' if rest else ''}{rest}"


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else jsonlib.dumps(value, ensure_ascii=False, default=str)
    return jsonlib.dumps(text, ensure_ascii=False) if text == "" or " " in text else text


def _take_over_standard_logging(number: int) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Forward)]:
        root.removeHandler(handler)
    root.addHandler(_Forward())
    root.setLevel(number)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class _Stderr:
    """Writes to whatever stderr is now. A log that cannot be written stops nothing."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


class _Forward(logging.Handler):
    """What libraries log by the standard module takes the same way as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            name = {10: "debug", 20: "info", 30: "warning"}.get(record.levelno // 10 * 10, "error")
            write = getattr(get(logger=record.name), name)
            write(record.getMessage(), exc_info=record.exc_info or None)
        except Exception:
            self.handleError(record)
