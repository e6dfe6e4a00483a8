"""Whether a text speaks of one person: by address, full name in either order, phone number, or what they wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from connector.domain import Contact

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+?\(?\d[\d ()./-]{5,30}\d")
_FOLDED = re.compile("ss|ff|fi|fl|st")
"""Letters that one other letter may have been before its case was folded: ß, ﬀ, ﬁ, ﬂ, ﬆ."""
_BETWEEN_DIGITS = b" ()./-\\"
DIGITS, WORDS, CUT = 7, 3, 8
"""A phone number has at least so many digits, a quotation so many words; a longer one is known by its first ones."""


class Traces:
    """What one person is known by, growing as more of it is found."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self.addresses: set[str] = set()
        self.add_addresses(addresses)
        self.names: set[str] = set()
        self.phones: set[str] = set()
        self.quotations: set[str] = set()
        self.literal: set[str] = set()
        """Names and phone numbers as they were written, for a search byte by byte."""
        self.shared: set[str] = set()
        """Those of them that somebody else has, too: the number of a switchboard."""

    def add_contact(self, contact: Contact) -> None:
        self.add_addresses((contact.email, *contact.other_emails))
        self.add_name(contact.first_name, contact.last_name)
        self.add_phone(contact.phone)

    def add_addresses(self, addresses: Iterable[str]) -> None:
        self.addresses |= {address.casefold().strip() for address in addresses if _ADDRESS.fullmatch(address.strip())}

    def add_name(self, first: str, last: str) -> None:
        if _words(first) and _words(last):  # "Ann ." would be every Ann
            self.names |= {_words(f"{first} {last}"), _words(f"{last} {first}")}
            self.literal.add(f"{first} {last}")

    def add_phone(self, phone: str) -> None:
        digits = "".join(filter(str.isdigit, phone))
        if len(digits) >= DIGITS:
            self.phones.add(digits)
            self.literal.add(phone)

    def add_text(self, text: str) -> None:
        """Words of the person; a few of them could be anybody's and are not looked for."""
        words = _words(text).split()
        if sum(map(str.isalpha, words)) >= WORDS and sum(map(len, words)) >= 3 * WORDS:
            self.quotations |= {" ".join(words), " ".join(words[:CUT])}

    def add_row(self, row: dict[str, Any]) -> None:
        """A record of the person as the CRM gave it: former names, addresses and numbers."""
        for first, last in (
            ("firstName", "lastName"), ("first_name", "last_name"), ("firstname", "lastname"),
            ("FirstName", "LastName"),
        ):  # fmt: skip
            if isinstance(row.get(first), str) and isinstance(row.get(last), str):
                self.add_name(row[first], row[last])
        for value in strings(row.get("communicationItems")):
            self.add_addresses((value,)) if "@" in value else self.add_phone(value)
        for key in ("email", "Email"):
            if isinstance(row.get(key), str):
                self.add_addresses((row[key],))
        for key in ("phone", "defaultPhoneNbr", "contactPhoneNumber", "mobilephone", "Phone", "MobilePhone"):
            if isinstance(row.get(key), str):
                self.add_phone(row[key])

    def speak(self, text: str, *, quotations: bool = True) -> bool:
        """Whether the text speaks of the person. A quotation may be somebody else's words, too; without them, a name or
        number that is shared is none of theirs either."""
        low = text.casefold()
        phones, names = self.phones, self.names
        if not quotations and self.shared:
            phones = phones - {"".join(filter(str.isdigit, each)) for each in self.shared}
            names = names - {_words(each) for each in self.shared}
        if any(address in low or address.replace("@", "%40") in low for address in self.addresses):
            return True
        if phones and any("".join(filter(str.isdigit, m[0])) in phones for m in _PHONE.finditer(text)):
            return True
        words = f" {_words(low)} "
        return any(f" {each} " in words for each in (*names, *(self.quotations if quotations else ())))

    def may_be_in(self, line: bytes, ids: Iterable[str]) -> bool:
        """Whether a closer look is worth it; never False for a line that speaks of the person."""
        low = line.lower()
        if any(needle in low for needle in (*self._needles(), *(each.encode() for each in ids))):
            return True
        digits = low.translate(None, _BETWEEN_DIGITS) if self.phones else b""
        return any(not phone.isascii() or phone.encode() in digits for phone in self.phones)

    def _needles(self) -> Iterator[bytes]:
        """Of each address what is before the @; of names and quotations the longest plain word."""
        for address in self.addresses:
            yield _plain(address.partition("@")[0])
        for words in (*self.names, *self.quotations):
            yield max((_plain(word) for word in words.split()), key=len)


def _plain(word: str) -> bytes:
    """Its longest part that every spelling of JSON leaves as it is."""
    parts = re.findall(rb"[a-z0-9]+", _FOLDED.sub(" ", word).encode("ascii", "replace").lower())
    return max(parts, key=len, default=b"")


def _words(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def strings(value: Any) -> Iterator[str]:
    """Every text of a JSON-shaped value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for child in value.values() if isinstance(value, dict) else value:
            yield from strings(child)
