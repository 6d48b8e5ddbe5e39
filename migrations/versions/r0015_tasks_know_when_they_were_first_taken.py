"""tasks know when they were first taken"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TAKEN = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("first_taken_at IS NOT NULL"))
_COLUMNS = ["community_id", "first_taken_at", "created_at"]


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_taken_at", sa.DateTime(), nullable=True))
    op.execute("UPDATE tasks SET first_taken_at = (SELECT min(claimed_at) FROM claims WHERE claims.task_id = tasks.id)")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_first_taken", _COLUMNS, unique=False, **_TAKEN)


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_first_taken", **_TAKEN)
        batch_op.drop_column("first_taken_at")
