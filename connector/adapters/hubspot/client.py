"""The API as the other modules see it: one answer typed, a search, a write; paths by operation, see `paths`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol, TypeVar

import msgspec

from connector.adapters.hubspot.daily import Daily
from connector.adapters.hubspot.meaning import (
    HUBSPOT_MEANING,
    HUBSPOT_REMEDIES,
    SECOND,
    TEN_SECONDS,
    is_absent,
    is_missing,
    wait,
    words,
)
from connector.adapters.hubspot.paths import is_search, path
from connector.adapters.hubspot.settings import HubSpotSettings
from connector.adapters.hubspot.written_types import WireProblem
from connector.adapters.transport import Bucket, Policy, Transport, decode
from connector.adapters.transport.transport import Query
from connector.errors import ContractError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import Answer, Call, Context

T = TypeVar("T")
SHARE = 0.95
"""Of what the vendor allows: other apps of the portal count too, and calls do not arrive as evenly as they leave."""
SEARCHES_A_SECOND = 5
_LOWEST_TIER = 100  # calls in 10 seconds, until an answer says what the portal's subscription allows
_BURST, _SEARCH = "calls", "searches"


class Many(Protocol):
    """The answer to a question for many records, of which some may have errors."""

    @property
    def errors(self) -> Sequence[WireProblem] | None: ...


M = TypeVar("M", bound=Many)


class Portal:
    """One opened portal. Errors are those of the transport; FuseError once the day's calls are used up."""

    def __init__(self, settings: HubSpotSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._daily = Daily(settings.daily_reserve)
        self._told = settings.calls_per_10_seconds
        self._lock = threading.Lock()
        self.transport = Transport(
            context,
            words=words,
            meaning=HUBSPOT_MEANING,
            remedies=HUBSPOT_REMEDIES,
            policy=Policy(first_wait=1.0),
            waits=wait,
            heard=self._hear,
            buckets=(
                Bucket(name=_BURST, calls=int((self._told or _LOWEST_TIER) * SHARE), seconds=10.0, code=TEN_SECONDS),
                Bucket(
                    name=_SEARCH,
                    calls=1,  # evenly: five at once may be six in somebody else's second
                    seconds=1 / (SEARCHES_A_SECOND * SHARE),
                    takes=lambda call: is_search(call.path),
                    code=SECOND,
                ),
            ),
            tenant=f"{context.connection} {settings.tenant}",
        )

    @property
    def connection(self) -> str:
        return self.context.connection

    def path(self, operation: str, **names: str) -> str:
        """The path of an operation in the API version of the settings; see `paths`."""
        return path(self.settings.api_version, operation, **names)

    def get(self, where: str, record: type[T], query: Query = ()) -> T:
        """One answer. RejectedError with status 404 where it is not there."""
        self._daily.check()
        return decode(self.transport.get(where, query), decoder(record), place=f"GET {where}")

    def dated(self, where: str, record: type[T], query: Query = ()) -> tuple[T, str]:
        """The same, with the Date header of the answer: the portal's own clock."""
        self._daily.check()
        answer = self.transport.get(where, query)
        return decode(answer, decoder(record), place=f"GET {where}"), answer.headers.get("date", "")

    def ask(self, where: str, body: Any, record: type[T], query: Query = ()) -> T:
        """A read by POST: a search, for example. It may be repeated."""
        self._daily.check()
        return decode(self.transport.ask(where, body, query), decoder(record), place=f"POST {where}")

    def ask_each(self, where: str, body: Any, record: type[M]) -> M:
        """The same for many records by id (207: some are not there). Raises UnavailableError where anything else is
        said of one: it would look as if it were not there."""
        answer = self.ask(where, body, record)
        for problem in answer.errors or ():
            if not is_absent(problem):
                said = " ".join(filter(None, (problem.category, problem.sub_category))) or "an error without a category"
                raise UnavailableError(
                    f"POST {where}: HubSpot says {said} of one record; all are asked for again later"
                )
        return answer

    def asked_dated(self, where: str, body: Any, record: type[T]) -> tuple[T, str]:
        """The same, with the Date header of the answer."""
        self._daily.check()
        answer = self.transport.ask(where, body)
        return decode(answer, decoder(record), place=f"POST {where}"), answer.headers.get("date", "")

    def write(self, method: str, where: str, body: Any, record: type[T]) -> T:
        """Write once and read the answer (207 too: look at its errors). One that cannot be read leaves the outcome
        unknown."""
        self._daily.check()
        answer = self.transport.write(method, where, body)
        try:
            return decode(answer, decoder(record), place=f"{method} {where}")
        except ContractError as error:
            raise OutcomeUnknownError(f"{error} (the write itself was accepted)") from None

    def send(self, method: str, where: str, body: Any = None) -> None:
        """Write once where nothing of the answer is read (204)."""
        self._daily.check()
        self.transport.write(method, where, body)

    def remove(self, where: str) -> None:
        """Archive one record once; one that is not there already is gone as well."""
        try:
            self.send("DELETE", where)
        except RejectedError as error:
            if not is_missing(error):
                raise

    def time(self, date: str) -> datetime:
        """The portal's own time, by the Date header of an answer; ours where that has none."""
        try:
            at = parsedate_to_datetime(date)
        except (ValueError, TypeError):
            return self.context.now()
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _hear(self, _call: Call, answer: Answer) -> None:
        self._daily.hear(answer)
        told = answer.headers.get("x-hubspot-ratelimit-max", "")
        if self.settings.calls_per_10_seconds is None and told.isascii() and told.isdigit() and int(told) != self._told:
            with self._lock:
                self._told = int(told)
                self.transport.allow(_BURST, max(1, int(int(told) * SHARE)))


def decoder(record: type[T]) -> msgspec.json.Decoder[T]:
    found: msgspec.json.Decoder[T] = _decoder(record)  # type: ignore[arg-type]  # a class is hashable
    return found


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)
