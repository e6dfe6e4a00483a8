"""What an e-mail address is worth: its comparison key, whose mailbox it is, and what a person might correct.

Nothing here asks the network. The CRM's value is never changed; a repair is only proposed.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache, partial
from typing import NamedTuple

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from connector.sync.mailboxes import ROLE, TECHNICAL, TECHNICAL_PREFIXES, TYPOS


class AddressKind(StrEnum):
    PERSONAL = "personal"
    ROLE = "role"
    TECHNICAL = "technical"
    DISPOSABLE = "disposable"
    MALFORMED = "malformed"
    NONE = "none"


class Address(NamedTuple):
    """A judged address. `key` is equal for the same mailbox, and empty where no mailbox can exist."""

    key: str
    kind: AddressKind
    problem: str = ""
    proposal: str = ""


def judge(email: str, *, explain: bool = True) -> Address:
    """Judge one address as the CRM gives it; outer white space does not count.

    The key is case-folded, its domain in IDNA form and without the `+tag`. Plain ASCII takes a conservative pattern
    that accepts nothing email-validator refuses; all else takes email-validator itself (no DNS). `example.com`,
    `.example` and `.test` count as real, so that demonstrations work; `.invalid`, `.local`, `.localhost` do not.
    Without `explain`, an address that cannot exist comes without problem and proposal, which cost most.
    """
    text = email.strip()
    local, _, domain = text.partition("@")
    if len(text) <= _MAX and (known := _domain(domain)) is not None and _LOCAL.fullmatch(local) is not None:
        return _classify(local.lower(), known)
    if not text:
        return _NO_ADDRESS
    if not explain and (_NEVER.search(text) is not None or text.count("@") != 1 or _is_nowhere(text)):
        return _MALFORMED
    whole = len(local) <= _LABEL and _LOCAL.fullmatch(local) is not None
    if whole and (known := _domain_abroad(domain)) is not None:
        return _classify(local.lower(), known)
    try:
        local, domain = validated(text)
    except EmailNotValidError as error:
        return Address("", AddressKind.MALFORMED, str(error), _proposal(text)) if explain else _MALFORMED
    return _classify(local, _found(domain))


def validated(text: str) -> tuple[str, str]:
    """The case-folded local part and the ASCII domain by email-validator; raises EmailNotValidError."""
    if len(text) > _MAX:
        raise EmailNotValidError("The address is too long.")
    found = validate_email(text, check_deliverability=False, test_environment=True)
    if "." not in found.ascii_domain:
        raise EmailNotValidError("The part after the @-sign is not valid. It should have a period.")
    return unicodedata.normalize("NFC", found.local_part.casefold()), found.ascii_domain.lower()


_LOCAL = re.compile(r"[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*")
# Labels are letters and digits with single hyphens between, so `xn--` and every other double hyphen goes the slow way.
_DOMAIN = re.compile(r"(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}")
_NOWHERE = frozenset(("arpa", "invalid", "local", "localhost", "onion"))
_MAX = 254  # RFC 5321, errata 1690
_LABEL = 63  # RFC 1035; a whole domain this short has no label that is longer
_address = partial(tuple.__new__, Address)  # of a tuple: in half the time of its own `__new__`, and most are such
_PERSONAL = AddressKind.PERSONAL
_NO_ADDRESS = Address("", AddressKind.NONE)
_MALFORMED = Address("", AddressKind.MALFORMED)
_NEVER = re.compile(r"[\s,;:<>()\[\]\\\"]")  # in no address without quotation marks, and those are refused
_DIGITS = "0123456789"


class _Domain(NamedTuple):
    """`disposable`: a throw-away domain or below one. `meant`: what was probably meant where it is a known slip."""

    name: str
    disposable: bool
    meant: str


def _classify(local: str, domain: _Domain) -> Address:
    name, disposable, meant = domain
    if "+" in local:
        local = local.partition("+")[0] or local
    key = f"{local}@{name}"
    proposal = f"{local}@{meant}" if meant else ""
    if disposable:
        return Address(key, AddressKind.DISPOSABLE, "a throw-away domain", proposal)
    word = local.rstrip(_DIGITS)
    if not word.isalnum():
        word = word.replace(".", "").replace("-", "").replace("_", "")
    if word in TECHNICAL or local.startswith(TECHNICAL_PREFIXES):
        return Address(key, AddressKind.TECHNICAL, "", proposal)
    if word in ROLE:
        return Address(key, AddressKind.ROLE, "", proposal)
    return _address((key, _PERSONAL, "looks mistyped" if proposal else "", proposal))


@lru_cache(maxsize=50_000)
def _domain(written: str) -> _Domain | None:
    """What is known of a domain that the conservative pattern takes; None where only email-validator can tell."""
    if len(written) > _LABEL or _DOMAIN.fullmatch(written) is None:
        return None
    domain = written.lower()
    return _found(domain) if domain.rpartition(".")[2] not in _NOWHERE else None


@lru_cache(maxsize=50_000)
def _domain_abroad(written: str) -> _Domain | None:
    """What is known of a domain in other letters than ASCII, asked of email-validator once and not for each address;
    None where the whole address must be asked about."""
    if written.isascii() or len(written) > _LABEL:
        return None
    try:
        _, domain = validated(f"a@{written}")
    except EmailNotValidError:
        return None
    return _found(domain) if len(domain) <= _MAX - _LABEL - 2 else None


def _found(domain: str) -> _Domain:
    return _Domain(domain, domain in blocklist or _parent_is_disposable(domain), TYPOS.get(domain, ""))


def _is_nowhere(text: str) -> bool:
    """Whether the domain of a plain text has no period, or ends with one; email-validator says the same, for much more
    than a thousand other addresses cost."""
    domain = text.rpartition("@")[2]
    return text.isascii() and ("." not in domain or domain.endswith("."))


def _parent_is_disposable(domain: str) -> bool:
    while domain.count(".") > 1:
        domain = domain.partition(".")[2]
        if domain in blocklist:
            return True
    return False


_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x1f\x7f]")
_ANGLE = re.compile(r".*<([^<>]+)>\W*")
_AT = re.compile(r"\s*(?:\(at\)|\[at\]|\sat\s|＠|﹫)\s*", re.IGNORECASE)


def _proposal(text: str) -> str:
    """A likely spelling that could exist, or nothing. Only slips with one reading are repaired."""
    if len(text) > 2 * _MAX:
        return ""
    repaired = _INVISIBLE.sub("", text)
    angle = _ANGLE.fullmatch(repaired)
    repaired = _AT.sub("@", angle[1] if angle else repaired)
    repaired = re.sub(r"^mailto:", "", repaired.strip(), flags=re.IGNORECASE)
    repaired = re.sub(r"\s+", "", repaired).strip(".,;:'\"()[]<>")
    repaired = re.sub(r"@+", "@", repaired.replace(",", ".").replace(";", "."))
    repaired = re.sub(r"\.{2,}", ".", repaired).replace(".@", "@").replace("@.", "@")
    if repaired == text or repaired.count("@") != 1:
        local, _, domain = text.rpartition("@")
        repaired = f"{local}@{TYPOS[domain.lower()]}" if domain.lower() in TYPOS else ""
    if not repaired:
        return ""
    local, _, domain = repaired.partition("@")
    repaired = f"{local}@{TYPOS.get(domain.lower(), domain)}"
    try:
        validated(repaired)
    except EmailNotValidError:
        return ""
    return repaired
