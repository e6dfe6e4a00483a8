"""The life of tickets, contacts that are gone, the service."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "follow_up",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("response_key", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("first_touch_at", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("reminded_at", sa.Text(), nullable=True),
        sa.Column("escalated_at", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_follow_up")),
    )
    op.create_index(op.f("ix_follow_up_response_key"), "follow_up", ["response_key"], unique=False)
    op.create_index(op.f("ix_follow_up_ticket_id"), "follow_up", ["ticket_id"], unique=False)
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_forgotten")),
    )
    op.create_table(
        "hint",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "record_id", name=op.f("pk_hint")),
    )
    op.create_table(
        "undo",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("look_after", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_undo")),
    )
    op.create_index(op.f("ix_undo_job_id"), "undo", ["job_id"], unique=False)
    op.add_column("attempt", sa.Column("token", sa.Integer(), server_default="0", nullable=False))
    op.add_column("company", sa.Column("generation", sa.Text(), server_default="", nullable=False))
    op.add_column("company", sa.Column("gone_at", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("generation", sa.Text(), server_default="", nullable=False))
    op.add_column("contact", sa.Column("gone_at", sa.Text(), nullable=True))
    op.add_column("installation", sa.Column("secret", sa.Text(), server_default="", nullable=False))
    op.add_column("receipt", sa.Column("before", sa.Text(), nullable=True))
    op.add_column("write_back", sa.Column("fuse", sa.Text(), server_default="", nullable=False))
    op.add_column("write_back", sa.Column("owner", sa.Text(), server_default="", nullable=False))
    op.add_column("write_back", sa.Column("on_ticket", sa.Text(), nullable=True))
