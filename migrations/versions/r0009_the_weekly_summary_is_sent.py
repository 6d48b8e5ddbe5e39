"""the weekly summary is sent"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "summaries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_summaries_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summaries")),
        sa.UniqueConstraint("community_id", "week_start", name=op.f("uq_summaries_community_id_week_start")),
    )
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gets_summary", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.create_index("ix_claims_taken", ["community_id", "claimed_at", "task_id"], unique=False)
        batch_op.create_index(
            "ix_claims_ended",
            ["community_id", "state", "ended_at"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NOT NULL"),
        )

    with op.batch_alter_table("communities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("summary_weekday", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("summary_hour", sa.Integer(), server_default="9", nullable=False))
        batch_op.add_column(sa.Column("summary_is_private", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("summary_due_at", sa.DateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_communities_summary_due_at"), ["summary_due_at"], unique=False)

    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_members_community_id_joined_at"), ["community_id", "joined_at"], unique=False)

    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reports_decided",
            ["community_id", "state", "decided_at", "submitted_at", "minutes"],
            unique=False,
            sqlite_where=sa.text("decided_at IS NOT NULL"),
            postgresql_where=sa.text("decided_at IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_reports_decided",
            sqlite_where=sa.text("decided_at IS NOT NULL"),
            postgresql_where=sa.text("decided_at IS NOT NULL"),
        )

    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_members_community_id_joined_at"))

    with op.batch_alter_table("communities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_communities_summary_due_at"))
        batch_op.drop_column("summary_due_at")
        batch_op.drop_column("summary_is_private")
        batch_op.drop_column("summary_hour")
        batch_op.drop_column("summary_weekday")

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_claims_ended", sqlite_where=sa.text("ended_at IS NOT NULL"), postgresql_where=sa.text("ended_at IS NOT NULL")
        )
        batch_op.drop_index("ix_claims_taken")

    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.drop_column("gets_summary")

    op.drop_table("summaries")
