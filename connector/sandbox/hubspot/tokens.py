"""Signing in: a private app's or service key's token, and OAuth tokens that expire and may rotate (facts 1.5)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from connector.sandbox.http import Answer, Request

from . import tenant
from .ask import Ask
from .planting import REFRESH_TOKEN
from .refusals import no_endpoint, refuse
from .state import Row

if TYPE_CHECKING:
    from .world import World

EXPIRES_IN = 1800
_PREFIX = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a client signs in with; all of it is made up."""

    token: str = "pat-na1-sandbox"  # noqa: S105
    client_id: str = "client-sandbox"
    client_secret: str = "secret-sandbox"  # noqa: S105
    refresh_token: str = REFRESH_TOKEN
    portal: int = tenant.PORTAL

    @property
    def authorization(self) -> str:
        return f"{_PREFIX}{self.token}"


class Tokens:
    """Judges credentials and hands out OAuth tokens. Call under the world's lock."""

    def __init__(self, world: World, login: Login) -> None:
        self._world, self._login = world, login

    def check(self, request: Request) -> bool:
        """Return whether the caller came by OAuth; raise a 401 for a wrong or an expired token."""
        given = request.headers.get("authorization", "")
        if not given.startswith(_PREFIX):
            raise refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        token = given.removeprefix(_PREFIX).strip()
        if hmac.compare_digest(token.encode(), self._login.token.encode()):
            return False
        expires = self._world.state.access.get(token)
        if expires is None:
            raise refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        if expires <= self._world.now():
            raise refuse(
                401,
                "EXPIRED_AUTHENTICATION",
                "The OAuth token used to make this call expired.",
                context={"expire time": [str(int(expires))]},
            )
        return True

    def answer(self, ask: Ask) -> Answer:
        """Answer the token endpoint, which takes a form and no Authorization."""
        if ask.method != "POST" or ask.parts not in (["token"], ["token", "revoke"]):
            raise no_endpoint()
        form = dict(parse_qsl(ask.request.body.decode("utf-8", "replace")))
        same = form.get("client_id") == self._login.client_id
        if not same or form.get("client_secret") != self._login.client_secret:
            raise refuse(400, "BAD_CLIENT_SECRET", "missing or invalid client secret")
        old = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token" or old not in self._world.state.refresh:
            raise refuse(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        state, reading = self._world.state, self._world.readings["refresh_token"]
        number = self._number()
        access, refresh = f"oauth-sandbox-{number}", old
        if reading != "constant":
            refresh = f"refresh-sandbox-{number}"
            state.refresh.add(refresh)
        if reading == "rotates":
            state.refresh.discard(old)
        state.access[access] = self._world.now() + EXPIRES_IN
        body: Row = {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": EXPIRES_IN,
        }
        if not ask.request.path.startswith("/oauth/v1"):
            body |= {"hub_id": tenant.PORTAL, "scopes": ["oauth"], "user_id": 901001, "token_use": "access_token"}
        return Answer(status=200, body=msgspec.json.encode(body))

    def connected(self) -> str:
        """Return the refresh token of a portal that was connected anew; those of before are dead."""
        refresh = f"refresh-sandbox-{self._number()}"
        self._world.state.refresh = {refresh}
        return refresh

    def _number(self) -> int:
        last = self._world.state.last_id
        last["tokens"] = last.get("tokens", 1) + 1
        return last["tokens"]
