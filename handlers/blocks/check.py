"""Shows the firewall's decision on destinations: the verdict, the deciding rule, and the full trace."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bot.allowances import Preview, owner_words
from bot.checking import Check, CheckResult
from bot.domain.allowance import MAY_ACT, Act, Allowance, status
from bot.domain.egress import dns_caveat
from bot.domain.egress_filter import FilterKind
from bot.domain.firewall import Outcome, Result, RuleAction, Stage, TraceStep, headline, summary
from bot.domain.network_rules import by_address
from bot.domain.phrases import counted, listed
from handlers.blocks.allowance_card import until
from handlers.blocks.block_kit import (
    SECTION_TEXT,
    actions,
    button,
    code,
    context,
    escape,
    fields,
    fold,
    header,
    message,
    modal,
    paragraphs,
    person,
    section,
    value,
    when,
)
from handlers.blocks.renewals import RENEWALS_SHOWN, more_renewals, renewal_offer
from handlers.replies import Block, Message, View

OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.ALLOWED: ":white_check_mark:",
        Outcome.DENIED: ":no_entry:",
        Outcome.DEFAULT_DENIED: ":no_entry:",
        Outcome.DEPENDS: ":grey_question:",
    }
)
"""The mark of each outcome."""

UNFILTERED: Mapping[FilterKind, tuple[str, str]] = MappingProxyType(
    {
        FilterKind.OPEN: (":unlock:", "not filtered"),
        FilterKind.CLOSED: (":no_entry_sign:", "nothing leaves"),
        FilterKind.UNKNOWN: (":grey_question:", "not known"),
        FilterKind.MIXED: (":grey_question:", "depends on the node pool"),
    }
)
"""The mark and words where no rules can be evaluated."""

STAGES: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.THREAT_INTEL: "threat intelligence",
        Stage.DNAT: "DNAT",
        Stage.NETWORK: "network",
        Stage.APPLICATION: "application",
        Stage.INFRASTRUCTURE: "built-in",
        Stage.DEFAULT: "default",
    }
)
MARKS: Mapping[Result, str] = MappingProxyType(
    {
        Result.HIT: ":large_blue_circle: hit",
        Result.PARTIAL: ":large_yellow_circle: partial hit",
        Result.UNKNOWN: ":grey_question: unknown",
        Result.MISS: ":white_circle: miss",
    }
)

STEPS_SHOWN = 8
TRACE_ROOM = 60
"""Sections of a trace: a view takes 100 blocks, and 250 kB."""
TRACES_SHOWN = 12
FINDINGS_ROOM = 8000
FEWER = "Check fewer hosts at once to see all of it."
"""Where the rest of a long answer is."""
NOT_LOOKED_AT = "Network security groups, Kubernetes network policies and the host itself are not checked."


def check_card(found: Check, now: datetime, draft: str = "", also: Sequence[Block] = ()) -> Message:
    """The answer to a check.

    Args:
        found: The answer.
        now: The time at which it is drawn.
        draft: The id under which what is missing was kept.
        also: Further buttons.
    """
    name, offers = found.egress.ref.name, actions(*_offers(found, now, draft), *also)
    if not found.findings:
        return _unfiltered(found, also)
    if len(found.findings) == 1:
        (only,) = found.findings
        title = f"{name} → {only.destination}: {_lower(headline(only.evaluation))}"
        text = f"{title}. {next_step(only, now)}"
        return message(escape(text), [header(title), *_in_full(only, now), _small_print(found), *offers])
    title = f"{name}: {_counts(found.findings)}"
    rows = _rows(found)
    owners = list({one.allowance.id: one.allowance for one in found.findings if one.allowance}.values())
    rows += [block for one in owners[:RENEWALS_SHOWN] for block in _rule_of(one, now)]
    rows += more_renewals(len(owners))
    return message(title, [header(title), *rows, _small_print(found), *offers], rest=FEWER)


def _rows(found: Check) -> list[Block]:
    """One line each: few with a button of their own, many as one text."""
    if len(found.findings) <= TRACES_SHOWN:
        return [section(_line(one), accessory=_trace_button(found, one)) for one in found.findings]
    told = fold([_line(one) for one in found.findings], FINDINGS_ROOM, rest=FEWER)
    return [*paragraphs("", told.split("\n")), context("Check a single host to see its full trace.")]


def _unfiltered(found: Check, also: Sequence[Block]) -> Message:
    mark, words = UNFILTERED[found.way.barrier]
    if found.way.barrier is FilterKind.MIXED and any(path.destinations for path in found.egress.paths):
        words = "depends on the address the name resolves to"
    asked = [str(destination) for destination in found.query.destinations]
    title = f"{found.egress.ref.name} → {asked[0]}{f' and {len(asked) - 1} more' if asked[1:] else ''}: {words}"
    paths = [f"• {escape(path.why)}" for path in found.egress.paths_of(found.query.pool)]
    why = [section(fold(paths, 1500, most=STEPS_SHOWN))] if paths else []
    first = section(f"{mark} {escape(found.way.sentence)}")
    return message(title, [header(title), first, *why, context(NOT_LOOKED_AT), *actions(*also)])


def _counts(findings: Sequence[CheckResult]) -> str:
    """Count the findings by outcome."""
    outcomes = Counter(one.evaluation.outcome for one in findings)
    denied = outcomes[Outcome.DENIED] + outcomes[Outcome.DEFAULT_DENIED]
    depend = outcomes[Outcome.DEPENDS]
    told = f"{outcomes[Outcome.ALLOWED]} of {len(findings)} allowed"
    told += f", {denied} denied" if denied else ""
    return told + (f", {depend} depend{'s' if depend == 1 else ''}" if depend else "")


def next_step(finding: CheckResult, now: datetime) -> str:
    """Say in one or two sentences what to do about an answer."""
    asks = finding.evaluation.open_question
    if finding.is_granted(now):
        return "No request needed."
    if finding.refusal:
        return f"An allowance cannot change this yet. {finding.refusal}"
    if finding.in_the_way is not None:
        step = finding.in_the_way
        return f"An allowance cannot change this: {step.where} is evaluated before the bot's rules. Ask its owner."
    if finding.evaluation.outcome is Outcome.ALLOWED:
        return _allowed_for_now(finding)
    if finding.evaluation.outcome is Outcome.DEPENDS:
        return f"{asks.look[:1].upper()}{asks.look[1:]}, or request it below." if asks else "You can request it below."
    return "Request it below."


def _allowed_for_now(finding: CheckResult) -> str:
    if finding.is_by_everything:
        return "Only a rule that allows everything allows it now. Request it below to keep it once that rule is gone."
    return "That allowance ends soon. Request it below to keep it open."


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _in_full(finding: CheckResult, now: datetime) -> list[Block]:
    evaluation, step = finding.evaluation, finding.evaluation.deciding
    why = escape(step.why) if step else ""
    steps = enumerate(evaluation.trace, 1)
    lines = [_step(number, each) for number, each in steps if each.result is not Result.MISS]
    matches = fold(lines, 2500, most=STEPS_SHOWN, rest="*Full trace*")
    return [
        section(f"{OUTCOMES[evaluation.outcome]} *{escape(next_step(finding, now))}* {why}".strip()),
        *([section(fold(_conditions(finding), 2500))] if step is None else []),
        *(fields(_place(step)) if step else []),
        *(_rule_of(finding.allowance, now) if finding.allowance else []),
        *([section(f"*Matches, in firewall order*\n{matches}")] if lines else []),
    ]


def _conditions(finding: CheckResult) -> list[str]:
    """Say what the outcome depends on, and what decides otherwise."""
    evaluation = finding.evaluation
    last = evaluation.trace[-1]
    rest = [f"• Otherwise, {escape(last.where)} decides."] if last.collection else []
    return [*(f"• {escape(sentence)}" for sentence in evaluation.depends_on), *rest]


def _place(step: TraceStep) -> list[tuple[str, str]]:
    if not step.collection:
        return []
    return [
        ("Rule", code(step.rule or "")),
        ("Rule collection", f"{code(step.collection)} ({STAGES[step.stage]}, priority {step.priority})"),
        ("Group", code(step.group)),
        ("Policy", code(step.policy)),
    ]


def _rule_of(one: Allowance, now: datetime) -> list[Block]:
    asked = f"requested by {person(one.requester.user)}"
    text = f"This rule belongs to allowance {code(one.id)} (*{status(one, now)}*), {asked}. {until(one)}"
    return [renewal_offer(one.id, text) if status(one, now) in MAY_ACT[Act.RENEW] else section(text)]


def _line(finding: CheckResult) -> str:
    """One destination of several."""
    words = escape(_lower(summary(finding.evaluation)))
    owner = f" It belongs to allowance {code(finding.allowance.id)}." if finding.allowance else ""
    dead = f" {escape(finding.refusal)}" if finding.refusal else ""
    dead = " An allowance cannot change this." if finding.in_the_way else dead
    return fold([f"{OUTCOMES[finding.evaluation.outcome]} {code(str(finding.destination))} {words}{owner}{dead}"])


def _small_print(found: Check) -> Block:
    target = found.way.target
    sources = fold([code(source) for source in found.way.sources], 600, joint=", ")
    pool = f"node pool {code(found.query.pool)}, " if found.query.pool else ""
    proxy = found.egress.http_proxy
    return context(
        f"Rules of {code(target.name) if target else 'nothing'} as read {when(found.read_at)}, for traffic from {pool}"
        f"{sources}.",
        (f"Pods are configured to use the proxy {code(proxy)}: the firewall sees the proxy's traffic, not theirs.")
        if proxy
        else "",
        _resolution(found.findings),
        escape(_dns(found)),
        NOT_LOOKED_AT,
    )


def _dns(found: Check) -> str:
    """Warn about how pods resolve names, where a network rule depends on it."""
    needs_names = by_address(finding.destination for finding in found.findings)
    return dns_caveat(found.egress, found.query.pool) if needs_names else ""


def _resolution(findings: Sequence[CheckResult]) -> str:
    """Show what the names resolved to, which decides on rules with addresses."""
    told = [f"{code(one.destination.fqdn)} {listed(one.addresses, 3)}" for one in findings if one.addresses]
    return f"Resolved by the bot's own DNS: {fold(told, 400, most=STEPS_SHOWN, joint='; ')}." if told else ""


def _offers(found: Check, now: datetime, draft: str) -> list[Block]:
    ids = {"cluster": found.query.cluster, "pool": found.query.pool or "", "bundle": found.query.bundle or ""}
    is_missing = any(one.can_be_asked_for(now) for one in found.findings)
    ask = button("Request…", "open_request", value(**ids, draft=draft), style="primary")
    only = [_trace_button(found, found.findings[0])] if len(found.findings) == 1 else []
    return [*([ask] if is_missing else []), *only]


def _trace_button(found: Check, finding: CheckResult) -> Block:
    ids = {"cluster": found.query.cluster, "pool": found.query.pool or "", "host": str(finding.destination)}
    return button("Full trace", "trace", value(**ids))


def trace_loading(host: str) -> View:
    """The modal of the trace while it is being looked up."""
    return modal("trace", "Trace", [section(f"Evaluating every rule collection for {code(host)} …")])


def trace_view(found: Check) -> View:
    """Every step that the flow reaches, in the firewall's own order."""
    if not found.findings:
        return modal("trace", "Trace", [section(escape(found.way.sentence))])
    (finding,) = found.findings
    mark, words = OUTCOMES[finding.evaluation.outcome], escape(_lower(summary(finding.evaluation)))
    title = f"{mark} {code(found.egress.ref.name)} → {code(str(finding.destination))}: *{words}*"
    pages, room = list(_pages(finding.evaluation.trace)), TRACE_ROOM
    rest = sum(text.count("\n") + 1 for text in pages[room:])
    more = [context(f"and {counted(rest, 'more step')}: `/egress check` shows those that match.")] if rest else []
    return modal("trace", "Trace", [section(title), *map(section, pages[:room]), *more, _small_print(found)])


def _pages(trace: Sequence[TraceStep]) -> Iterator[str]:
    """The lines of the trace, as many in one text as fit."""
    page: list[str] = []
    for number, step in enumerate(trace, 1):
        line = fold([_step(number, step)], SECTION_TEXT)
        if sum(len(one) + 1 for one in page) + len(line) > SECTION_TEXT:
            yield "\n".join(page)
            page = []
        page.append(line)
    if page:
        yield "\n".join(page)


def _step(number: int, step: TraceStep) -> str:
    place = f" {code(step.collection)} ({step.priority}, {escape(step.policy)})" if step.collection else ""
    verb = {RuleAction.ALLOW: " allow", RuleAction.DENY: " deny"}.get(step.action, "") if step.action else ""
    return f"{number}. {MARKS[step.result]}  {STAGES[step.stage]}{verb}{place}: {escape(step.why)}"


def allowed_lines(preview: Preview) -> list[str]:
    """List what a request leaves out because it is already allowed, and what only a rule for everything allows."""
    left_out = [
        f":white_check_mark: {code(str(one.destination))} is already allowed by {_rule(one)} and was left out."
        for one in preview.allowed
    ]
    open_to_all = [
        f":information_source: {code(str(one.destination))} is allowed now only by {_rule(one)}, "
        "which allows everything."
        for one in preview.open_to_all
    ]
    return [*left_out, *open_to_all]


def _rule(finding: CheckResult) -> str:
    step = finding.evaluation.deciding
    where = escape(step.where if step else "Azure Firewall itself")
    return (
        f"{where} of allowance {finding.allowance.id}, {owner_words(finding.allowance)}" if finding.allowance else where
    )


def narrower_lines(names: Sequence[str]) -> list[str]:
    """Names to ask for instead of a wildcard."""
    if not names:
        return []
    shown = fold([code(name) for name in names], 700, most=10, joint=", ")
    return [f":bulb: Narrower names in bundles or firewall rules: {shown}."]
