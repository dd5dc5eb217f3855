"""The answer in one line: allowed, denied or depends, by what, and what to look at."""

from bot.domain.firewall.verdict import Evaluation, Outcome, TraceStep


def headline(evaluation: Evaluation) -> str:
    """The verdict and what gives it, without a full stop: ``Allowed by FQDN tag X in rule Y``."""
    step = evaluation.deciding
    if evaluation.outcome is Outcome.DEPENDS:
        asks = evaluation.open_question
        rule = f" (rule {asks.rule})" if asks and asks.rule else ""
        return f"Depends on {asks.on}{rule}" if asks else "Depends"
    if evaluation.outcome is Outcome.DEFAULT_DENIED or step is None:
        return "Denied: no rule allows it"
    return f"{'Allowed' if evaluation.outcome is Outcome.ALLOWED else 'Denied'} by {by_words(step)}"


def summary(evaluation: Evaluation) -> str:
    """The headline as a sentence; where it depends, with what to look at."""
    asks = evaluation.open_question
    return f"{headline(evaluation)}: {asks.look}." if asks else f"{headline(evaluation)}."


def by_words(step: TraceStep) -> str:
    """Name the deciding step briefly: the FQDN tag and its rule, or the rule and its rule collection."""
    if not step.collection:
        return "Azure's built-in rules"
    if step.by:
        return f"{step.by} in rule {step.rule}"
    return f"rule {step.rule} in rule collection {step.collection}"
