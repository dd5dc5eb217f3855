"""Azure Firewall: what it would do with a flow, and which rule says so."""

from bot.domain.firewall.evaluate import Evaluator, evaluate, stands_in_the_way
from bot.domain.firewall.order import kind_of
from bot.domain.firewall.rules import (
    Action,
    ApplicationRule,
    Kind,
    NatRule,
    NetworkRule,
    PolicyLayer,
    Rule,
    RuleCollection,
    RuleCollectionGroup,
    RuleSet,
    ThreatIntelMode,
    Tier,
    network_fqdns,
)
from bot.domain.firewall.summary import headline, summary
from bot.domain.firewall.verdict import Evaluation, Flow, Outcome, Result, Stage, TraceStep

__all__ = [
    "Action",
    "ApplicationRule",
    "Evaluation",
    "Evaluator",
    "Flow",
    "Kind",
    "NatRule",
    "NetworkRule",
    "Outcome",
    "PolicyLayer",
    "Result",
    "Rule",
    "RuleCollection",
    "RuleCollectionGroup",
    "RuleSet",
    "Stage",
    "ThreatIntelMode",
    "Tier",
    "TraceStep",
    "evaluate",
    "headline",
    "kind_of",
    "network_fqdns",
    "stands_in_the_way",
    "summary",
]
