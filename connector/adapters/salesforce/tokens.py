"""Access tokens: one sign-in however many threads ask, and never a loop of them.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm and
…remoteaccess_oauth_jwt_flow.htm. simple-salesforce signs in over our session; its own renewal is not used, for it loses
headers and signs in once for every thread. Tokens say nothing of their end: a refused one is renewed, once.
They live in this process's memory only; the exchange with the token endpoint passes by no Wire, so none is recorded.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.transport.meaning import one_line
from connector.adapters.transport.wire import innermost
from connector.errors import AuthError, ConnectorError, ThrottledError, UnavailableError

MOST_SIGN_INS = 10
HOUR = 3600.0
_HOST = re.compile(r"[a-z0-9][a-z0-9.\-]*(:\d{1,5})?")
_OURS = (".salesforce.com", ".force.com", ".cloudforce.com")
_PASSING = ("unknown_error", "server_error", "temporarily_unavailable")
_RATE = re.compile(r"rate.{0,20}exceeded|too many", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token and the host (with its port, if one is named) that takes it."""

    secret: str = field(repr=False)
    host: str


@dataclass(slots=True)
class _Account:
    """What this process knows of one app and user: the token in force, and when it signed in lately."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: Token | None = None
    signed_in: deque[float] = field(default_factory=deque)


_accounts: dict[bytes, _Account] = {}
_finding = threading.Lock()


class Tokens:
    """The tokens of one Connection. A refused sign-in is final for this object: a person must look first."""

    def __init__(
        self, settings: SalesforceSettings, session: requests.Session, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._session, self._clock = settings, session, clock
        self._refused: str = ""
        with _finding:
            self._account = _accounts.setdefault(_name(settings), _Account())

    def current(self) -> Token:
        """The token in force; signs in where there is none. Raises AuthError, UnavailableError, ThrottledError."""
        with self._account.lock:
            return self._account.token or self._sign_in()

    def renewed(self, used: Token) -> Token:
        """Another token than `used`, which was refused: the one somebody else fetched meanwhile, or a new one."""
        with self._account.lock:
            if self._account.token is not None and self._account.token != used:
                return self._account.token
            self._account.token = None
            return self._sign_in()

    def refuse(self, why: str) -> AuthError:
        """A fresh token was refused: no more sign-ins here."""
        with self._account.lock:
            self._account.token = None
            self._refused = self._refused or why
        return AuthError(why)

    def _sign_in(self) -> Token:
        if self._refused:
            raise AuthError(self._refused)
        lately, now = self._account.signed_in, self._clock()
        while lately and lately[0] <= now - HOUR:
            lately.popleft()
        if len(lately) >= MOST_SIGN_INS:
            raise ThrottledError(
                f"{self._place}: signed in {MOST_SIGN_INS} times within an hour, and each token was refused soon "
                "after; does somebody revoke them, or is the session timeout very short (Setup, Session Settings)?",
                retry_after=lately[0] + HOUR - now,
            )
        lately.append(now)
        try:
            token = self._asked()
        except UnavailableError:
            lately.pop()  # it was no sign-in: the org was not reached
            raise
        except AuthError as error:
            self._refused = str(error)
            raise
        self._account.token = token
        return token

    def _asked(self) -> Token:
        from jwt.exceptions import PyJWTError
        from simple_salesforce.exceptions import SalesforceAuthenticationFailed
        from simple_salesforce.login import SalesforceLogin

        settings = self._settings
        given: dict[str, Any] = {"consumer_key": settings.consumer_key.get_secret_value()}
        if settings.consumer_secret is not None:
            given |= {"consumer_secret": settings.consumer_secret.get_secret_value(), "domain": settings.domain}
        elif settings.private_key is not None:
            # The client signs for `domain` and sends to `instance_url`, which it takes for a name, not an address.
            key = settings.private_key.get_secret_value()
            given |= {"username": settings.username, "privatekey": key}
            given |= {"domain": settings.audience, "instance_url": settings.domain}
        try:
            # The client warns with an address that holds the consumer key.
            warnings.filterwarnings("ignore", module=r"simple_salesforce\.login")
            secret, host = SalesforceLogin(session=self._session, sf_version=settings.api_version, **given)
        except SalesforceAuthenticationFailed as error:
            raise self._meaning(error.code, error.auth_message) from None
        except requests.TooManyRedirects:
            raise AuthError(f"{self._place}: answers with a redirect; is the domain right?") from None
        except requests.RequestException as error:
            raise UnavailableError(f"{self._place}: no answer ({innermost(error)}); nothing was done") from None
        except (
            PyJWTError,
            ValueError,
            TypeError,
            NotImplementedError,
        ) as error:  # a key that is no key; says more than it should
            raise AuthError(
                f"{self._place}: private_key cannot be used ({type(error).__name__}); write an RSA key in PEM form"
                if settings.jwt
                else f"{self._place}: an unexpected answer ({type(error).__name__})"
            ) from None
        except (AttributeError, KeyError):
            raise UnavailableError(f"{self._place}: an unexpected answer; is a proxy in between?") from None
        return self._checked(secret, host)

    def _meaning(self, code: object, message: object) -> ConnectorError:
        """The token endpoint answers with `{error, error_description}`; edge servers with a status and a page."""
        if isinstance(code, int):
            if code >= 500 or code in (408, 420, 429):
                return UnavailableError(f"{self._place}: {code}; signing in is not possible just now")
            return AuthError(f"{self._place}: {code}; is the domain right?")
        name, said = one_line(code, cap=60), one_line(message, cap=200)
        text = ": ".join(part for part in (name, said) if part) or "refused without a word"
        if name in _PASSING:
            return UnavailableError(f"{self._place}: {text}")
        if _RATE.search(said):
            return ThrottledError(f"{self._place}: {text}", retry_after=HOUR)
        return AuthError(f"{self._place}: {text}{_remedy(name, said, jwt=self._settings.jwt)}")

    def _checked(self, secret: object, host: object) -> Token:
        bare = host.rstrip("/").lower() if isinstance(host, str) else ""
        if not isinstance(secret, str) or not secret or not _HOST.fullmatch(bare):
            raise UnavailableError(f"{self._place}: an unexpected answer; is a proxy in between?")
        if not self._settings.base_url and not bare.endswith(_OURS):
            raise AuthError(f"{self._place}: the token is for a host that is not Salesforce's; it is not used")
        return Token(secret=secret, host=bare)

    @property
    def _place(self) -> str:
        return f"signing in at {self._settings.domain}.salesforce.com"


def _remedy(name: str, said: str, *, jwt: bool) -> str:
    if "approved this consumer" in said:
        return "; in the app's policies let admins pre-authorise users, and give the user's permission set to the app"
    if name == "invalid_client_id" or name == "invalid_client":
        return "; is the consumer key right, and is the app's flow switched on?"
    if name == "invalid_grant" and not jwt:
        return "; name the user the app runs as (client credentials flow) in its policies"
    if name == "invalid_grant":
        return "; are username, certificate and domain (test for sandboxes) right, and may the user use the app?"
    return ""


def _name(settings: SalesforceSettings) -> bytes:
    """What tells accounts apart: a changed secret makes another account, so an old token is not gone on with."""
    secrets = (settings.consumer_key, settings.consumer_secret, settings.private_key)
    parts = [settings.domain, settings.base_url, settings.username, settings.api_version]
    parts += [secret.get_secret_value() if secret is not None else "" for secret in secrets]
    return hashlib.sha256("\0".join(parts).encode()).digest()
