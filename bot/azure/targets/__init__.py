"""Where a firewall keeps its rules: one class for each kind of target behind ``bot.ports.RuleTarget``."""

from collections.abc import Mapping

from bot.azure.targets.classic import ClassicTarget
from bot.azure.targets.policy import PolicyTarget
from bot.domain.target import TargetKind

TARGETS: Mapping[TargetKind, type[PolicyTarget | ClassicTarget]] = {
    TargetKind.POLICY: PolicyTarget,
    TargetKind.CLASSIC: ClassicTarget,
}
"""What reads and writes a target, by its kind."""
