"""Settings of probes."""

from dataclasses import dataclass
from typing import Annotated

from bot.domain.fields import ReadAs
from bot.domain.probe.script import is_echo


def _echo(url: str) -> str:
    if not is_echo(url):
        raise ValueError
    return url


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Probes from inside a cluster, with AKS run command: off unless switched on, because that is a power.

    Args:
        enabled: Whether people may ask for them; the bot's identity needs ``deploy/roles/prober.json`` on each cluster.
        groups: Groups whose members may; without any, everybody with the approver role.
        echo: A service that answers with the caller's address and nothing else, such as ``https://api.ipify.org``; its
            owner learns the cluster's outbound address. Without one, only hosts are tried.
        after_live: Whether the hosts of an allowance are tried once its rules were read back, so that its card says
            what was reached.
    """

    enabled: bool = False
    groups: tuple[str, ...] = ()
    echo: Annotated[str, ReadAs(str, _echo, "an https URL without a query, such as https://echo.example/ip")] = ""
    after_live: bool = False
