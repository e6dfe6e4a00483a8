"""The real wire: simple-salesforce over one session of ours, with tokens that are renewed once.

The client builds `https://` addresses only and lets nothing be said about time-outs, so both are the session's matter:
a mounted adapter sets them, and leads every call to `base_url` where that is written.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from connector.adapters.salesforce.limits import HEADER
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.salesforce.tokens import Token, Tokens
from connector.adapters.transport.wire import (
    ANSWER_DEADLINE,
    BODY_CAP,
    CONNECT_TIMEOUT,
    KEEP_HEADERS,
    innermost,
    never_left,
)
from connector.errors import ConnectorError, ContractError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call

READ_TIMEOUT = 150.0  # a query may take 120 seconds before Salesforce itself gives it up (QUERY_TIMEOUT)
KEPT = KEEP_HEADERS | {HEADER, "sforce-locator", "sforce-numberofrecords"}
# Pretty-printing, which the client asks for, makes answers half as large again.
_HEADERS = {"X-PrettyPrint": "0", "User-Agent": "nps-connector", "Sforce-Call-Options": "client=nps-connector"}
_CHUNK = 1 << 18
_SIGNING_IN = "/services/oauth2/token"
# 401s that no other token would change: https://help.salesforce.com/s/articleView?id=000387806
_HOPELESS = ("not valid for use with the rest api", "not attached to agent")


def open_wire(settings: SalesforceSettings, guard: Callable[[], None]) -> SalesforceWire:
    return SalesforceWire(settings, guard)


class SalesforceWire:
    """A Wire to one org. Paths of calls are below `/services/data/v<version>`, unless they begin at `/services/`.

    `guard` is called immediately before each writing request. Writes carry `Sforce-Auto-Assign: FALSE`, unless the
    settings say otherwise: else the org's assignment rules overwrite owners, even with no rule active
    (https://help.salesforce.com/s/articleView?id=000395506). Duplicate rules that only alert do not stop a write.
    """

    def __init__(self, settings: SalesforceSettings, guard: Callable[[], None]) -> None:
        self._settings, self._guard = settings, guard
        self._session = _session(settings)
        self._tokens = Tokens(settings, self._session)
        self._clients: dict[Token, Any] = {}
        self._lock = threading.Lock()
        self._writing = {
            "Sforce-Auto-Assign": "TRUE" if settings.auto_assign else "FALSE",
            "Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true",
        }

    def send(self, call: Call) -> Answer:
        """Carry one call; a token that is refused is renewed once. Raises UnavailableError, OutcomeUnknownError
        (writes), ContractError (absurdly large), AuthError (no token to be had)."""
        token = self._tokens.current()
        answer = self._sent(call, token)
        if answer.status != 401 or not _expired(answer):
            return answer
        renewed = self._tokens.renewed(token)
        answer = self._sent(call, renewed)
        if answer.status == 401 and _expired(answer):
            raise self._tokens.refuse(
                f"{call.method} {call.path}: a fresh token was refused (INVALID_SESSION_ID); may the user use the API "
                "(permission API Enabled), and from this address?"
            )
        return answer

    def close(self) -> None:
        self._session.close()

    def _sent(self, call: Call, token: Token) -> Answer:
        from simple_salesforce.exceptions import SalesforceError

        client = self._client(token)
        root = f"https://{token.host}" if call.path.startswith("/services/") else client.base_url.rstrip("/")
        address = root + call.path
        if call.query:
            address += "?" + urlencode(call.query, quote_via=quote, safe="/,()")
        got: list[requests.Response] = []
        headers = {**_HEADERS, **(self._writing if call.writes else {}), **dict(call.headers)}
        if call.writes:
            self._guard()
        try:
            with suppress(SalesforceError):  # says what the answer says, which is read below
                client._call_salesforce(
                    call.method,
                    address,
                    headers=headers,
                    data=call.body or None,
                    allow_redirects=False,
                    stream=True,
                    hooks={"response": lambda response, **_: got.append(response)},
                )
            response = got[-1]
            with response:
                body = b"".join(self._chunks(call, response))
        except requests.RequestException as error:
            raise self._meaning(call, token.host, error) from None  # its text holds the whole address
        kept = {name.lower(): value for name, value in response.headers.items()}
        return Answer(
            status=response.status_code,
            headers={name: value for name, value in kept.items() if name in KEPT},
            body=body,
        )

    def _client(self, token: Token) -> Any:
        """The client for a token. It is given the token, not the credentials, so it never signs in by itself."""
        from simple_salesforce.api import Salesforce

        with self._lock:
            if token not in self._clients:
                self._clients.clear()
                self._clients[token] = Salesforce(
                    session_id=token.secret,
                    instance_url=f"https://{token.host}",
                    session=self._session,
                    version=self._settings.api_version,
                )
            return self._clients[token]

    def _chunks(self, call: Call, response: requests.Response) -> Iterator[bytes]:
        size, start = 0, time.monotonic()
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > BODY_CAP:
                raise _cut_off(call, f"the answer is larger than {BODY_CAP // 1_048_576} MB", ContractError)
            if time.monotonic() - start > ANSWER_DEADLINE:
                raise _cut_off(call, f"the answer took more than {ANSWER_DEADLINE:g} s", UnavailableError)
            yield chunk

    def _meaning(self, call: Call, host: str, error: requests.RequestException) -> ConnectorError:
        place = f"{call.method} {call.path}"
        if never_left(error):
            return UnavailableError(f"{place}: no connection to {host} ({innermost(error)}); nothing was sent")
        if call.writes:
            return OutcomeUnknownError(f"{place}: sent to {host}, but no whole answer came ({innermost(error)})")
        return UnavailableError(f"{place}: no whole answer from {host} ({innermost(error)})")


class _OrgAdapter(HTTPAdapter):
    """Gives every request its time-outs, and leads it to `base_url` where one is written."""

    def __init__(self, base_url: str) -> None:
        self._to = urlsplit(base_url) if base_url else None
        super().__init__(pool_connections=3, pool_maxsize=4, max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
        if self._to is not None:
            parts = urlsplit(str(request.url))
            request.headers["X-Original-Host"] = parts.netloc
            request.url = urlunsplit(
                (self._to.scheme, self._to.netloc, self._to.path + parts.path, parts.query, parts.fragment)
            )
        response = super().send(request, *args, **kwargs)
        if response.is_redirect and str(request.url).endswith(_SIGNING_IN):
            response.close()  # credentials never follow a redirect
            raise requests.TooManyRedirects(request=request)
        return response


def _session(settings: SalesforceSettings) -> requests.Session:
    """No redirects, no cookies, no netrc; proxies from the environment, except towards this machine itself."""
    session = requests.Session()
    session.trust_env = urlsplit(settings.base_url).hostname not in ("127.0.0.1", "localhost", "::1")
    session.auth = _as_it_is  # else requests would look into ~/.netrc, and replace the token by what it finds
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _OrgAdapter(settings.base_url)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _expired(answer: Answer) -> bool:
    """Whether a new token may help. A 401 that is no list of errors is an edge's, and is taken for the token's."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return True
    errors = [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []
    if not errors:
        return True
    said = str(errors[0].get("message", "")).lower()
    return errors[0].get("errorCode") == "INVALID_SESSION_ID" and not any(each in said for each in _HOPELESS)


def _cut_off(call: Call, why: str, error: type[ConnectorError]) -> ConnectorError:
    return (OutcomeUnknownError if call.writes else error)(f"{call.method} {call.path}: {why}")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
