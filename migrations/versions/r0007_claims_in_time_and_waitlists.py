"""claims in time, waitlists, and who is asked"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LONG_AGO = sa.text("'1970-01-01 00:00:00'")


def upgrade() -> None:
    op.create_table(
        "waits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("offer_until", sa.DateTime(), nullable=True),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_waits_community_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_waits_person_id")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_waits_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
    )
    with op.batch_alter_table("waits", schema=None) as batch_op:
        batch_op.create_index(
            "ix_waits_offered",
            ["offer_until"],
            unique=False,
            sqlite_where=sa.text("offer_until IS NOT NULL"),
            postgresql_where=sa.text("offer_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_waits_person",
            ["person_id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "uq_waits_one_place",
            ["task_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counted_from", sa.DateTime(), server_default=_LONG_AGO, nullable=False))
        batch_op.add_column(sa.Column("next_at", sa.DateTime(), server_default=_LONG_AGO, nullable=False))
        batch_op.add_column(sa.Column("warned_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("spared_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("renewals", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("extra_minutes", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("wanted_minutes", sa.Integer(), nullable=True))
        batch_op.create_index(
            "ix_claims_next",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )

    with op.batch_alter_table("communities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("still_times", sa.Integer(), server_default="3", nullable=False))
        batch_op.add_column(sa.Column("extra_hours", sa.Integer(), server_default="24", nullable=False))

    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.add_column(sa.Column("look_at", sa.DateTime(), server_default=_LONG_AGO, nullable=False))
        batch_op.create_index(
            "ix_members_look",
            ["look_at"],
            unique=False,
            sqlite_where=sa.text("left_at IS NULL AND blocked_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL AND blocked_at IS NULL"),
        )

    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remind_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("reminders", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_reports_late",
            ["remind_at"],
            unique=False,
            sqlite_where=sa.text("remind_at IS NOT NULL"),
            postgresql_where=sa.text("remind_at IS NOT NULL"),
        )

    # What is under way is asked about at its end, and lengthened then; every member is looked at within two weeks of joining.
    op.execute("UPDATE claims SET counted_from = claimed_at, next_at = hold_until")
    op.execute("UPDATE members SET look_at = joined_at")
    op.execute("UPDATE reports SET remind_at = submitted_at WHERE state = 'waiting'")
    if op.get_context().dialect.name == "postgresql":
        for table, column in (("claims", "counted_from"), ("claims", "next_at"), ("members", "look_at")):
            op.alter_column(table, column, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_reports_late", sqlite_where=sa.text("remind_at IS NOT NULL"), postgresql_where=sa.text("remind_at IS NOT NULL")
        )
        batch_op.drop_column("reminders")
        batch_op.drop_column("remind_at")

    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_members_look",
            sqlite_where=sa.text("left_at IS NULL AND blocked_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL AND blocked_at IS NULL"),
        )
        batch_op.drop_column("look_at")

    with op.batch_alter_table("communities", schema=None) as batch_op:
        batch_op.drop_column("extra_hours")
        batch_op.drop_column("still_times")

    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_claims_next", sqlite_where=sa.text("state = 'held'"), postgresql_where=sa.text("state = 'held'")
        )
        batch_op.drop_column("wanted_minutes")
        batch_op.drop_column("extra_minutes")
        batch_op.drop_column("renewals")
        batch_op.drop_column("spared_at")
        batch_op.drop_column("warned_at")
        batch_op.drop_column("next_at")
        batch_op.drop_column("counted_from")

    with op.batch_alter_table("waits", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_waits_one_place", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(
            "ix_waits_person", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(
            "ix_waits_offered",
            sqlite_where=sa.text("offer_until IS NOT NULL"),
            postgresql_where=sa.text("offer_until IS NOT NULL"),
        )

    op.drop_table("waits")
