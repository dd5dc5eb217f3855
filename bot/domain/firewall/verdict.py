"""A question to the firewall and its answer, as values: flow, outcome, trace."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.firewall.rules import RuleAction
from bot.domain.fqdn import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Who wants to reach what.

    Attributes:
        sources: The CIDR ranges of the managed cluster or node pool; at least one.
        destination: A name or a left-most wildcard with protocol and destination port.
        addresses: What the name resolves to, if that is known; empty means unknown.
        region: The cluster's region, lower case without spaces, empty if unknown: some names of FQDN tags hold it.
        published: What AKS publishes for the cluster; the FQDN tag ``AzureKubernetesService`` holds it too.
    """

    sources: tuple[str, ...]
    destination: Destination
    addresses: tuple[str, ...] = ()
    region: str = ""
    published: frozenset[Destination] = frozenset()


class Outcome(StrEnum):
    """The firewall's decision on a flow.

    ``DEPENDS``: something that decides is not published or not known, or the answer differs between the nodes or
    the names that the flow spans; ``Evaluation.depends_on`` says what.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    DEFAULT_DENIED = "default-denied"
    DEPENDS = "depends"


class Stage(StrEnum):
    """The stages of a firewall, in the order in which it goes through them."""

    THREAT_INTEL = "threat-intel"
    DNAT = "dnat"
    NETWORK = "network"
    APPLICATION = "application"
    INFRASTRUCTURE = "infrastructure"
    DEFAULT = "default"


class Result(StrEnum):
    """The result of one step of the trace.

    ``HIT``: it ends the whole of the flow that reached it. ``PARTIAL``: it ends a part of it (some nodes, some names,
    some addresses). ``UNKNOWN``: whether it matches is not published or not known. ``MISS``: it matches none of it.
    """

    HIT = "hit"
    MISS = "miss"
    UNKNOWN = "unknown"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One rule collection, or one built-in stage, as the flow met it.

    Attributes:
        stage: Its position in the order.
        policy: Name of the firewall policy; empty for a built-in stage.
        group: Name of the rule collection group; empty for a built-in stage.
        collection: Name of the rule collection; empty for a built-in stage.
        priority: Of the rule collection; 0 for a built-in stage.
        action: What a match does, or None where nothing is decided.
        result: What it did with this flow.
        rule: The rule that the result rests on, or None.
        why: One sentence, or a few.
        by: What in the rule matches, where that is not its own names: ``FQDN tag X``; may be empty.
        on: What it depends on, as a noun, where it is unknown or partial; may be empty.
        look: What to do to find out, as an imperative without a full stop; may be empty.
    """

    stage: Stage
    policy: str
    group: str
    collection: str
    priority: int
    action: RuleAction | None
    result: Result
    rule: str | None
    why: str
    by: str = ""
    on: str = ""
    look: str = ""

    @property
    def where(self) -> str:
        """The rule with its place, for people: rule, rule collection and its priority, group, firewall policy."""
        if not self.collection:
            return f"Azure Firewall itself ({self.stage})"
        by = f"{self.by} in " if self.by else ""
        rule = f"{by}rule {self.rule} in " if self.rule else ""
        group = f"group {self.group}, " if self.group else ""
        return f"{rule}rule collection {self.collection} (priority {self.priority}), {group}{self.policy}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The firewall's decision on a flow, with the trace.

    Attributes:
        outcome: The answer.
        deciding: The step that gave it; None if the outcome depends.
        trace: Every step that the flow reached, in order; the last is the one that ends all of it.
        depends_on: One sentence for each thing that would change the outcome; empty unless it depends.
    """

    outcome: Outcome
    deciding: TraceStep | None
    trace: tuple[TraceStep, ...]
    depends_on: tuple[str, ...] = ()

    @property
    def open_question(self) -> TraceStep | None:
        """The first step that says what to look at; None unless the outcome depends."""
        if self.outcome is not Outcome.DEPENDS:
            return None
        return next((step for step in self.trace if step.look), None)
