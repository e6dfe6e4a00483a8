"""Calls with a meaning: reads are repeated under one policy, writes never; never faster than allowed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import tenacity

from connector.adapters.transport.meaning import MEANING, Meaning, ReadWords, error_of, json_words
from connector.adapters.transport.pace import Pace, remembered
from connector.errors import LeaseLostError, ThrottledError, UnavailableError
from connector.ports import Answer, Call, Context

Query = Mapping[str, str | int] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often a read is tried, and how long the waits between are, in seconds."""

    tries: int = 5
    first_wait: float = 0.5
    longest_wait: float = 60.0


class Transport:
    """`get` and `write` for one Connection; `calls` counts every request sent, repeated ones too.

    `tenant` names whose quota is used: what was learned of it by earlier Transports of this process is heeded.
    """

    def __init__(
        self,
        context: Context,
        *,
        words: ReadWords = json_words,
        meaning: Meaning = MEANING,
        policy: Policy = Policy(),
        max_calls_per_minute: int = 600,
        tenant: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._words = words
        self._meaning = meaning
        learned = remembered(tenant, max_calls_per_minute, clock()) if tenant else None
        self._pace = Pace(max_calls_per_minute, clock=clock, sleep=context.sleep, learned=learned)
        self._repeat = tenacity.Retrying(
            sleep=context.sleep,
            stop=lambda state: _enough(state, policy),
            wait=lambda state: _wait(state, policy),
            retry=tenacity.retry_if_exception(_worth_repeating),
            reraise=True,
        )

    @property
    def calls(self) -> int:
        return self._pace.calls

    @property
    def calls_per_minute(self) -> int:
        """What is held to now: as configured, or less since the other side refused."""
        return self._pace.limit

    def get(self, path: str, query: Query = (), *, headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read. Repeated while the other side is unavailable or throttles, as long as the wait asked for is short.

        Raises what the table says; a wait longer than the policy's longest is left to the caller (ThrottledError).
        """
        call = Call(method="GET", path=path, query=_pairs(query), headers=tuple(headers))
        return self._repeat(self._once, call)

    def write(self, method: str, path: str, body: Any) -> Answer:
        """Write once. Raises ThrottledError (no effect), OutcomeUnknownError (look first), or what the table says."""
        headers = (("content-type", "application/json"),)
        encoded = b"" if body is None else msgspec.json.encode(body)
        return self._once(Call(method=method, path=path, headers=headers if encoded else (), body=encoded))

    def _once(self, call: Call) -> Answer:
        taken = self._pace.take()
        answer = self._context.wire.send(call)
        if 200 <= answer.status < 300:
            return answer
        error = error_of(call, answer, words=self._words(answer), meaning=self._meaning, now=self._context.now())
        if isinstance(error, ThrottledError):
            self._pace.refused(taken, error.retry_after)
        raise error


def _pairs(query: Query) -> tuple[tuple[str, str], ...]:
    pairs = query.items() if isinstance(query, Mapping) else query
    return tuple((name, str(value)) for name, value in pairs if value != "")


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, UnavailableError) and not isinstance(error, LeaseLostError)


def _enough(state: tenacity.RetryCallState, policy: Policy) -> bool:
    return state.attempt_number >= policy.tries or _asked_wait(state) > policy.longest_wait


def _wait(state: tenacity.RetryCallState, policy: Policy) -> float:
    """Exponential, between half and all of it; which part depends on the request, so a replay waits the same."""
    asked = _asked_wait(state)
    if asked:
        return asked
    full = min(policy.longest_wait, policy.first_wait * 2 ** (state.attempt_number - 1))
    spread = zlib.crc32(f"{state.args[0].path} {state.attempt_number}".encode()) % 1000 / 1000
    return float(full * (1 + spread) / 2) if state.attempt_number > 1 else float(full)


def _asked_wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, ThrottledError) else 0.0
