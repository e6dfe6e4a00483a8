"""Calls with a meaning: reads are repeated under one policy, writes never; never faster than allowed."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import tenacity

from connector.adapters.transport.meaning import (
    MEANING,
    Meaning,
    ReadWait,
    ReadWords,
    Words,
    asked_wait,
    error_of,
    json_words,
)
from connector.adapters.transport.pace import WINDOW, Bucket, Pace, remembered
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
    """`get`, `ask` and `write` for one Connection; `calls` counts every request sent, repeated ones too.

    `tenant` names whose quota is used: what was learned of it by earlier Transports of this process is heeded.
    `buckets` are what the vendor counts apart, in place of `max_calls_per_minute`; the narrowest stands last: a call
    leaves when the last has been waited for. `waits` reads the seconds that a refusal asks for; `heard` is told every
    answer, as soon as it is there (limits stand in headers). `remedies` say by status what a person does about a
    refusal.
    """

    def __init__(
        self,
        context: Context,
        *,
        words: ReadWords = json_words,
        meaning: Meaning = MEANING,
        remedies: Mapping[int, str] = {},
        policy: Policy = Policy(),
        max_calls_per_minute: int = 600,
        buckets: Sequence[Bucket] = (),
        waits: ReadWait = asked_wait,
        heard: Callable[[Call, Answer], None] | None = None,
        tenant: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._words = words
        self._meaning, self._remedies = meaning, remedies
        self._waits, self._heard = waits, heard
        self._sent, self._counting = 0, threading.Lock()
        self._buckets = buckets or (Bucket(name="", calls=max_calls_per_minute, seconds=WINDOW),)
        self._paces: dict[str, Pace] = {}
        for bucket in self._buckets:
            whose = f"{tenant} {bucket.name}".strip() if tenant else ""
            learned = remembered(whose, bucket.calls, clock(), window=bucket.seconds) if whose else None
            self._paces[bucket.name] = Pace(
                bucket.calls, window=bucket.seconds, clock=clock, sleep=context.sleep, learned=learned
            )
        self._repeat = tenacity.Retrying(
            sleep=context.sleep,
            stop=lambda state: _enough(state, policy),
            wait=lambda state: _wait(state, policy),
            retry=tenacity.retry_if_exception(_worth_repeating),
            reraise=True,
        )

    @property
    def calls(self) -> int:
        return self._sent

    @property
    def calls_per_minute(self) -> int:
        """What is held to now in the first bucket: as configured, or less since the other side refused."""
        first = self._buckets[0]
        return int(self._paces[first.name].limit * WINDOW / first.seconds)

    def allow(self, bucket: str, calls: int) -> None:
        """The other side says how many calls it allows of a bucket."""
        self._paces[bucket].allow(calls)

    def get(self, path: str, query: Query = (), *, headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read. Repeated while the other side is unavailable or throttles, as long as the wait asked for is short.

        Raises what the table says; a wait longer than the policy's longest is left to the caller (ThrottledError).
        """
        call = Call(method="GET", path=path, query=_pairs(query), headers=tuple(headers))
        return self._repeat(self._once, call)

    def ask(self, path: str, body: Any, query: Query = (), *, method: str = "POST") -> Answer:
        """Read by a body, as a search does. Repeated and refused as `get` is; it needs no lease."""
        headers = (("content-type", "application/json"),)
        encoded = msgspec.json.encode(body)
        call = Call(method=method, path=path, query=_pairs(query), headers=headers, body=encoded, reads=True)
        return self._repeat(self._once, call)

    def write(self, method: str, path: str, body: Any, *, headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Write once. Raises ThrottledError (no effect), OutcomeUnknownError (look first), or what the table says."""
        encoded = b"" if body is None else msgspec.json.encode(body)
        said = (*((("content-type", "application/json"),) if encoded else ()), *headers)
        return self._once(Call(method=method, path=path, headers=said, body=encoded))

    def _once(self, call: Call) -> Answer:
        taken = [(bucket, self._paces[bucket.name].take()) for bucket in self._buckets if bucket.takes(call)]
        with self._counting:
            self._sent += 1
        answer = self._context.wire.send(call)
        if self._heard is not None:
            self._heard(call, answer)
        if 200 <= answer.status < 300:
            return answer
        words = self._words(answer)
        error = error_of(
            call,
            answer,
            words=words,
            meaning=self._meaning,
            remedies=self._remedies,
            now=self._context.now(),
            waits=self._waits,
        )
        if isinstance(error, ThrottledError) and answer.status == 429:
            self._refused(taken, words, error.retry_after)
        raise error

    def _refused(self, taken: list[tuple[Bucket, float]], words: Words, retry_after: float) -> None:
        meant = [pair for pair in taken if pair[0].code and pair[0].code == words.code] or taken
        for bucket, at in meant:
            self._paces[bucket.name].refused(at, retry_after)


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
