"""A notice as a mail. Text from outside cannot add a header, a recipient or a part."""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from connector.adapters.smtp.settings import address
from connector.domain import Notify

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_SUBJECT = 250


def message(change: Notify, *, key: str, sender: str, now: datetime) -> tuple[bytes, str]:
    """The mail as bytes (CRLF, ASCII), and its Message-ID, which is made of the write-back's key.

    Raises ValueError where a recipient is no address.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    origin = address(sender)
    mail["From"] = origin
    mail["To"] = [address(recipient) for recipient in change.to]
    mail["Subject"] = _line(change.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{key}@{_ascii(origin.domain)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(change.text), cte="quoted-printable")
    return mail.as_bytes(), str(mail["Message-ID"])


def recipients(change: Notify) -> list[str]:
    """The bare addresses. Raises ValueError where one is no address."""
    return list(dict.fromkeys(address(recipient).addr_spec for recipient in change.to))


def _line(text: str) -> str:
    return _BREAKS.sub(" ", _unpaired(text)).strip()[:_LONGEST_SUBJECT]


def _text(text: str) -> str:
    return _unpaired(text).replace("\x00", "") + "\n"


def _unpaired(text: str) -> str:
    """Half a character (a surrogate alone) cannot be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _ascii(domain: str) -> str:
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")
