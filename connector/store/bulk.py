"""Many rows at once: ON CONFLICT, and COPY and merge for many on PostgreSQL. Here alone the databases differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table

from connector.store import codec
from connector.store.engine import Tx
from connector.store.tables import metadata

Row = Sequence[Any]
_FEW = 50
"""So many rows are sent to PostgreSQL one by one: a table to copy them into first would take longer than they do."""


def upsert(tx: Tx, table: str, columns: tuple[str, ...], rows: Collection[Row], *, keep: tuple[str, ...] = ()) -> None:
    """Insert rows, or overwrite those of the same primary key, but for the columns named in `keep`.

    Rows of one call must differ in their keys. Values are passed as they are: text, int, bool, bytes or None.
    """
    if not rows:
        return
    postgres = tx.dialect.name == "postgresql"
    if postgres and len(rows) > _FEW:
        _copy_and_merge(tx, table, columns, rows, keep)
    else:
        given = list(rows)
        plain = given if isinstance(given[0], tuple) else [tuple(row) for row in given]
        tx.exec_driver_sql(_on_conflict(table, columns, keep, "%s" if postgres else "?"), plain)


def among(tx: Tx) -> str:
    """What follows a column to say that it is one of `:values`, given as `values_of` makes them."""
    return "= any(:values)" if tx.dialect.name == "postgresql" else "in (select value from json_each(:values))"


def each(tx: Tx) -> str:
    """What follows `from`: a row with the column `given.value` for each of `:values`. Joined, it finds rows by an index
    in half the time that `among` takes; who is given twice is found twice."""
    postgres = tx.dialect.name == "postgresql"
    return "unnest(cast(:values as text[])) as given(value)" if postgres else "json_each(:values) as given"


def all_new(tx: Tx, table: str, connection: str, ids: Sequence[str]) -> bool:
    """Whether surely none of these ids is in the table: it has none between the lowest and the highest, as in a first
    pull, whose pages come in the order of ids. Not asked of PostgreSQL, which may order texts in its own way."""
    if tx.dialect.name == "postgresql":
        return False
    between = f"select 1 from {table} where connection = ? and id between ? and ? limit 1"
    return tx.exec_driver_sql(between, (connection, min(ids), max(ids))).first() is None


def values_of(tx: Tx, values: Sequence[str]) -> list[str] | str:
    return list(values) if tx.dialect.name == "postgresql" else codec.to_text(list(values))


@lru_cache(maxsize=64)
def _on_conflict(table: str, columns: tuple[str, ...], keep: tuple[str, ...], mark: str) -> str:
    marks = ", ".join([mark] * len(columns))
    return f"insert into {table} ({', '.join(columns)}) values ({marks}) {_resolve(table, columns, keep)}"


def _resolve(table: str, columns: tuple[str, ...], keep: tuple[str, ...]) -> str:
    keys = _keys(metadata.tables[table])
    changed = [column for column in columns if column not in keys and column not in keep]
    if not changed:
        return f"on conflict ({', '.join(keys)}) do nothing"
    return f"on conflict ({', '.join(keys)}) do update set " + ", ".join(
        f"{name} = excluded.{name}" for name in changed
    )


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _copy_and_merge(tx: Tx, table: str, columns: tuple[str, ...], rows: Collection[Row], keep: tuple[str, ...]) -> None:
    names = ", ".join(columns)
    staging = f"incoming_{table}"
    like = f"(like {table} including defaults)"
    tx.exec_driver_sql(f"create temp table if not exists {staging} {like} on commit delete rows")
    tx.exec_driver_sql(f"truncate {staging}")
    cursor = tx.connection.cursor()
    try:
        with cursor.copy(f"copy {staging} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()
    tx.exec_driver_sql(f"insert into {table} ({names}) select {names} from {staging} {_resolve(table, columns, keep)}")
