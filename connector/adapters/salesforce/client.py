"""The API as the other modules see it: typed rows of a query, one record, described objects, a write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, TypeVar

import msgspec

from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.limits import MeteredWire
from connector.adapters.salesforce.meaning import BAD_LOCATOR, GIVEN_UP, SALESFORCE_MEANING, is_missing, waits, words
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.salesforce.soql import named
from connector.adapters.salesforce.wire import open_wire
from connector.adapters.salesforce.wire_types import (
    CompositeAnswer,
    Counted,
    QueryPage,
    Resources,
    UserInfo,
    WireDescribe,
)
from connector.adapters.transport import Transport, decode
from connector.errors import AuthError, ContractError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import Answer, Context

T = TypeVar("T")
_LOCATOR = re.compile(r"(?:/services/data/v\d{2,3}\.\d)?/query(?:All)?/([A-Za-z0-9_-]{1,200})")
_ME = re.compile(r"/id/\w{15,18}/(005\w{12,15})")
_DESCRIBED_AT_ONCE = 25
_PULLED = ("Contact", "Account", "CampaignMember")  # a pull asks for all of them
__all__ = ["Org", "open_wire"]


class Org:
    """One opened org. Errors are those of the transport, and FuseError where a share of the quota is used up."""

    def __init__(self, settings: SalesforceSettings, context: Context) -> None:
        self.settings = settings
        self.limits = MeteredWire(
            context.wire,
            place=context.connection,
            share=settings.share_of_quota,
            share_per_run=settings.share_of_quota_per_run,
        )
        self.context = replace(context, wire=self.limits)
        self.transport = Transport(
            self.context,
            words=words,
            meaning=SALESFORCE_MEANING,
            waits=waits,
            max_calls_per_minute=settings.max_calls_per_minute,
            tenant=f"{context.connection} {settings.tenant}",
        )
        self._described: dict[str, Described | None] = {}

    @property
    def connection(self) -> str:
        return self.context.connection

    # ------------------------------------------------------------ queries
    def ask(self, query: str, *, everything: bool = False, size: int = 0) -> Answer:
        """The first page of a query; `everything`: deleted and merged rows too.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
        """
        path = "/queryAll" if everything else "/query"
        return self.transport.get(path, {"q": query}, headers=self._batch(size))

    def follow(self, locator: str, *, size: int = 0) -> Answer:
        """The page that a locator of an earlier one leads to; INVALID_QUERY_LOCATOR where it is not known any more."""
        return self.transport.get(f"/query/{locator}", headers=self._batch(size))

    def rows(self, query: str, row: type[T], *, everything: bool = False) -> Iterator[T]:
        """Every row of a query, page by page. UnavailableError where Salesforce gives the query up before its end."""
        with _not_given_up():
            page = read_page(self.ask(query, everything=everything), row)
        while True:
            yield from page.records
            if (locator := following(page)) is None:
                return
            with _not_given_up():
                page = read_page(self.follow(locator), row)

    def count(self, query: str) -> int:
        """The number that a `SELECT COUNT()` gives; one call."""
        with _not_given_up():
            return decode(self.ask(query), _one_of(Counted), place="GET /query").total

    # ------------------------------------------------------------ records
    def one(self, path: str, record: type[T], query: dict[str, str] | None = None) -> T:
        """One thing; RejectedError with status 404 where it is not there."""
        return decode(self.transport.get(path, query or {}), _one_of(record), place=f"GET {path}")

    def write(
        self, method: str, path: str, body: Any, record: type[T], *, headers: Iterable[tuple[str, str]] = ()
    ) -> T:
        """Write once and read the answer. An answer that cannot be read leaves the outcome unknown."""
        answer = self.transport.write(method, path, body, headers=headers)
        try:
            return decode(answer, _one_of(record), place=f"{method} {path}")
        except ContractError as error:
            raise OutcomeUnknownError(f"{error}; it was taken, but the answer says not how") from None

    def send(self, method: str, path: str, body: Any = None, *, headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Write once where no answer is read: 204 has none."""
        return self.transport.write(method, path, body, headers=headers)

    # ------------------------------------------------------------ what there is
    def described(self, name: str) -> Described | None:
        """One object as this user may see it, asked for once; None where it is not there, or not for this user."""
        together = _PULLED if name in _PULLED[:2] else (name,)
        return self.describe(*together)[name]

    def describe(self, *names: str) -> dict[str, Described | None]:
        """Several in one call, which counts as one of the quota.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
        """
        new = [named(name) for name in dict.fromkeys(names) if name not in self._described]
        for start in range(0, len(new), _DESCRIBED_AT_ONCE):
            part = new[start : start + _DESCRIBED_AT_ONCE]
            if len(part) > 1 and self._describe_at_once(part):
                continue
            for name in part:
                self._described[name] = self._describe(name)
        return {name: self._described[name] for name in names}

    @cached_property
    def me(self) -> str:
        """The id of the user this connector acts as; empty where the org does not say."""
        try:
            found = _ME.search(self.one("/", Resources).identity or "")
            if found is None:  # needs a scope of its own, so it comes second
                return self.one("/services/oauth2/userinfo", UserInfo).user_id or ""
        except (AuthError, RejectedError, ContractError):
            return ""
        return found.group(1)

    def _describe(self, name: str) -> Described | None:
        try:
            return Described(self.one(f"/sobjects/{named(name)}/describe", WireDescribe))
        except RejectedError as error:
            if is_missing(error) or error.code == "INVALID_TYPE":
                return None
            raise

    def _describe_at_once(self, names: list[str]) -> bool:
        """Whether the org answered for all of them."""
        root = f"/services/data/v{self.settings.api_version}"
        asked = [
            {"method": "GET", "url": f"{root}/sobjects/{name}/describe", "referenceId": f"d{number}"}
            for number, name in enumerate(names)
        ]
        try:
            answer = self.transport.ask("/composite", {"allOrNone": False, "compositeRequest": asked})
            found = decode(answer, _one_of(CompositeAnswer), place="POST /composite").composite_response
        except (RejectedError, ContractError):
            return False
        if len(found) != len(names):
            return False
        for name, each in zip(names, found, strict=True):
            if each.http_status_code == 200:
                try:
                    self._described[name] = Described(msgspec.convert(each.body, WireDescribe, strict=False))
                except msgspec.ValidationError:
                    return False
            elif each.http_status_code == 404 or _no_such_type(each.body):
                self._described[name] = None
            elif each.http_status_code in (401, 403):
                raise AuthError(f"GET /sobjects/{name}/describe: {each.http_status_code}; may the user use the API?")
            else:
                return False
        return True

    def _batch(self, size: int) -> tuple[tuple[str, str], ...]:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_queryoptions.htm"""
        return (("Sforce-Query-Options", f"batchSize={size or self.settings.page_size}"),)


@contextmanager
def _not_given_up() -> Iterator[None]:
    """A query that took too long, or lost its place, is refused for no fault of its own, nor of the write-back it is
    made for: it is asked again another time."""
    try:
        yield
    except RejectedError as error:
        if error.code in (GIVEN_UP, BAD_LOCATOR):
            raise UnavailableError(str(error)) from None
        raise


def _no_such_type(body: Any) -> bool:
    errors = body if isinstance(body, list) else []
    return any(isinstance(each, dict) and each.get("errorCode") == "INVALID_TYPE" for each in errors)


def read_page(answer: Answer, row: type[T]) -> QueryPage[T]:
    return decode(answer, _page_of(row), place="GET /query")


def following(page: QueryPage[T]) -> str | None:
    """The locator of the page that follows; None after the last. Raises ContractError where rows would be lost."""
    if page.next:
        return locator_of(page.next)
    if not page.done:
        raise ContractError("GET /query: not all rows are told (done is false), and no page that follows is named")
    return None


def locator_of(url: str) -> str:
    """The locator in a nextRecordsUrl, taken as it is; hosts of links are never followed. Raises ContractError."""
    found = _LOCATOR.fullmatch(url)
    if found is None:
        raise ContractError("GET /query: nextRecordsUrl leads to no query")
    return found.group(1)


def _one_of(record: type[T]) -> msgspec.json.Decoder[T]:
    decoder: msgspec.json.Decoder[T] = _decoder(record)  # type: ignore[arg-type]  # a class is hashable
    return decoder


def _page_of(row: type[T]) -> msgspec.json.Decoder[QueryPage[T]]:
    return _decoder(QueryPage[row])  # type: ignore[valid-type]


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)
