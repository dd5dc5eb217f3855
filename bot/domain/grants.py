"""What grants a flow: an allowance for it, and not a rule that allows everything."""

from bot.domain.allowance import Allowance
from bot.domain.firewall import Evaluation, Evaluator, Flow, Outcome, is_same_rule, rule_for_everything
from bot.domain.fqdn import is_within
from bot.domain.rule_rendering import owner_of


def is_for(allowance: Allowance, flow: Flow) -> bool:
    """Whether an allowance names all of a flow, from all of its sources."""
    is_named = any(is_within(flow.destination, wide) for wide in allowance.destinations)
    return is_named and set(flow.sources) <= set(allowance.scope.sources)


def is_open_to_all(evaluator: Evaluator, flow: Flow, found: Evaluation) -> bool:
    """Whether a rule that is not the bot's and allows any name allows a flow."""
    step = found.deciding
    if found.outcome is not Outcome.ALLOWED or step is None or owner_of(step) is not None:
        return False
    return is_same_rule(step, rule_for_everything(evaluator, flow))
