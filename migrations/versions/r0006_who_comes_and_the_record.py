"""who comes, and the record"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CONTESTED = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("contested_at IS NOT NULL AND kept_at IS NULL"))
_ASKED = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("ask_at IS NOT NULL"))


def upgrade() -> None:
    op.create_table(
        "record_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contested_at", sa.DateTime(), nullable=True),
        sa.Column("word", sa.String(length=300), nullable=False),
        sa.Column("kept_at", sa.DateTime(), nullable=True),
        sa.Column("kept_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_record_entries_by_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_record_entries_claim_id")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_record_entries_community_id")),
        sa.ForeignKeyConstraint(["kept_by"], ["people.id"], name=op.f("fk_record_entries_kept_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_record_entries_person_id")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_record_entries_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_entries")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_record_entries_claim_id")),
    )
    with op.batch_alter_table("record_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_entries_at"), ["at"], unique=False)
        batch_op.create_index(
            "ix_record_entries_contested",
            ["community_id"],
            unique=False,
            **_CONTESTED,
        )
        batch_op.create_index(batch_op.f("ix_record_entries_person_id_at"), ["person_id", "at"], unique=False)

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.add_column(sa.Column("coming", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("coming_at", sa.DateTime(), nullable=True))

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ask_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("moved_at", sa.DateTime(), nullable=True))
        batch_op.create_index(
            "ix_tasks_ask_at",
            ["ask_at"],
            unique=False,
            **_ASKED,
        )


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_ask_at", **_ASKED)
        batch_op.drop_column("moved_at")
        batch_op.drop_column("ask_at")

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_column("coming_at")
        batch_op.drop_column("coming")

    with op.batch_alter_table("record_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_record_entries_person_id_at"))
        batch_op.drop_index(
            "ix_record_entries_contested",
            **_CONTESTED,
        )
        batch_op.drop_index(batch_op.f("ix_record_entries_at"))

    op.drop_table("record_entries")
