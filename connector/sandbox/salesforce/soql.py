"""A small reader of SOQL: one query in, one tree out.

SELECT of fields and parent fields, or COUNT(); WHERE with AND, OR, NOT and parentheses; semi-joins; GROUP BY with
COUNT(Field); ORDER BY; LIMIT; OFFSET. Anything else is MALFORMED_QUERY, as is any escape that the vendor does not
know (facts 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import moments
from .refusals import malformed_query, refuse

LONGEST, LONGEST_STRING = 100_000, 4_000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.X | re.S,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.S)
Value = str | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value as written: string, datetime, date, number, boolean or null."""

    kind: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison; `values` has one literal but for IN, INCLUDES and their opposites."""

    path: str
    sign: str
    values: tuple[Literal, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """Parts that hold together (AND), any of them (OR), or not (NOT, one part)."""

    word: str
    parts: tuple[Condition | Junction, ...]


Tree = Condition | Junction


@dataclass(slots=True, kw_only=True)
class Query:
    """One query as written; names are not looked up yet."""

    entity: str
    paths: list[str] = field(default_factory=list)
    count: bool = False
    # Of a query with GROUP BY: the fields, and what is counted as (field, name in the answer).
    groups: list[str] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)
    where: Tree | None = None
    order: list[tuple[str, bool, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """Return the query; raise MALFORMED_QUERY for what is none."""
    if len(text) > LONGEST:
        raise malformed_query(f"SOQL statements cannot be longer than {LONGEST} characters.")
    reader = _Reader(_tokens(text))
    query = reader.query()
    reader.end()
    return query


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise malformed_query(f"unexpected token: {text[place : place + 20].strip()!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        place = match.end()
    return tokens


def _unescaped(raw: str, *, like: bool) -> str:
    def one(match: re.Match[str]) -> str:
        letter = match[1]
        if letter[0] == "u" and len(letter) == 5:
            return chr(int(letter[1:], 16))
        # What stands behind a backslash in a LIKE is itself: it stays marked until the pattern is made.
        if like and letter in "_%\\":
            return f"\\{letter}"
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        raise malformed_query(f"Invalid string literal: illegal character sequence '\\{letter}' in string literal")

    return _ESCAPE.sub(one, raw[1:-1])


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens, self._place = tokens, 0

    def query(self) -> Query:
        self._word("SELECT")
        query = Query(entity="")
        while True:
            name = self._name()
            if name.upper() == "COUNT" and self._sign("("):
                self._counted(query)
            elif self._peek() == ("sign", "("):
                raise malformed_query(f"the stand-in does not know the function {name}")
            else:
                query.paths.append(name)
            if not self._sign(","):
                break
        if query.count and (query.paths or query.counted):
            raise malformed_query("COUNT() stands alone")
        self._word("FROM")
        query.entity = self._name()
        if self._is("WHERE"):
            query.where = self._tree()
        if self._is("GROUP"):
            self._word("BY")
            query.groups.append(self._name())
            while self._sign(","):
                query.groups.append(self._name())
        if (query.groups or query.counted) and {p.lower() for p in query.paths} - {g.lower() for g in query.groups}:
            raise malformed_query("Field must be grouped or aggregated")
        if self._is("ORDER"):
            self._word("BY")
            query.order = self._order()
        if self._is("LIMIT"):
            query.limit = self._whole()
        if self._is("OFFSET"):
            query.offset = self._whole()
        return query

    def _counted(self, query: Query) -> None:
        """Read what follows `COUNT(`: nothing, or a field and perhaps a name for the number."""
        if self._sign(")"):
            query.count = True
            return
        path = self._name()
        self._need(")")
        alias = "" if self._peek_word() in ("", "FROM") else self._name()
        query.counted.append((path, alias or f"expr{len(query.counted)}"))

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise malformed_query(f"unexpected token: '{self._tokens[self._place][1]}'")

    # ------------------------------------------------------------------ WHERE

    def _tree(self) -> Tree:
        first = self._part()
        word = next((w for w in ("AND", "OR") if self._is(w)), None)
        if word is None:
            return first
        parts = [first, self._part()]
        while self._is(word):
            parts.append(self._part())
        # AND and OR cannot be mixed without parentheses.
        if self._peek_word() in ("AND", "OR"):
            raise malformed_query(f"unexpected token: '{self._tokens[self._place][1]}'")
        return Junction(word=word, parts=tuple(parts))

    def _part(self) -> Tree:
        if self._is("NOT"):
            return Junction(word="NOT", parts=(self._part(),))
        if self._sign("("):
            tree = self._tree()
            self._need(")")
            return tree
        path = self._name()
        kind, text = self._next()
        sign = text.upper()
        if sign == "NOT":
            self._word("IN")
            sign = "NOT IN"
        if sign in ("IN", "NOT IN", "INCLUDES", "EXCLUDES"):
            self._need("(")
            if self._peek_word() == "SELECT" and sign.endswith("IN"):
                query = self.query()
                self._need(")")
                return Condition(path=path, sign=sign, query=query)
            values = [self._literal()]
            while self._sign(","):
                values.append(self._literal())
            self._need(")")
            return Condition(path=path, sign=sign, values=tuple(values))
        if sign == "LIKE" or (kind == "sign" and sign in ("=", "!=", "<>", "<", ">", "<=", ">=")):
            sign = "!=" if sign == "<>" else sign
            return Condition(path=path, sign=sign, values=(self._literal(like=sign == "LIKE"),))
        raise malformed_query(f"unexpected token: '{text}'")

    def _literal(self, *, like: bool = False) -> Literal:
        kind, text = self._next()
        if kind == "string":
            value = _unescaped(text, like=like)
            if len(value) > LONGEST_STRING:
                raise malformed_query(f"string literal longer than {LONGEST_STRING} characters")
            return Literal(kind="string", value=value)
        if kind == "number":
            return Literal(kind="number", value=float(text))
        if kind == "datetime":
            moment = moments.read(text)
            if moment is None:
                raise malformed_query(f"line 1: invalid datetime {text}")
            return Literal(kind="datetime", value=moment)
        if kind == "date":
            return Literal(kind="date", value=text)
        word = text.lower()
        if word in ("true", "false"):
            return Literal(kind="boolean", value=word == "true")
        if word == "null":
            return Literal(kind="null", value=None)
        raise malformed_query(f"unexpected token: '{text}'")

    def _order(self) -> list[tuple[str, bool, bool]]:
        keys = []
        while True:
            name = self._name()
            descending = self._is("DESC")
            if not descending:
                self._is("ASC")
            last = False
            if self._is("NULLS"):
                last = self._is("LAST")
                if not last:
                    self._word("FIRST")
            keys.append((name, descending, last))
            if not self._sign(","):
                return keys

    # ------------------------------------------------------------------ tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "<EOF>")

    def _peek_word(self) -> str:
        kind, text = self._peek()
        return text.upper() if kind == "name" else ""

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise malformed_query("unexpected token: '<EOF>'")
        self._place += 1
        return token

    def _is(self, word: str) -> bool:
        if self._peek_word() != word:
            return False
        self._place += 1
        return True

    def _sign(self, sign: str) -> bool:
        if self._peek() != ("sign", sign):
            return False
        self._place += 1
        return True

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise malformed_query(f"unexpected token: '{self._peek()[1]}', expecting {word}")

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise malformed_query(f"unexpected token: '{self._peek()[1]}', expecting '{sign}'")

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise malformed_query(f"unexpected token: '{text}'")
        return text

    def _whole(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdecimal():
            raise refuse(400, "MALFORMED_QUERY", f"unexpected token: '{text}'")
        return int(text)
