"""Mail as a Call: method MAIL, sender and recipients as headers, the mail itself as body. So it is recorded, and
rehearsed against a stand-in, like any other request.

The Answer has the server's code: 250 with the refused recipients as JSON, or the refusal of all. RFC 5321.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress

from connector.adapters.smtp.settings import SmtpSettings
from connector.errors import AuthError, OutcomeUnknownError, UnavailableError
from connector.ports import Answer, Call

TIMEOUT = 60.0
_LOCAL = ("localhost", "127.0.0.1", "::1")


class SmtpWire:
    """One session for each mail. `guard` is called immediately before the mail leaves."""

    def __init__(self, settings: SmtpSettings, guard: Callable[[], None], *, timeout: float = TIMEOUT) -> None:
        self._settings, self._guard, self._timeout = settings, guard, timeout

    def send(self, call: Call) -> Answer:
        """Raises UnavailableError (not sent), AuthError (not signed in), OutcomeUnknownError (sent, no answer)."""
        headers = dict(call.headers)
        server = self._connected()
        try:
            self._signed_in(server)
            return self._mailed(server, headers["from"], headers["to"].split(), call.body)
        except smtplib.SMTPServerDisconnected as error:
            raise UnavailableError(f"{self._where}: closed the connection before it took the mail") from error
        except OSError as error:
            raise UnavailableError(f"{self._where}: lost before it took the mail ({type(error).__name__})") from error
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.putcmd("quit")  # a courtesy; its answer changes nothing
            server.close()

    @property
    def _where(self) -> str:
        return f"mail server {self._settings.host}:{self._settings.port}"

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> AuthError:
        return AuthError(f"{self._where}: its certificate is not valid ({error.verify_message})")

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        try:
            if settings.port == 465:
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(settings.host, settings.port, timeout=self._timeout, context=context)
            return smtplib.SMTP(settings.host, settings.port, timeout=self._timeout)
        except ssl.SSLCertVerificationError as error:
            raise self._untrusted(error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError(f"{self._where}: cannot be reached ({_plain(error)})") from error

    def _signed_in(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        try:
            server.ehlo_or_helo_if_needed()
            encrypted = settings.port == 465
            if not encrypted and settings.starttls != "never" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                encrypted = True
            if settings.starttls == "always" and not encrypted:
                raise AuthError(f"{self._where}: offers no encryption, and starttls is always")
            if settings.password is None or not settings.username:
                return
            if not encrypted and settings.starttls != "never" and settings.host not in _LOCAL:
                raise AuthError(
                    f"{self._where}: offers no encryption; the password was not sent (starttls: never allows)"
                )
            server.login(settings.username, settings.password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise UnavailableError(f"{self._where}: cannot sign in now ({error.smtp_code})") from error
            raise AuthError(f"{self._where}: refused username and password ({error.smtp_code}); renew them") from None
        except smtplib.SMTPNotSupportedError as error:
            raise AuthError(f"{self._where}: offers no way to sign in; remove username and password") from error
        except ssl.SSLCertVerificationError as error:
            raise self._untrusted(error) from error
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            raise UnavailableError(f"{self._where}: {_plain(error)}") from error

    def _mailed(self, server: smtplib.SMTP, sender: str, to: list[str], body: bytes) -> Answer:
        wide = not all(address.isascii() for address in (sender, *to))
        if wide and not server.has_extn("smtputf8"):
            return Answer(status=553, body=b"the server takes no addresses beyond ASCII")
        code, words = server.mail(sender, ["SMTPUTF8"] if wide else [])
        if code != 250:
            return Answer(status=code, body=words)
        refused: dict[str, tuple[int, str]] = {}
        for address in to:
            code, words = server.rcpt(address)
            if code not in (250, 251):
                refused[address] = (code, words.decode("utf-8", "replace")[:300])
        if len(refused) == len(to):
            return _all_refused(refused)
        self._guard()
        server.putcmd("data")
        code, words = server.getreply()
        if code != 354:
            return Answer(status=code, body=words)
        try:
            server.send(_quoted(body))
            code, words = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknownError(f"{self._where}: the mail left, and no answer came") from error
        return Answer(status=code, body=json.dumps(refused).encode() if code == 250 else words)


def _all_refused(refused: dict[str, tuple[int, str]]) -> Answer:
    """The code of one that may pass later, if there is one; else of the first."""
    code, words = min(refused.values(), key=lambda refusal: refusal[0])
    return Answer(status=code, body=words.encode())


def _quoted(body: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets a second one; a dot alone ends the mail."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return (b"." + body if body.startswith(b".") else body).replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _plain(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return str(error.smtp_code)
    return getattr(error, "strerror", None) or type(error).__name__
