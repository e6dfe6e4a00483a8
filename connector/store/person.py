"""All that is stored of one person, row by row, for who asks what is kept of them. Reads only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from connector.store import codec
from connector.store.engine import Tx
from connector.store.erase import Stored


def rows(tx: Tx, stored: Stored) -> dict[str, list[dict[str, Any]]]:
    """Every row about the person by table, documents opened, technical columns as they are."""
    found: dict[str, list[dict[str, Any]]] = {}

    def add(table: str, where: str, **values: Any) -> None:
        for row in tx.execute(text(f"select * from {table} where {where}"), values):
            opened = {name: _opened(value) for name, value in row._mapping.items()}
            if opened not in found.setdefault(table, []):
                found[table].append(opened)

    for connection, contact_id in stored.refs:
        add("contact", "connection = :c and id = :i", c=connection, i=contact_id)
        add("contact_address", "connection = :c and contact_id = :i", c=connection, i=contact_id)
        add("membership", "connection = :c and member = :m", c=connection, m=f"contact:{contact_id}")
        add("person_link", "connection = :c and contact_id = :i", c=connection, i=contact_id)
        add("merged_contact", "connection = :c and (id = :i or into_id = :i)", c=connection, i=contact_id)
        add("hint", "connection = :c and kind = 'contact' and record_id = :i", c=connection, i=contact_id)
        add("suppression", "value = :v", v=f"{connection}/{contact_id}")
        add(
            "decision",
            "contact_id = :i and plan_id in (select id from plan where connection = :c)",
            c=connection,
            i=contact_id,
        )
    for value in (*sorted(stored.addresses), *sorted(stored.persons)):
        add("suppression", "value = :v", v=value)
        add("asking", "address_key = :v or person_id = :v", v=value)
        add("bounce", "address_key = :v", v=value)
    for job in stored.rehearsed_by:
        add("job", "id = :j", j=job)
    for key in stored.answers:
        add("response", "key = :k", k=key)
        add("write_back", "response_key = :k", k=key)
        add("follow_up", "response_key = :k", k=key)
    for key in stored.write_backs:
        add("receipt", "key = :k", k=key)
        add("undo", "key = :k", k=key)
    return {table: each for table, each in sorted(found.items()) if each}


def _opened(value: Any) -> Any:
    """JSON kept in a column as the value it is."""
    if isinstance(value, bytes | memoryview):
        return codec.from_text(bytes(value))
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return codec.from_text(value)
        except ValueError:
            return value
    return value
