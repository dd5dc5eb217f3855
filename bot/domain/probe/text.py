"""What a probe saw, in plain sentences: the same in messages, in the channel and in the audit log."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.fqdn import Protocol
from bot.domain.phrases import listed
from bot.domain.probe.comparison import Agreement, Expectation, Expected
from bot.domain.probe.record import Probe
from bot.domain.probe.report import ConnectionAttempt, Reach
from bot.domain.probe.script import ATTEMPT_S

_SEEN: Mapping[Reach, str] = MappingProxyType(
    {
        Reach.REACHED: "connected",
        Reach.CONNECTED: "a TCP connection was made, but nothing in the pod could try the rest",
        Reach.UNVERIFIED: "connected, but its certificate could not be verified",
        Reach.DENIED: "denied by Azure Firewall (HTTP 470)",
        Reach.CUT: "cut off while connecting, as Azure Firewall does with what it denies",
        Reach.REFUSED: "the connection was refused",
        Reach.SILENT: f"no answer within {ATTEMPT_S} seconds",
        Reach.UNRESOLVED: "the name could not be resolved in the cluster",
        Reach.UNTESTED: "not tested: the pod had no tool for it, or its output was cut",
    }
)

MOST_IPS = 8
"""Known addresses that are said."""


def attempt_text(attempt: ConnectionAttempt, expectation: Expectation, agreement: Agreement) -> str:
    """One line: what was tried, what was seen, and how that fits."""
    return f"{attempt.destination}: {_seen(attempt)}. {_fits(expectation, agreement)}"


def _seen(attempt: ConnectionAttempt) -> str:
    tls = ", TLS verified" if (attempt.reach, attempt.destination.protocol) == (Reach.REACHED, Protocol.HTTPS) else ""
    status = f"HTTP {attempt.status}" if attempt.status and attempt.reach is Reach.REACHED else ""
    facts = ", ".join(one for one in (status, attempt.address) if one)
    return f"{_SEEN[attempt.reach]}{tls}{f' ({facts})' if facts else ''}"


def _fits(expectation: Expectation, agreement: Agreement) -> str:
    if agreement is Agreement.AGREES:
        return f"The bot's own check agrees: “{expectation.why}”."
    if agreement is Agreement.DISAGREES:
        wanted = "reachable" if expectation.expected is Expected.OPEN else "blocked"
        return f"The bot's own check says it is {wanted}: “{expectation.why}”."
    if expectation.expected is Expected.UNKNOWN:
        return f"The bot's own check cannot say: “{expectation.why}”."
    return f"This neither confirms nor contradicts the bot's own check: “{expectation.why}”."


def seen_text(probe: Probe) -> str:
    """What was seen of each host, without the bot's own verdict: for those whose allowance opens them."""
    attempts = probe.report.attempts if probe.report else ()
    return "; ".join(f"{one.destination}: {_seen(one)}" for one in attempts)


def address_text(probe: Probe) -> str:
    """The address that the world sees, and whether it is known; empty where it was not asked for."""
    if not probe.echo or probe.report is None:
        return ""
    host, seen = probe.echo.split("/")[2], probe.report.address
    if not seen:
        return f"The outbound address is not known: {host} did not answer. The firewall must allow it."
    if probe.of_address is Agreement.AGREES:
        return f"The world sees {seen}, one of the cluster's known outbound IPs."
    if probe.of_address is Agreement.DISAGREES:
        return f"The world sees {seen}, which is none of the known outbound IPs ({_known(probe)})."
    return f"The world sees {seen}. The bot does not know all outbound IPs, so it cannot compare."


def _known(probe: Probe) -> str:
    return listed(probe.known_ips, MOST_IPS) if probe.known_ips else "there are none"


def lines_of(probe: Probe) -> tuple[str, ...]:
    """Everything that was seen, one sentence or two in each line; why nothing was seen otherwise."""
    if probe.report is None:
        return (probe.failure,)
    tried = zip(probe.report.attempts, probe.expectations, probe.agreements, strict=False)
    address, notes = address_text(probe), _notes(probe)
    return (*(attempt_text(*one) for one in tried), *([address] if address else []), *notes)


def _notes(probe: Probe) -> tuple[str, ...]:
    report = probe.report
    proxied = "The pod uses the cluster's HTTP proxy, so the firewall sees the proxy and not the host."
    cut = "The output was cut, so a part of the result is missing."
    shaken = "The firewall or its rules changed while the probe ran. Run it again to compare."
    said = (
        (report is not None and report.is_proxied, proxied),
        (report is not None and not report.is_complete, cut),
        (probe.is_shaken, shaken),
    )
    return tuple(text for holds, text in said if holds)


def disagreement_text(probe: Probe) -> str:
    """Only what was not expected; empty where nothing was."""
    if probe.report is None:
        return ""
    tried = zip(probe.report.attempts, probe.expectations, probe.agreements, strict=False)
    found = [attempt_text(*one) for one in tried if one[2] is Agreement.DISAGREES]
    return " ".join([*found, *([address_text(probe)] if probe.of_address is Agreement.DISAGREES else [])])
