"""The real wire: one kept object of the vendor's own client package, its retries off, its timeouts on, raw bodies.

The package (hubspot-api-client) builds a new connection pool for each attribute access, waits for ever for a silent
server, repeats reads behind our back and drops fields it does not know; so one of its API clients is built and kept,
and asked for the answer as it came. It raises on errors, each in classes of its own; here every answer is an Answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies

import urllib3.exceptions
from hubspot import HubSpot  # type: ignore[import-untyped]
from hubspot.crm.contacts import ApiException  # type: ignore[import-untyped]

from connector.adapters.hubspot.paths import path
from connector.adapters.hubspot.settings import HubSpotSettings
from connector.adapters.hubspot.tokens import Refreshing, Static, Tokens
from connector.adapters.transport.wire import innermost, never_left
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call, Vault

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 60.0
ANSWER_DEADLINE = 300.0
BODY_CAP = 64 * 1024 * 1024
KEEP_HEADERS = frozenset(
    {
        "content-type",
        "date",
        "retry-after",
        "x-hubspot-correlation-id",
        "x-hubspot-ratelimit-max",
        "x-hubspot-ratelimit-daily",
        "x-hubspot-ratelimit-daily-remaining",
    }
)
_CHUNK = 1 << 18
_LOCAL = ("127.0.0.1", "localhost", "::1")


class HubSpotWire:
    """Carries Calls by the vendor's client. `guard` is called immediately before each writing request."""

    def __init__(
        self,
        settings: HubSpotSettings,
        guard: Callable[[], None],
        vault: Vault,
        *,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
    ) -> None:
        self._root = settings.api_root
        self._host = urlsplit(self._root).netloc
        self._guard, self._timeout = guard, timeout
        self._client = _api_client(self._root)
        token_path = path(settings.api_version, "token")
        self._tokens: Tokens = (
            Refreshing(settings, vault, lambda form: self._post_form(token_path, form), place=f"POST {token_path}")
            if settings.oauth
            else Static(settings.access_token.get_secret_value())
        )

    def send(self, call: Call) -> Answer:
        """Carry one call; an access token that is refused is renewed once. Raises UnavailableError, OutcomeUnknownError
        (writes), ContractError (absurdly large), AuthError (no token to be had)."""
        token = self._tokens.current()
        answer = self._carry(call, token)
        if answer.status == 401:  # that it ran out is told in several words, or in none
            another = self._tokens.renewed(token)
            if another is not None and another != token:
                answer = self._carry(call, another)  # a 401 has no effect: this is its first
        return answer

    def close(self) -> None:
        self._client.rest_client.pool_manager.clear()

    def _carry(self, call: Call, token: str) -> Answer:
        query = "?" + urlencode(call.query, quote_via=quote, safe=",") if call.query else ""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        body = json.loads(call.body) if call.body else None
        if call.writes:
            self._guard()
        return self._request(call, call.path + query, headers=headers, body=body)

    def _post_form(self, where: str, form: dict[str, str]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        call = Call(method="POST", path=where, reads=True)
        return self._request(call, where, headers=headers, form=list(form.items()))

    def _request(
        self, call: Call, where: str, *, headers: dict[str, str], body: Any = None, form: Any = None
    ) -> Answer:
        try:
            response = self._client.call_api(
                where,
                call.method,
                header_params=headers,
                body=body,
                post_params=form,
                _preload_content=False,
                _request_timeout=self._timeout,
            )
            with response:
                return _answer(response.status, response.headers, b"".join(self._chunks(call, response)))
        except ConnectorError:
            raise
        except Exception as error:  # the package has no common root: what it is, is told by what it holds
            refused = _refusal(error)
            if refused is None and not _of_the_network(error):
                raise
            if refused is None:
                raise self._meaning(call, error) from None  # its text holds the whole address
        return refused

    def _chunks(self, call: Call, response: Any) -> Iterator[bytes]:
        size, start = 0, time.monotonic()
        for chunk in response.stream(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > BODY_CAP:
                raise self._cut_off(call, f"the answer is larger than {BODY_CAP // 1_048_576} MB", ContractError)
            if time.monotonic() - start > ANSWER_DEADLINE:
                raise self._cut_off(call, f"the answer took more than {ANSWER_DEADLINE:g} s", UnavailableError)
            yield chunk

    def _cut_off(self, call: Call, why: str, error: type[ConnectorError]) -> ConnectorError:
        return (OutcomeUnknownError if call.writes else error)(f"{call.method} {call.path}: {why}")

    def _meaning(self, call: Call, error: BaseException) -> ConnectorError:
        place = f"{call.method} {call.path}"
        if never_left(error):
            return UnavailableError(f"{place}: no connection to {self._host} ({innermost(error)}); nothing was sent")
        if call.writes:
            return OutcomeUnknownError(f"{place}: sent to {self._host}, but no whole answer came ({innermost(error)})")
        return UnavailableError(f"{place}: no whole answer from {self._host} ({innermost(error)})")


def _api_client(root: str) -> Any:
    """One API client of the package, kept. `host` is the address of its typed APIs, whose client we use."""
    host = urlsplit(root).hostname or ""
    proxy = None if host in _LOCAL else getproxies().get(urlsplit(root).scheme)
    client = HubSpot(host=root, retry=False, connection_pool_maxsize=4, proxy=proxy).crm.contacts.basic_api.api_client
    client.user_agent = "nps-connector"
    return client


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    kept = {name.lower(): value for name, value in headers.items()}
    return Answer(
        status=status, headers={name: value for name, value in kept.items() if name in KEEP_HEADERS}, body=body
    )


def _refusal(error: BaseException) -> Answer | None:
    """The answer inside of the package's exception for a status outside 200-299; None where there was no answer.

    The exception decodes the body as UTF-8 and fails on any other; the one it was making then stands behind it.
    """
    for each in (error, error.__context__):
        status = getattr(each, "status", None)
        if isinstance(each, ApiException) and status:
            body = each.body.encode() if isinstance(each.body, str) else each.body or b""
            return _answer(int(status), each.headers or {}, body[:BODY_CAP])
    return None


def _of_the_network(error: BaseException) -> bool:
    """A refused certificate surfaces as an AttributeError of the package's, with the exception it meant behind it."""
    return isinstance(error, urllib3.exceptions.HTTPError | OSError) or isinstance(
        error.__context__, ApiException | urllib3.exceptions.HTTPError
    )
