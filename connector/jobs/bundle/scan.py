"""Whether a text still holds a secret, anybody's name, address or phone number, or words of an answer.

Only digests of what is searched for are held. Names of fewer than 8 letters are not searched for: among so many short
pseudonyms some are somebody's name by chance; where they stand, they are replaced like all others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from connector import log
from connector.domain import Contact
from connector.jobs.records.anonymous import Anonymous
from connector.jobs.records.anonymous.masking import shape
from connector.store import Tx, codec, contacts, jobs, responses

_EMAIL = re.compile(r"[^\s@<>\"',;:=()\[\]{}\\]{1,64}@[^\s@<>\"',;:=()\[\]{}/?&\\]{1,255}")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.][^\W\d_]+)*")
_PHONE = re.compile(r"\+?\(?\d[\d ()./-]{5,30}\d")
LETTERS, DIGITS, WORDS = 8, 8, 4
QUOTATION = 6
"""So many words in a row, the first or the last of an answer, are not in another text by chance."""


class Scan:
    """Looks for the people it was given and for the secrets that the log hides."""

    def __init__(self, people: Iterable[Contact], firms: Iterable[str] = ()) -> None:
        self._known: set[bytes] = set()
        self._quoted: set[bytes] = set()
        for contact in people:
            self._add(contact)
        for firm in firms:
            self._add_name(firm)

    @classmethod
    def of(cls, tx: Tx) -> Scan:
        """Everybody in the store, and every company."""
        scan = cls(())
        for connection in contacts.connections(tx):
            for row in contacts.with_company(tx, connection):
                scan._add(codec.decode_contact(row.doc))
                if row.company:
                    scan._add_name(codec.decode_company(row.company).name)
        for comment in responses.comments(tx):
            scan.add_words(comment)
        for each in jobs.params_of(tx, "rehearse"):
            scan.add_words(str(each.get("comment", "")))
        return scan

    def _add(self, contact: Contact) -> None:
        for address in (contact.email, *contact.other_emails):
            if "@" in address:
                self._known.add(_digest(address))
        self._add_name(contact.name)
        self._add_name(f"{contact.last_name} {contact.first_name}")
        number = _digits(contact.phone)
        if len(number) >= DIGITS:
            self._known.add(_digest(number))

    def add_words(self, text: str) -> None:
        """What somebody said."""
        words = _WORD.findall(text)
        if len(words) >= QUOTATION and sum(map(len, words)) >= 3 * QUOTATION:
            self._quoted |= {_digest(" ".join(words[:QUOTATION])), _digest(" ".join(words[-QUOTATION:]))}

    def _add_name(self, name: str) -> None:
        words = _WORD.findall(name)
        if 2 <= len(words) <= WORDS and sum(map(len, words)) >= LETTERS:
            self._known.add(_digest(" ".join(words)))

    def found(self, text: str) -> str:
        """What of somebody is in the text, in words without it; empty for nothing."""
        if log.holds_secret(text):
            return "a secret of the configuration"
        return next((what for what, _ in self._hits(text)), "")

    def _hits(self, text: str) -> Iterator[tuple[str, str]]:
        text = text.replace("\\n", " ").replace("\\t", " ").replace("\\r", " ")
        for match in _EMAIL.finditer(text):
            if _digest(match[0]) in self._known:
                yield "the address of a contact", match[0]
        for match in _PHONE.finditer(text):
            if _digest(_digits(match[0])) in self._known:
                yield "the phone number of a contact", match[0]
        if self._quotes(text):
            yield "words of an answer", text
        words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
        for at in range(len(words) - 1):
            for end in range(at + 2, min(at + WORDS, len(words)) + 1):
                name = " ".join(word for word, _, _ in words[at:end])
                if _digest(name) in self._known:
                    yield "the name of a contact or company", text[words[at][1] : words[end - 1][2]]

    def _quotes(self, text: str) -> bool:
        words = _WORD.findall(text) if self._quoted else []
        parts = (" ".join(words[at : at + QUOTATION]) for at in range(len(words) - QUOTATION + 1))
        return any(_digest(part) in self._quoted for part in parts)

    def scrubbed(self, value: Any, anonymous: Anonymous) -> Any:
        """JSON-shaped values in which whatever is found in a text is replaced by its pseudonym."""
        if isinstance(value, str):
            if self._quotes(value):
                return log.mask(shape(value))
            for _, found in list(self._hits(value)):
                value = value.replace(found, anonymous.text(found))
            return log.mask(value)
        if isinstance(value, list | tuple):
            return [self.scrubbed(each, anonymous) for each in value]
        if isinstance(value, dict):
            return {name: self.scrubbed(each, anonymous) for name, each in value.items()}
        return value


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.casefold().encode(), digest_size=10).digest()
