"""Read the vendor's filter language (facts 3) into a tree.

expr := term (('and'|'or') term)*   with parentheses; `and` binds tighter than `or`
term := field op value | field ['not'] 'in' '(' v {',' v} ')' | field ['not'] ('like'|'contains') string
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from .refusals import find_condition


@dataclass(frozen=True, slots=True)
class When:
    """A literal in square brackets, in seconds since 1970; `whole_day` if it had no time of day."""

    seconds: int
    whole_day: bool


Value = str | int | float | bool | When | None


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; `op` is = != < <= > >= in like contains, or the last three after "not "."""

    path: tuple[str, ...]
    op: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Tree, ...]


Tree = Term | Both | Either

_TOKEN = re.compile(
    r"""\s*(?:(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(),])|\[(?P<when>[^\]]*)\]
    |(?P<number>-?\d+(?:\.\d+)?(?![\w/]))|(?P<name>[A-Za-z_][\w/]*)|(?P<quote>["']))""",
    re.VERBOSE,
)


@functools.lru_cache(maxsize=512)
def parse(text: str, *, escape: bool) -> Tree:
    """Return the tree of one conditions string; raise a 400 ApiFindCondition where it cannot be read.

    `escape`: whether a backslash keeps a quote inside a string.
    """
    return _Reader(_tokens(text, escape), text).whole()


def _tokens(text: str, escape: bool) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise find_condition(f"Unexpected character '{text[at:].lstrip()[:1]}' at position {at}.")
        at = match.end()
        kind = match.lastgroup or ""
        word = match.group(kind)
        if kind == "quote":
            string, at = _string(text, at, word, escape)
            found.append(("value", string))
        elif kind == "number":
            found.append(("value", float(word) if "." in word else int(word)))
        elif kind == "when":
            found.append(("value", _when(word)))
        else:
            found.append((kind, word))
    return found


def _string(text: str, at: int, quote: str, escape: bool) -> tuple[str, int]:
    letters: list[str] = []
    while at < len(text):
        letter = text[at]
        if escape and letter == "\\" and text[at + 1 : at + 2] in ('"', "'", "\\"):
            letters.append(text[at + 1])
            at += 2
        elif letter == quote:
            return "".join(letters), at + 1
        else:
            letters.append(letter)
            at += 1
    raise find_condition("Unterminated string in condition.")


def _when(text: str) -> When:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise find_condition(f"String was not recognized as a valid DateTime: {text}") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return When(int(moment.timestamp()), whole_day=len(text.strip()) == 10)


class _Reader:
    def __init__(self, tokens: list[tuple[str, Value]], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.at = 0

    def whole(self) -> Tree:
        tree = self._either()
        if self.at < len(self.tokens):
            raise self._wrong()
        return tree

    def _either(self) -> Tree:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Tree:
        parts = [self._term()]
        while self._word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _term(self) -> Tree:
        if self._take("mark", "("):
            tree = self._either()
            self._need(")")
            return tree
        kind, word = self._next()
        if kind != "name":
            raise self._wrong()
        path = tuple(str(word).split("/"))
        negated = "not " if self._word("not") else ""
        if self._word("in"):
            return Term(path, f"{negated}in", self._list())
        for op in ("like", "contains"):
            if self._word(op):
                value = self._value()
                if not isinstance(value, str):
                    raise find_condition(f"Expected a string value after '{op}'.")
                return Term(path, negated + op, (value,))
        kind, word = self._next()
        if negated or kind != "op":
            raise self._wrong()
        return Term(path, str(word), (self._value(),))

    def _list(self) -> tuple[Value, ...]:
        self._need("(")
        values = [self._value()]
        while self._take("mark", ","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _value(self) -> Value:
        kind, word = self._next()
        if kind == "value":
            return word
        literal = str(word).lower()
        if kind == "name" and literal in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[literal]
        raise find_condition(
            f"String values should be enclosed with double or single quotes near '{word}' in condition."
        )

    def _next(self) -> tuple[str, Value]:
        if self.at >= len(self.tokens):
            raise self._wrong()
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, kind: str, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == (kind, word):
            self.at += 1
            return True
        return False

    def _word(self, word: str) -> bool:
        if self.at < len(self.tokens):
            kind, value = self.tokens[self.at]
            if kind == "name" and str(value).lower() == word:
                self.at += 1
                return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise self._wrong()

    def _wrong(self) -> Exception:
        return find_condition(f"The condition could not be read: {self.text[:200]}")
