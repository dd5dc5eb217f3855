"""Shows AKS's required endpoints and whether the firewall allows them."""

from bot.domain.egress import EndpointCheck, EndpointStatus
from bot.domain.phrases import counted
from bot.inventory import EndpointReport
from handlers.blocks.block_kit import code, context, escape, fold, header, message, section, when
from handlers.replies import Block, Message

SHOWN = 40

PARTS = (
    (EndpointStatus.MISSING, ":red_circle: *Not allowed*"),
    (EndpointStatus.UNSURE, ":grey_question: *Cannot be determined from the rules*"),
    (EndpointStatus.RULE, ":white_check_mark: *Allowed by a rule*"),
    (EndpointStatus.TAG, ":white_check_mark: *Allowed by the FQDN tag* `AzureKubernetesService`"),
)
"""The sections, most urgent first."""


def endpoint_report(report: EndpointReport) -> Message:
    """Every required endpoint of a cluster with the rule that lets it through."""
    found, name = report.found, report.egress.ref.name
    missing, total = len(found.standing(EndpointStatus.MISSING)), len(found.checks)
    text = f"{missing} of {total} missing" if missing else f"all of {counted(total, 'endpoint')} accounted for"
    tag = f"in the rule {code(found.tag_rule)}" if found.tag_rule else "*absent* for this cluster's ranges"
    return message(
        f"Required endpoints of {name}: {text}",
        [
            header(f"Required endpoints of {name}: {text}"),
            *(block for standing, title in PARTS for block in _part(title, found.standing(standing), name)),
            section(f"The FQDN tag `AzureKubernetesService` is {tag}."),
            context(
                "The endpoints that AKS publishes for this cluster, checked against the firewall's rules. The tag "
                "covers HTTP and HTTPS only; everything else needs network rules. Read from Azure "
                f"{when(report.checked_at)}."
            ),
        ],
        rest=f"{_json(name)} has everything.",
    )


def _part(title: str, checks: tuple[EndpointCheck, ...], cluster: str) -> list[Block]:
    lines = [_line(check) for check in checks]
    return [section(f"{title}\n{fold(lines, 2800, most=SHOWN, rest=_json(cluster))}")] if lines else []


def _json(cluster: str) -> str:
    """The command that leaves nothing out."""
    return f"`/egress show {escape(cluster)} json`"


def _line(check: EndpointCheck) -> str:
    one = check.endpoint
    by = f" by {code(check.by)}" if check.by and check.standing is EndpointStatus.RULE else ""
    why = f" {escape(check.why)}" if check.why else ""
    return f"{code(one.domain)} {escape(one.protocol)} {one.port} ({escape(one.category)}){by}{why}"
