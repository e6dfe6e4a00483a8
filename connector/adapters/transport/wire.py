"""The real wire: one pooled, authenticated `requests` session for a Connection.

What can be said about a request that failed is decided here: it surely never left (UnavailableError), or it may
have arrived (OutcomeUnknownError, writes only).
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 60.0
ANSWER_DEADLINE = 300.0  # for a body that trickles: the read timeout starts anew with every byte
BODY_CAP = 64 * 1024 * 1024
KEEP_HEADERS = frozenset({"content-type", "date", "link", "retry-after"})
_CHUNK = 1 << 18
_NEVER_LEFT = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ProxyError,  # urllib3 wraps only what failed before the proxy was reached
    ssl.SSLCertVerificationError,
)


class HttpWire:
    """A Wire over HTTP. `headers` hold the credentials: they are added here and never appear in a Call or an error.

    `guard` is called immediately before a writing request is handed to urllib3. No redirects, no cookies, no netrc;
    proxies from the environment, except towards this machine itself.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        guard: Callable[[], None],
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        keep_headers: frozenset[str] = frozenset(),
        body_cap: int = BODY_CAP,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = urlsplit(base_url).netloc.rpartition("@")[2]
        self._timeout = timeout
        self._keep = KEEP_HEADERS | keep_headers
        self._cap = body_cap
        self._session = requests.Session()
        self._session.trust_env = urlsplit(base_url).hostname not in ("127.0.0.1", "localhost", "::1")
        self._session.auth = _as_it_is  # else requests would look into ~/.netrc
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(headers)
        self._asking = threading.local()
        adapter = _GuardedAdapter(guard, self._asking)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, call: Call) -> Answer:
        """Carry one call. Raises UnavailableError, OutcomeUnknownError (writes), ContractError (absurdly large)."""
        self._asking.reads = not call.writes
        url = self._base_url + call.path
        if call.query:
            url += "?" + urlencode(call.query, quote_via=quote, safe="/,()")
        try:
            with self._session.request(
                call.method,
                url,
                headers=dict(call.headers),
                data=call.body or None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b"".join(self._chunks(call, response))
                kept = {name.lower(): value for name, value in response.headers.items()}
                return Answer(
                    status=response.status_code,
                    headers={name: value for name, value in kept.items() if name in self._keep},
                    body=body,
                )
        except requests.RequestException as error:
            raise self._meaning(call, error) from None  # its text holds the whole URL

    def close(self) -> None:
        self._session.close()

    def _chunks(self, call: Call, response: requests.Response) -> Iterator[bytes]:
        size, start = 0, time.monotonic()
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > self._cap:
                raise self._cut_off(call, f"the answer is larger than {self._cap // 1_048_576} MB", ContractError)
            if time.monotonic() - start > ANSWER_DEADLINE:
                raise self._cut_off(call, f"the answer took more than {ANSWER_DEADLINE:g} s", UnavailableError)
            yield chunk

    def _cut_off(self, call: Call, why: str, error: type[ConnectorError]) -> ConnectorError:
        return (OutcomeUnknownError if call.writes else error)(f"{call.method} {call.path}: {why}")

    def _meaning(self, call: Call, error: requests.RequestException) -> ConnectorError:
        place = f"{call.method} {call.path}"
        if never_left(error):
            return UnavailableError(f"{place}: no connection to {self._host} ({innermost(error)}); nothing was sent")
        if call.writes:
            return OutcomeUnknownError(f"{place}: sent to {self._host}, but no whole answer came ({innermost(error)})")
        return UnavailableError(f"{place}: no whole answer from {self._host} ({innermost(error)})")


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, guard: Callable[[], None], asking: threading.local) -> None:
        self._guard, self._asking = guard, asking
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if not self._asking.reads:
            self._guard()
        return super().send(request, *args, **kwargs)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def never_left(error: BaseException) -> bool:
    """Whether a failed request surely was not handed to the other side."""
    return any(isinstance(cause, _NEVER_LEFT) for cause in causes(error))


def innermost(error: BaseException) -> str:
    """The innermost class name: says what happened without the address or its query."""
    return list(causes(error))[-1].__class__.__name__


def causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        cause = todo.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            todo += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
