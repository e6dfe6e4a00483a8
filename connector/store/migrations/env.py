"""Alembic runs inside the transaction that connector.store.engine opened; it has no configuration file of its own."""

from alembic import context

from connector.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
