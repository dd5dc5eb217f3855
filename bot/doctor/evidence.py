"""What ``doctor`` says of evidence from Azure: metrics, firewall logs, probes; what is missing, what it would bring."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bot.azure import AzureArm
from bot.azure.logs.firewall_logs import AzureLogs
from bot.doctor.results import Look
from bot.domain.configuration import Configuration
from bot.domain.egress import Fleet
from bot.domain.firewall_log import Gap
from bot.domain.measured import TimeSpan, sources_of
from bot.domain.phrases import counted, listed
from bot.domain.rights import CLUSTER_PROBE, lacking
from bot.errors import ArmForbidden, ArmUnreachable, BadConfiguration

METRICS_WITHIN = timedelta(seconds=15)
"""How long Azure Monitor gets to answer."""


def evidence_looks(azure: AzureArm, config: Configuration, fleet: Fleet) -> Iterator[Look]:
    """A look at each source; one that is switched off is no fault, and its line says what it would bring."""
    yield "Azure metrics", partial(_metrics, azure, config, fleet)
    yield "Azure probes", partial(_probes, azure, config, fleet)
    yield from _logs(azure, config, fleet)


def _metrics(azure: AzureArm, config: Configuration, fleet: Fleet) -> str:
    """Whether Azure Monitor answers for one load balancer, one NAT gateway and one firewall."""
    brings = "show, scale and capacity say how full the SNAT ports are"
    if not config.metrics.enabled:
        return f"switched off; with metrics.enabled, {brings}."
    one_of_each = {source.kind: source for egress in fleet.clusters for source in sources_of(egress)}
    span = TimeSpan(fleet.read_at - timedelta(hours=1), fleet.read_at)
    found = azure.metrics.read(one_of_each.values(), span, within=METRICS_WITHIN)
    for reading in (one for one in found.of if one.gaps):
        raise ArmForbidden(reading.gaps[0]) if reading.is_forbidden else ArmUnreachable(reading.gaps[0])
    return " ".join([f"{brings}.", *found.notes])


def _probes(azure: AzureArm, config: Configuration, fleet: Fleet) -> str:
    """In which clusters a probe may run: it would say what really connects, and which address the world sees."""
    if not config.probe.enabled:
        return "switched off; with [probe], /egress probe says what connects from inside a cluster."
    refs = [egress.ref for egress in fleet.clusters]
    without = [ref.name for ref in refs if lacking(azure.read_grants(ref.id), CLUSTER_PROBE)]
    if without and len(without) == len(refs):
        raise ArmForbidden("The bot's identity may not run commands in any cluster, so no probe can run.")
    others = f"; not {listed(without, 5)}" if without else ""
    return f"{counted(len(refs) - len(without), 'cluster')} may be probed{others}."


BRINGS = "/egress denied shows what is denied, and by what."


def _logs(azure: AzureArm, config: Configuration, fleet: Fleet) -> Iterator[Look]:
    """A look at the log of each firewall that clusters leave through."""
    if not config.logs.enabled:
        yield "firewall logs", lambda: f"switched off; with logs.enabled, {BRINGS}"
        return
    paths = (path for egress in fleet.clusters for path in egress.paths)
    for firewall in sorted({path.firewall for path in paths if path.firewall}):
        name = firewall.rsplit("/", 1)[-1]
        yield f"firewall log of {name}", partial(_source, azure.firewall_logs(config.logs), firewall)


def _source(logs: AzureLogs, firewall: str) -> str:
    found = logs.source(firewall)
    if found.gaps:
        kinds, sentences = {gap for gap, _ in found.gaps}, " ".join(sentence for _, sentence in found.gaps)
        raise (ArmForbidden if Gap.FORBIDDEN in kinds else BadConfiguration)(f"{sentences} With it, {BRINGS}")
    return f"in {', '.join(one.name for one in found.workspaces)}."
