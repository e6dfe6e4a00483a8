"""The API as the other modules see it: typed rows, one record, a count, a write."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Any, TypeVar

import msgspec

from connector.adapters.connectwise.meaning import CONNECTWISE_MEANING, CONNECTWISE_REMEDIES, is_missing, words
from connector.adapters.connectwise.settings import ConnectWiseSettings
from connector.adapters.connectwise.wire_types import WireCount
from connector.adapters.paging import Batch, Fetched, keyset
from connector.adapters.paging.keyset import Row
from connector.adapters.transport import HttpWire, Transport, decode
from connector.errors import AuthError, ContractError, OutcomeUnknownError, RejectedError
from connector.ports import Answer, Context

T = TypeVar("T")
R = TypeVar("R", bound=Row)
Query = Mapping[str, str]
KNOWN_GOOD = "/company/contacts/count"


def open_wire(settings: ConnectWiseSettings, guard: Callable[[], None], *, root: str = "") -> HttpWire:
    """https://developer.connectwise.com/Products/ConnectWise_PSA/Developer_Guide: Basic `company+public:private`."""
    login = f"{settings.company}+{settings.public_key.get_secret_value()}:{settings.private_key.get_secret_value()}"
    accept = "application/json"
    if settings.api_version:
        accept = f"application/vnd.connectwise.com+json; version={settings.api_version}"
    return HttpWire(
        root or settings.api_root,
        headers={
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "clientId": settings.client_id.get_secret_value(),
            "Accept": accept,
            "User-Agent": "nps-connector",
        },
        guard=guard,
        keep_headers=frozenset({"x-cw-request-id", "api-current-version"}),
    )


class Psa:
    """One opened tenant. Errors are those of the transport; a 404 that means bad keys comes as AuthError."""

    def __init__(self, settings: ConnectWiseSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.transport = Transport(
            context,
            words=words,
            meaning=CONNECTWISE_MEANING,
            remedies=CONNECTWISE_REMEDIES,
            max_calls_per_minute=settings.max_calls_per_minute,
            tenant=f"{context.connection} {settings.tenant}",
        )

    @property
    def connection(self) -> str:
        return self.context.connection

    def batches(
        self, path: str, row: type[R], query: Query, *, after: int = 0, ends_below: int = 0, ahead: bool = True
    ) -> Generator[Batch[R], None, None]:
        """Every row of a collection, by id; see `keyset`."""

        def fetch(asked: Mapping[str, str], headers: tuple[tuple[str, str], ...]) -> Fetched[R]:
            answer = self._get(path, asked, headers)
            return Fetched(
                rows=lambda: decode(answer, _rows_of(row), place=f"GET {path}"),
                link=answer.headers.get("link"),
                date=answer.headers.get("date", ""),
            )

        size = self.settings.page_size
        return keyset(fetch, query=query, size=size, after=after, ends_below=ends_below, ahead=ahead)

    def rows(self, path: str, row: type[R], query: Query) -> Iterator[R]:
        with closing(self.batches(path, row, query)) as batches:
            for batch in batches:
                yield from batch.rows

    def first(self, path: str, row: type[T], query: Query) -> list[T]:
        """The first row of a collection, if it has one."""
        answer = self._get(path, {**query, "pageSize": "1"})
        return decode(answer, _rows_of(row), place=f"GET {path}")

    def one(self, path: str, record: type[T], *, fields: str) -> T:
        """One record; RejectedError with status 404 where it is not there."""
        return decode(self._get(path, {"fields": fields}), _one_of(record), place=f"GET {path}")

    def count(self, path: str, query: Query) -> int:
        return decode(self._get(path, query), _one_of(WireCount), place=f"GET {path}").count

    def write(self, method: str, path: str, body: Any, record: type[T]) -> T:
        """Write once and read the answer. An answer that cannot be read leaves the outcome unknown."""
        try:
            answer = self.transport.write(method, path, body)
        except RejectedError as error:
            self._doubt(error)
            raise
        try:
            return decode(answer, _one_of(record), place=f"{method} {path}")
        except ContractError as error:
            raise OutcomeUnknownError(f"{error} (the write itself was accepted)") from None

    def remove(self, path: str) -> None:
        """Delete one record once; one that is not there already is gone as well."""
        try:
            self.transport.write("DELETE", path, None)
        except RejectedError as error:
            self._doubt(error)
            if not is_missing(error):
                raise

    def _get(self, path: str, query: Query, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        try:
            return self.transport.get(path, query, headers=headers)
        except RejectedError as error:
            if path != KNOWN_GOOD:
                self._doubt(error)
            elif is_missing(error):
                raise _bad_login(error) from None
            raise

    def _doubt(self, error: RejectedError) -> None:
        """Cloud tenants answer 404 to a wrong company id or key: ask a path that exists before believing one."""
        if is_missing(error):
            self.count(KNOWN_GOOD, {})


def _bad_login(error: RejectedError) -> AuthError:
    return AuthError(
        f"{error}: this path always exists, so the company id, the keys or the site are wrong (or revoked)"
    )


def _rows_of(row: type[T]) -> msgspec.json.Decoder[list[T]]:
    return _decoder(list[row])  # type: ignore[valid-type]


def _one_of(record: type[T]) -> msgspec.json.Decoder[T]:
    decoder: msgspec.json.Decoder[T] = _decoder(record)  # type: ignore[arg-type]  # a class is hashable
    return decoder


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)
