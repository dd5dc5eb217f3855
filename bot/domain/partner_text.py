"""What partners read about outbound IPs: plain text, to be copied into a mail or a ticket."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.dates import between_text, time_text
from bot.domain.egress import IpChange, IpChangeKind
from bot.domain.partner import Partner, to_tell
from bot.domain.snat import ScalePlan


def present_text(cluster: str, ips: Sequence[str], read_at: datetime) -> str:
    """The addresses of a cluster as they were read."""
    if not ips:
        return f"{cluster} has no public outbound IP as of {time_text(read_at)}."
    return "\n".join([f"Outbound IPs of {cluster} as of {time_text(read_at)}:", *ips])


def coming_text(plan: ScalePlan, at: datetime) -> str:
    """What an approved plan will do to the addresses of a cluster.

    Args:
        plan: The plan.
        at: From when on.
    """
    since, chosen = time_text(at), plan.change.chosen_by_azure
    lines = [f"The outbound IPs of {plan.cluster_name} will change."]
    if chosen > 0:
        lines.append(
            f"From {since}, {chosen} new outbound IP address{'es' if chosen > 1 else ''} will be added. Azure chooses "
            "them, and they carry traffic at once. We tell you as soon as they are known."
        )
    lines += _part(f"From {since}, these will be added:", plan.coming)
    going = f"{-chosen} of these will be removed, and Azure chooses which" if chosen < 0 else "these will be removed"
    lines += _part(f"From {since}, {going}:", plan.at_risk)
    stay = [ip for ip in plan.ips_before if ip not in plan.at_risk]
    return "\n".join([*lines, *(["These stay:", *stay] if stay else [])])


def kept_text(cluster: str, known: tuple[Sequence[str], datetime] | None) -> str:
    """What partners read where an announced change was not completed.

    Args:
        cluster: Its name.
        known: Its addresses, and when they were read; None where they are not known.
    """
    now = present_text(cluster, *known) if known else f"The outbound IPs of {cluster} are not known at the moment."
    return f"The announced change of the outbound IPs of {cluster} was not completed.\n{now}"


def changed_text(changes: Sequence[IpChange]) -> str:
    """What partners read after outbound IPs changed.

    Args:
        changes: At least one; several of clusters that changed alike.
    """
    first, names = changes[0], " and ".join(change.ref.name for change in changes)
    span = between_text(first.seen_before, first.at)
    is_gone = first.kind is IpChangeKind.DELETED
    head = f"{names} was deleted {span}." if is_gone else f"The outbound IPs of {names} changed {span}."
    lines = [head, *_part("Added, please allow:", first.gained)]
    lines += _part("Removed, please no longer allow, because Azure may give them to others:", first.lost)
    return "\n".join([*lines, *([] if is_gone else _part("All that are in use now:", first.after) or [_NONE])])


_NONE = "No public outbound IP is in use now."


def _part(title: str, ips: Sequence[str]) -> list[str]:
    return [title, *ips] if ips else []


def told_text(partners: Sequence[Partner]) -> str:
    """Whom the bot tells, and whom somebody has to tell, as sentences; what Slack refuses is said when it does."""
    others = to_tell(partners)
    told = ", ".join(dict.fromkeys(one.name for one in partners if one not in others))
    left = ", ".join(dict.fromkeys(f"{one.name} ({one.contact.address or 'no contact'})" for one in others))
    said = [
        f"The bot tells these partners: {told}." if told else "",
        f"Tell these partners yourself: {left}." if left else "",
    ]
    return " ".join(part for part in said if part)
