"""Examples of requests with the verdicts that the approval policy must give: a policy change is reviewed like code.

``python -m bot policy test`` checks all of them, ``python -m bot policy explain`` shows why one is decided as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from bot.domain.approval import PolicyQuery, Verdict, VerdictKind, evaluate, quorums_text
from bot.domain.approval.conditions import conditions
from bot.domain.approval.policy_rules import ScaleChange
from bot.domain.configuration import Configuration
from bot.domain.fields import Duration, Lower, ReadAs, Site, Text, matching
from bot.domain.risk import Level, Risk, Subject, assess


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


@dataclass(frozen=True, slots=True)
class Example:
    """One request, and what must follow.

    Args:
        name: What it shows.
        cluster: Name of the cluster.
        then: The expected outcome.
        rules: The rules that must decide; not checked if empty.
        asks: Who must be asked, such as ``2 from platform, then 1 from security``; not checked if empty.
        environment: The environment of the cluster.
        tags: Its tags.
        hosts: The destinations; none for a scale.
        bundle: A configured bundle whose destinations are added, with values such as ``NAME(KEY=VALUE)``.
        duration: How long.
        requester_groups: The groups of whoever asks.
        at: When; rules with windows count it as not known if it is missing.
        counts: For a scale, the outbound IPs before and after.
        change: For a scale, what it changes.
        takes_away: For a scale that changes something else than the count, whether it takes something away.
        migrate: Whether it is a change of the outbound type.
        break_glass: Whether it is to be opened at once.
    """

    name: Text
    cluster: Text
    then: VerdictKind
    rules: tuple[str, ...] = ()
    asks: str = ""
    environment: Lower = ""
    tags: tuple[Annotated[str, matching("[^=]+=.*", "KEY=VALUE")], ...] = ()
    hosts: tuple[Site, ...] = ()
    bundle: str | None = None
    duration: Duration = timedelta(days=7)
    requester_groups: tuple[str, ...] = ()
    at: Annotated[datetime, ReadAs(str, _moment, "a time such as 2026-12-24T18:00:00+01:00")] | None = None
    counts: tuple[int, int] | None = None
    change: ScaleChange = "count"
    takes_away: bool | None = None
    migrate: bool = False
    break_glass: bool = False


@dataclass(frozen=True, slots=True)
class Examples:
    """A file of examples."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    examples: Annotated[tuple[Example, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one example.

    Args:
        name: Its name.
        difference: What is not as expected, in one sentence; empty where all is.
    """

    name: str
    difference: str


def check_example(config: Configuration, example: Example) -> Checked:
    """Compare the verdict of the configured policy with the expected one."""
    verdict = evaluate(config.policy, question_of(config, example))
    wrong = [
        f"expected {what} “{expected}”, got “{found}”"
        for what, expected, found in (
            ("outcome", example.then.value, verdict.kind.value),
            ("rules", ", ".join(sorted(example.rules)), ", ".join(sorted(verdict.rule.split(", ")))),
            ("approvers", example.asks, quorums_text(verdict.asks)),
        )
        if expected and expected != found
    ]
    return Checked(example.name, f"{'; '.join(wrong)}." if wrong else "")


def question_of(config: Configuration, example: Example) -> PolicyQuery:
    """The question that the bot would ask the policy about such a request; names are never resolved."""
    bundle = config.bundle_of(example.bundle)
    hosts = tuple(sorted({*example.hosts, *(bundle.destinations if bundle else ())}))
    is_bundle = bool(hosts) and config.is_one_bundle(hosts, example.bundle)
    subject = Subject(hosts, example.duration, example.environment, is_bundle)
    is_scale = example.migrate or example.counts is not None
    return PolicyQuery(
        "migrate" if example.migrate else "scale" if is_scale else "allowance",
        example.cluster,
        example.environment,
        Risk(0, Level.LOW, ()) if is_scale else assess(subject, config.risk),
        destinations=hosts,
        duration=example.duration,
        tags=tuple((key, value) for key, _, value in (tag.partition("=") for tag in example.tags)),
        requester_groups=frozenset(example.requester_groups),
        at=example.at,
        counts=example.counts,
        change=example.change,
        takes_away=example.takes_away or (True if example.migrate else None),
        is_break_glass=example.break_glass,
        filled=config.filled(example.bundle),
    )


def explain(config: Configuration, example: Example) -> Iterator[str]:
    """Say for each destination which rules hold and which condition the others fail; then the verdict."""
    question = question_of(config, example)
    if question.risk is not None:
        reasons = ", ".join(reason.code for reason in question.risk.reasons) or "no reasons"
        yield f"risk {question.risk.level} ({question.risk.score} of 100): {reasons}"
    for part in question.destinations or (None,):
        yield f"{part or 'scale'}:"
        for rule in config.policy.rules:
            met = dict(conditions(config.policy, rule, question, part))
            yield f"  {rule.name} ({rule.then}): {_standing(met)}"
    yield _words(evaluate(config.policy, question))


def _standing(met: dict[str, bool | None]) -> str:
    if failed := [key for key, is_met in met.items() if is_met is False]:
        return f"does not hold: {', '.join(failed)}"
    if unknown := [key for key, is_met in met.items() if is_met is None]:
        return f"not known: {', '.join(unknown)}"
    return "holds"


def _words(verdict: Verdict) -> str:
    asked = f" {quorums_text(verdict.asks)}" if verdict.asks else ""
    return f"verdict: {verdict.kind}{asked} (rule {verdict.rule or 'none'})"
