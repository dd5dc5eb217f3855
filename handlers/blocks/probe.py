"""Probes from inside a cluster: what is offered, what was begun, and what was seen."""

from collections.abc import Iterable

from bot.domain.allowance import Allowance, Status
from bot.domain.configuration import Configuration
from bot.domain.fqdn import Destination
from bot.domain.probe import Agreement, Probe, lines_of
from bot.probing import probeable
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    paragraphs,
    value,
    when,
)
from handlers.replies import Block, Message

USAGE = "`/egress probe CLUSTER [HOST[:PORT]…]`"

LABEL = "Probe from inside"

COVERS = (
    "The pod is on a Linux node that AKS chooses. Other node pools, network policies of other "
    "namespaces and static egress gateways may treat their pods differently."
)
"""How far a probe's answer holds."""

HOSTS_ROOM = 1200
"""Characters of a button's value for hosts."""


def probe_button(config: Configuration, cluster: str, destinations: Iterable[Destination] = ()) -> list[Block]:
    """The button that tries hosts from inside a cluster, or asks which; none where probes are switched off.

    Args:
        config: Knows whether probes are switched on.
        cluster: Name or ARM id.
        destinations: What to try; none to be asked for it.
    """
    if not config.probe.enabled:
        return []
    asked = tuple(destinations)
    if not asked:
        return [button(f"{LABEL}…", "probe_form", value(cluster=cluster))]
    hosts = " ".join(str(one) for one in probeable(asked))
    return [button(LABEL, "probe", value(cluster=cluster, hosts=hosts))] if 0 < len(hosts) <= HOSTS_ROOM else []


def card_button(config: Configuration, allowance: Allowance, state: Status) -> list[Block]:
    """The button on the card of something that is live."""
    is_live = state in (Status.LIVE, Status.EXPIRING)
    if not (is_live and config.probe.enabled and probeable(allowance.destinations)):
        return []
    return [button(LABEL, "probe", value(allowance=allowance.id))]


def probed_text(allowance: Allowance) -> str:
    """What the last probe of an allowance saw, as the end of its standing; empty where there was none."""
    note = allowance.probed
    if note is None:
        return ""
    tried, every = len(probeable(allowance.destinations)), len(allowance.destinations)
    part = "" if tried == every else f"; tried {tried} of {every} destinations"
    missed = ":warning: A probe from inside did not reach " + ("it" if tried == 1 else "all that it tried")
    seen = "Reached from inside the cluster" if note.is_reached else missed
    return f" {seen} ({when(note.at)}{part})."


def probe_begun(probe: Probe) -> Message:
    """Confirm that a probe was asked for, and who is asked what."""
    hosts = fold([code(str(one)) for one in probe.destinations], 1000, joint=", ")
    tried = f" {hosts}" if hosts else " the way out"
    third = f" It asks {code(probe.echo.split('/')[2])} for the address that the world sees." if probe.echo else ""
    return message(
        f"Trying{tried} from inside {code(probe.cluster_name)}.{third} It takes about 20 seconds, at most a minute; "
        "the answer comes as a direct message."
    )


def probe_result(probe: Probe) -> Message:
    """What a probe saw, for whoever asked."""
    title = f"Probe of {probe.cluster_name}: {_headline(probe)}"
    lines = [f"{_mark(probe, number)} {escape(line)}" for number, line in enumerate(lines_of(probe))]
    covers = [context(COVERS)] if probe.report else []
    asked = context(f"{code(probe.id)}. Asked {when(probe.asked_at)}.")
    log = button("Audit log", "audit_cluster", value(cluster=probe.cluster_name))
    return message(
        f"{escape(title)}. {escape(' '.join(lines_of(probe)))}",
        [header(title), *paragraphs("", lines), *covers, asked, *actions(log)],
        rest="*Audit log* has every attempt.",
    )


def _headline(probe: Probe) -> str:
    if probe.report is None:
        return "no result"
    if probe.disagrees:
        return "not what the bot expects"
    found = {*probe.agreements, *([probe.of_address] if probe.echo else [])}
    return "as expected" if found == {Agreement.AGREES} else "inconclusive"


_MARKS = {
    Agreement.AGREES: ":white_check_mark:",
    Agreement.DISAGREES: ":rotating_light:",
    Agreement.OPEN: ":grey_question:",
}


def _mark(probe: Probe, number: int) -> str:
    """The sign of a line: those of the attempts come first, then that of the address, then notes."""
    marks = [*probe.agreements, *([probe.of_address] if probe.echo and probe.report else [])]
    return _MARKS[marks[number]] if number < len(marks) else ":information_source:"
