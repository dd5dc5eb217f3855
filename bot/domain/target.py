"""The resource that a writer writes: a firewall policy or a classic firewall."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.work import WorkKind


class TargetKind(StrEnum):
    """The kind of resource that holds a firewall's rules."""

    POLICY = "policy"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing that is written by one writer: a firewall policy or a classic firewall.

    Args:
        kind: Which of the two.
        id: The lower-case ARM id of the firewall policy, or of the firewall itself when classic.
    """

    kind: TargetKind
    id: str

    @property
    def name(self) -> str:
        """The last segment of the id, for people."""
        return self.id.rsplit("/", 1)[-1]

    @property
    def noun(self) -> str:
        """The kind of resource, for people."""
        return _NOUNS[self.kind]

    @property
    def has_own_part(self) -> bool:
        """Whether the bot's rules are a resource of their own, so that a write sends nothing of anybody else."""
        return _OWN[self.kind]

    @property
    def update_command(self) -> str:
        """The command of Azure's command line that changes the resource, without arguments."""
        return _UPDATES[self.kind]

    @property
    def key(self) -> str:
        """The work key of the writer of this target."""
        return f"{WorkKind.RULES}:{self.kind}:{self.id}"


_NOUNS = {TargetKind.POLICY: "firewall policy", TargetKind.CLASSIC: "classic firewall"}
_OWN = {TargetKind.POLICY: True, TargetKind.CLASSIC: False}
_UPDATES = {
    TargetKind.POLICY: "az network firewall policy update",
    TargetKind.CLASSIC: "az network firewall update",
}


def target_from_key(key: str) -> Target:
    """The inverse of ``Target.key``."""
    _, kind, id_ = key.split(":", 2)
    return Target(TargetKind(kind), id_)
