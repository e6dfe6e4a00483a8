"""The database has one door. The only room that imports sqlmodel and SQLAlchemy; others call its named functions."""

from connector.store.engine import Store, Tx, open_store

__all__ = ["Store", "Tx", "open_store"]
