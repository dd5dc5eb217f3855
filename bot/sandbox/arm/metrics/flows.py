"""The scripted traffic of a cluster, as far as its ports go."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.arm.world import World


@dataclass(frozen=True, slots=True)
class Flow:
    """One pod's connections to one destination.

    Args:
        place: A number that says on which of the nodes the pod runs.
        protocol: ``TCP`` or ``UDP``.
        rate: New connections a minute.
        since: From when.
        until: Until when.
    """

    place: int
    protocol: str
    rate: float
    since: datetime
    until: datetime


def flows_of(_world: World, _cluster_id: str) -> Iterator[Flow]:
    """The flows of a cluster that leave it."""
    yield from ()


def place_of(host: str) -> int:
    """On which node the pod runs that talks to a host: always the same one."""
    return hashlib.sha256(host.encode()).digest()[0]
