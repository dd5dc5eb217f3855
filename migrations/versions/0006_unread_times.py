"""Between which readings outbound IPs changed: what could not be read in between is not claimed.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply this step."""
    op.add_column("egress_history", sa.Column("begun_after", sa.String(length=32), nullable=True))
    op.add_column("egress_history", sa.Column("seen", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Undo this step."""
    with op.batch_alter_table("egress_history") as batch:
        batch.drop_column("seen")
        batch.drop_column("begun_after")
