"""Signing in: OAuth client credentials and JWT bearer, the password grant, and SOAP login, which is refused.

Errors of the token endpoint are objects, not arrays (facts 1.2).
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connector.sandbox.http import Answer, Request

from .refusals import Refusal, refuse
from .tenant import ORGANIZATION_ID
from .world import API_USER

if TYPE_CHECKING:
    from .world import World

TOKEN_PATH, USERINFO_PATH, SOAP_PREFIX = "/services/oauth2/token", "/services/oauth2/userinfo", "/services/Soap/"
LIFE = 2 * 3600.0  # the session timeout of a new org; each use of a token renews it
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CENTRAL = ("login.salesforce.com", "test.salesforce.com")


class Login:
    """What a client signs in with; the key pair is made when somebody asks for it."""

    consumer_key = "3MVG9.sandbox.consumer.key"
    consumer_secret = "sandbox-consumer-secret"  # noqa: S105 - the stand-in's own
    username = "npsint@example.com.sandbox"
    password = "sandbox-password"  # noqa: S105

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def private_key(self) -> str:
        """The client's private key as PEM; the server keeps only the public half."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self._key.public_key()


class Desk:
    """Gives out tokens and looks at them. Not part of a snapshot: going back in time ends no session."""

    def __init__(self, world: World, login: Login) -> None:
        self._world, self._login = world, login
        self._tokens: dict[str, float] = {}
        self.always_expired = False
        self.logins = 0

    def expire(self, how: str) -> None:
        """`once`: all tokens given out so far end. `always`: every token is refused. `never`: back to normal."""
        self.always_expired = how == "always"
        if how != "never":
            self._tokens.clear()

    def check(self, request: Request) -> None:
        """Raise 401 INVALID_SESSION_ID unless the request has a token that is good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        now = self._world.now()
        used = self._tokens.get(token.strip()) if scheme in ("Bearer", "OAuth") else None
        if used is None or self.always_expired or now - used > LIFE:
            raise refuse(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self._tokens[token.strip()] = now

    def token(self, request: Request) -> Answer:
        """Answer the token endpoint."""
        if request.method != "POST":
            raise _oauth("invalid_request", "must use HTTP POST")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        self._world.state.calls["login"] += 1
        self.logins += 1
        grant = form.get("grant_type", "")
        host = request.headers.get("x-original-host", request.headers.get("host", ""))
        if grant == "client_credentials":
            if host in _CENTRAL:
                raise _oauth("invalid_grant", "request not supported on this domain")
            self._client(request, form)
        elif grant == JWT_GRANT:
            self._assertion(form.get("assertion", ""), host, request.base_url)
        elif grant == "password":
            self._client(request, form)
            if self._world.readings["password_grant"] == "blocked":  # noqa: S105 - a reading
                raise _oauth("invalid_grant", "authentication failure")
            if (form.get("username"), form.get("password")) != (self._login.username, self._login.password):
                raise _oauth("invalid_grant", "authentication failure")
        else:
            raise _oauth("unsupported_grant_type", "grant type not supported")
        return self._granted(request)

    def userinfo(self, request: Request) -> Answer:
        """Answer who the token is."""
        self.check(request)
        body = {
            "sub": f"{request.base_url}/id/{ORGANIZATION_ID}/{API_USER}",
            "user_id": API_USER,
            "organization_id": ORGANIZATION_ID,
            "preferred_username": self._login.username,
            "name": "Nps Integration",
        }
        return Answer(status=200, body=msgspec.json.encode(body))

    @staticmethod
    def soap(request: Request) -> Answer:
        """Refuse login(): off by default in new orgs, not there at all from API 65.0 on (facts 0.9)."""
        version = request.path.rpartition("/")[2].partition(".")[0]
        gone = version.isdecimal() and int(version) >= 65
        message = (
            f"SOAP API login() is not available in API version {version}.0 and later."
            if gone
            else "SOAP API login() is disabled by default in this org."
        )
        fault = f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_OPERATION</faultcode>
<faultstring>INVALID_OPERATION: {escape(message)}</faultstring><detail>
<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>INVALID_OPERATION</sf:exceptionCode>
<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>
</soapenv:Body></soapenv:Envelope>"""
        return Answer(status=500, body=fault.encode(), content_type="text/xml; charset=utf-8")

    # ------------------------------------------------------------------ grants

    def _client(self, request: Request, form: dict[str, str]) -> None:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        key, secret = form.get("client_id", ""), form.get("client_secret", "")
        if scheme == "Basic":
            try:
                key, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise _oauth("invalid_client", "invalid client credentials") from None
            key, secret = unquote(key), unquote(secret)
        if key != self._login.consumer_key:
            raise _oauth("invalid_client_id", "client identifier invalid")
        if not secrets.compare_digest(secret.encode(), self._login.consumer_secret.encode()):
            raise _oauth("invalid_client", "invalid client credentials")

    def _assertion(self, assertion: str, host: str, base_url: str) -> None:
        try:
            head, body, signature = assertion.split(".")
            header, claims = _part(head), _part(body)
            if header.get("alg") != "RS256":
                raise _oauth("invalid_grant", "algorithm not supported")
            self._login.public_key.verify(
                _bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            expires = float(claims.get("exp", 0))
        except (ValueError, TypeError, AttributeError, msgspec.DecodeError, InvalidSignature):
            raise _oauth("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self._login.consumer_key:
            raise _oauth("invalid_client_id", "client identifier invalid")
        audiences = {*(f"https://{name}" for name in _CENTRAL), f"https://{host}", f"http://{host}", base_url}
        if str(claims.get("aud", "")).rstrip("/") not in audiences:
            raise _oauth("invalid_grant", "audience is invalid")
        # By the machine's clock: the client cannot know that the world's was moved.
        if expires <= time.time():
            raise _oauth("invalid_grant", "assertion expired")
        if claims.get("sub") != self._login.username:
            raise _oauth("invalid_grant", "user hasn't approved this consumer")

    def _granted(self, request: Request) -> Answer:
        token = f"{ORGANIZATION_ID[:15]}!{secrets.token_urlsafe(48)}"
        self._tokens[token] = self._world.now()
        slash = "/" if self._world.readings["token_instance_url"] == "trailing_slash" else ""  # noqa: S105 - a reading
        body = {
            "access_token": token,
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api id",
            "instance_url": f"{request.base_url}{slash}",
            "id": f"https://login.salesforce.com/id/{ORGANIZATION_ID}/{API_USER}",
            "token_type": "Bearer",
            "issued_at": str(int(self._world.now() * 1000)),
            "token_format": "opaque",
        }
        return Answer(status=200, body=msgspec.json.encode(body))


def _oauth(error: str, description: str) -> Refusal:
    return Refusal(400, {"error": error, "error_description": description})


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _part(text: str) -> dict[str, Any]:
    part: dict[str, Any] = msgspec.json.decode(_bytes(text), type=dict[str, Any])
    return part
