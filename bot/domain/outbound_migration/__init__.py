"""Changes of a cluster's outbound type: what Azure permits, what it needs, what it does, and how it is written down."""

from bot.domain.outbound_migration.handout import FORMS, WITHOUT_TERRAFORM, bicep, commands, terraform
from bot.domain.outbound_migration.plan import (
    MigrationPlan,
    outbound_type_from_text,
    plan_migration,
    possible_migrations,
)
from bot.domain.outbound_migration.prerequisites import Prerequisite
from bot.domain.outbound_migration.proposal import proposal_of
from bot.domain.outbound_migration.transitions import (
    NetworkKind,
    Standing,
    Transition,
    network_kind,
    transition,
    transitions_from,
)

__all__ = [
    "FORMS",
    "WITHOUT_TERRAFORM",
    "MigrationPlan",
    "NetworkKind",
    "Prerequisite",
    "Standing",
    "Transition",
    "bicep",
    "commands",
    "network_kind",
    "outbound_type_from_text",
    "plan_migration",
    "possible_migrations",
    "proposal_of",
    "terraform",
    "transition",
    "transitions_from",
]
