"""Who we are to HubSpot: a static token, or access tokens that are renewed with a refresh token.

https://developers.hubspot.com/docs/api-reference/oauth/tokens: an access token lives 30 minutes; a renewal may hand out
another refresh token, which is kept, encrypted, before anything is done with the new access token. Whether the one
before stays good is not documented: a process that ends between HubSpot's answer and our keeping may cost a new
authorization, and then says so.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from connector.adapters.hubspot.settings import HubSpotSettings
from connector.adapters.transport.meaning import one_line
from connector.errors import AuthError, UnavailableError
from connector.ports import Answer, Vault

SETTLES = 1.0
"""Seconds after which another process has surely kept what it was given."""
_EARLY = 120.0  # before its end at which an access token is renewed
_LIFE = 1_800.0
_TRIAL = "trial of what is kept"
_renewing: dict[str, threading.Lock] = {}


class Tokens(Protocol):
    """`current` gives the access token to use now; `renewed` another one in place of one that was refused, None where
    there is none to be had."""

    def current(self) -> str: ...

    def renewed(self, refused: str) -> str | None: ...


class Static:
    """The token of a service key or private app."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str | None:
        del refused
        return None


class _Granted(msgspec.Struct):
    access_token: str
    refresh_token: str | None = None
    expires_in: float | None = None


class Refreshing:
    """Access tokens by refresh token: one renewal however many threads ask, and never a second one for a token that was
    renewed already. `post` sends a form to the token endpoint, which `place` names; nothing of that is ever recorded.
    """

    def __init__(
        self,
        settings: HubSpotSettings,
        vault: Vault,
        post: Callable[[dict[str, str]], Answer],
        *,
        place: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._vault, self._post, self._clock = settings, vault, post, clock
        self._place, self._sleep = place, sleep
        self._access, self._until = "", 0.0
        self._refused = ""
        given = settings.refresh_token.get_secret_value()
        # An admin who writes another refresh token means that one, whatever was kept for the one before.
        self._kept_as = f"refresh token of {hashlib.sha256(given.encode()).hexdigest()[:16]}"
        # Stories of one process renew in turn: of two at once the later would send a token that has ended.
        self._lock = _renewing.setdefault(self._kept_as, threading.Lock())

    def current(self) -> str:
        with self._lock:
            if not self._access or self._clock() >= self._until:
                self._renew()
            return self._access

    def renewed(self, refused: str) -> str | None:
        with self._lock:
            if self._access == refused:
                self._renew()
            return self._access

    def _renew(self) -> None:
        """Raises AuthError where the refresh token is refused, UnavailableError where nobody answers, and what the
        vault raises where it cannot keep anything. Once refused, nobody is asked again."""
        if self._refused:
            raise AuthError(self._refused)
        kept = self._vault.get(self._kept_as)
        if kept is None:
            # A renewal may end this token, and then the next one is lost unless it can be kept: try that first, beside
            # what may lie there sealed with a key that is not given today.
            self._vault.put(_TRIAL, secrets.token_hex(16))
        refresh = kept or self._settings.refresh_token.get_secret_value()
        try:
            granted, refresh = self._granted(refresh)
        except AuthError as error:
            self._refused = str(error)
            raise
        if (granted.refresh_token or refresh) != kept:
            self._vault.put(self._kept_as, granted.refresh_token or refresh)
        self._access = granted.access_token
        self._until = self._clock() + max(0.0, (granted.expires_in or _LIFE) - _EARLY)

    def _granted(self, refresh: str) -> tuple[_Granted, str]:
        """What is granted, and for which refresh token: where this one is refused, once for what is kept by then."""
        try:
            return self._asked(refresh), refresh
        except AuthError:
            newer = self._kept_since(refresh)
            if newer is None:
                raise
            return self._asked(newer), newer

    def _kept_since(self, refused: str) -> str | None:
        """What another process kept after we looked: it renewed the token that we were refused."""
        for wait in (0.0, SETTLES):
            self._sleep(wait)
            newer = self._vault.get(self._kept_as)
            if newer not in (None, refused):
                return newer
        return None

    def _asked(self, refresh: str) -> _Granted:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id.get_secret_value(),
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": refresh,
        }
        return _read(self._post(form), self._place)


def _read(answer: Answer, place: str) -> _Granted:
    if answer.status == 429 or answer.status >= 500:
        raise UnavailableError(f"{place}: HubSpot's token endpoint answers {answer.status}; nothing was sent")
    if not 200 <= answer.status < 300:
        code = _said(answer)
        if "CLIENT" in code.upper():
            remedy = "write the client_id and client_secret of the app that the refresh_token is of"
        else:
            remedy = (
                "it was ended: the app was disconnected, or a process ended while it renewed it; connect the app to "
                "the portal again and write the new refresh_token"
            )
        raise AuthError(f"{place}: HubSpot refuses the refresh_token ({answer.status} {code}): {remedy}")
    try:
        return msgspec.json.decode(answer.body, type=_Granted, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnavailableError(
            f"{place}: HubSpot's token endpoint answers no token; is there a proxy in between?"
        ) from None


class _Refusal(msgspec.Struct):
    """HubSpot's own members, and the one of OAuth 2.0 (RFC 6749, 5.2)."""

    status: str = ""
    category: str = ""
    error: str = ""


def _said(answer: Answer) -> str:
    """The vendor's code for it, never its words: they may quote what was sent."""
    try:
        refusal = msgspec.json.decode(answer.body, type=_Refusal, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return one_line(refusal.category or refusal.error or refusal.status, cap=60)
