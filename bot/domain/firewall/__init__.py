"""Azure Firewall: what it would do with a flow, and which rule says so."""

from bot.domain.firewall.about import about
from bot.domain.firewall.evaluate import Evaluator
from bot.domain.firewall.everything import is_same_rule, rule_for_everything
from bot.domain.firewall.order import RulePosition, kind_of
from bot.domain.firewall.rules import (
    ApplicationRule,
    NatRule,
    NetworkRule,
    PolicyLayer,
    Rule,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RuleSet,
    ThreatIntelMode,
    Tier,
    network_fqdns,
)
from bot.domain.firewall.summary import headline, summary
from bot.domain.firewall.verdict import Evaluation, Flow, Outcome, Result, Stage, TraceStep

__all__ = [
    "ApplicationRule",
    "Evaluation",
    "Evaluator",
    "Flow",
    "NatRule",
    "NetworkRule",
    "Outcome",
    "PolicyLayer",
    "Result",
    "Rule",
    "RuleAction",
    "RuleCollection",
    "RuleCollectionGroup",
    "RuleKind",
    "RulePosition",
    "RuleSet",
    "Stage",
    "ThreatIntelMode",
    "Tier",
    "TraceStep",
    "about",
    "headline",
    "is_same_rule",
    "kind_of",
    "network_fqdns",
    "rule_for_everything",
    "summary",
]
