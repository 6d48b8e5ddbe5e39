"""an appeal is announced once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("announced_at", sa.DateTime(), nullable=True))
    op.execute(
        "UPDATE appeals SET announced_at = starts_at WHERE EXISTS "
        "(SELECT 1 FROM appeal_posts WHERE appeal_posts.appeal_id = appeals.id AND appeal_posts.kind = 'call')"
    )


def downgrade() -> None:
    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.drop_column("announced_at")
