"""An approval policy rule in one line, as it is kept with what it decided: the configuration changes later."""

from dataclasses import fields
from datetime import timedelta

from bot.domain.approval.policy_rules import ApprovalStage, PolicyRule
from bot.domain.duration import duration_text

LONGEST = 1000
"""Characters of a rule that are kept."""


def rule_text(rule: PolicyRule) -> str:
    """The rule as ``name=prod; then=ask; environments=prod; needed=2``: everything that it sets."""
    plain = PolicyRule("", rule.then, "")
    named = ((one.name, getattr(rule, one.name), getattr(plain, one.name)) for one in fields(rule))
    said = [f"{name}={_text(value)}" for name, value, unset in named if name == "then" or value != unset]
    text = "; ".join(said)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _text(value: object) -> str:
    match value:
        case timedelta():
            return duration_text(value)
        case ApprovalStage(approvers=groups, people=people, needed=needed):
            return f"{needed} from {' or '.join((*groups, *people)) or 'default_approvers'}"
        case frozenset():
            return ",".join(sorted(map(_text, value)))
        case tuple():
            return ",".join(map(_text, value))
    return str(value)
