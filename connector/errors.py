"""The errors, sorted by what to do next. Messages name place, thing and remedy; none carries a secret or a body."""

from __future__ import annotations

from dataclasses import dataclass


class ConnectorError(Exception):
    """The root; never raised itself. `exit_code` is what a command leaves with when this ends it."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a file: where (line and column count from 1, 0 = unknown), what, and what to write instead."""

    file: str
    line: int = 0
    column: int = 0
    path: str = ""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(ConnectorError):
    """A person edits the file. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: list[Problem] | str) -> None:
        self.problems = [Problem(file="configuration", message=problems)] if isinstance(problems, str) else problems
        super().__init__("\n".join(str(problem) for problem in self.problems))


class AuthError(ConnectorError):
    """A person renews credentials or rights; the Connection is held, the others go on."""

    exit_code = 3


class ForbiddenError(AuthError):
    """The credentials are good and may not do this one thing: a right is missing. Holds the Connection as any
    AuthError does, unless its adapter can do without."""


class FuseError(ConnectorError):
    """A ceiling was reached before the first effect; a person decides. Nothing was done."""

    exit_code = 4


class RejectedError(ConnectorError):
    """This record only; the vendor's words are kept. `code` is the vendor's own, where it gave one; `missing` are the
    fields that the vendor demands and did not get."""

    exit_code = 5

    def __init__(self, message: str, *, code: str = "", status: int = 0, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.status, self.missing = code, status, missing


class UnavailableError(ConnectorError):
    """Again later; nothing took effect."""

    exit_code = 6


class ThrottledError(UnavailableError):
    """Not before `retry_after` seconds; nothing took effect."""

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LeaseLostError(UnavailableError):
    """Another process holds the Connection now; this one stops before its next effect."""


class PausedError(UnavailableError):
    """A person paused the Connection, or its credentials were refused: nothing more leaves until `connector resume`."""


class ParkedError(UnavailableError):
    """The service is being stopped: the story ends here, between two effects, and goes on at the next start."""


class OutcomeUnknownError(ConnectorError):
    """A write left and no answer came: look before repeating."""

    exit_code = 6


class ContractError(ConnectorError):
    """The payload is not what we thought. `sample` is redacted before it is kept."""

    exit_code = 1

    def __init__(self, message: str, *, sample: str = "") -> None:
        super().__init__(message)
        self.sample = sample
