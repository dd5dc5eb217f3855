"""Where a firewall keeps its rules: one class for each kind of target behind ``bot.ports.RuleTarget``."""

from collections.abc import Mapping

from bot.azure.clients import Clients
from bot.azure.targets.classic import ClassicTarget
from bot.azure.targets.policy import PolicyTarget
from bot.domain.target import Target, TargetKind
from bot.ports import RuleTarget

_KINDS: Mapping[TargetKind, type[PolicyTarget | ClassicTarget]] = {
    TargetKind.POLICY: PolicyTarget,
    TargetKind.CLASSIC: ClassicTarget,
}


def open_target(clients: Clients, target: Target) -> RuleTarget:
    """One target, ready to be read and written."""
    return _KINDS[target.kind](clients, target)
