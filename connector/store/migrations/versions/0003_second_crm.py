"""Secrets that outlive the process, sealed; contacts that were merged in the CRM; other addresses of contacts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merged_contact",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("taken_over_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "id", name=op.f("pk_merged_contact")),
    )
    op.create_index("ix_merged_contact_into_id", "merged_contact", ["connection", "into_id"], unique=False)
    op.create_table(
        "contact_address",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "contact_id", "address_key", name=op.f("pk_contact_address")),
    )
    op.create_index("ix_contact_address_address_key", "contact_address", ["address_key"], unique=False)
    op.create_table(
        "vault",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "name", name=op.f("pk_vault")),
    )
    op.add_column("person_link", sa.Column("because", sa.Text(), server_default="", nullable=False))
