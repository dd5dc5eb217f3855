"""What partners read about outbound IPs: plain text, to be copied into a mail or a ticket."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.dates import time_text


def present_text(cluster: str, ips: Sequence[str], read_at: datetime) -> str:
    """The addresses of a cluster as they were read."""
    if not ips:
        return f"{cluster} has no public outbound IP as of {time_text(read_at)}."
    return "\n".join([f"Outbound IPs of {cluster} as of {time_text(read_at)}:", *ips])
