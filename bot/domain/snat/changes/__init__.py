"""The outbound settings that a plan changes: one value for each kind of change.

Each kind says what it starts from, whether Azure was told, and what is still missing. How it is written into a managed
cluster is in ``bot.azure.scaling``. A new kind is one more class here, and one more member of ``Change``.
"""

from typing import Annotated

from pydantic import Field

from bot.domain.snat.changes.count import CountChange, addresses_there, wanted_count
from bot.domain.snat.changes.outbound_type import TypeChange
from bot.domain.snat.changes.own import OwnIpsChange
from bot.domain.snat.changes.settings import IdleChange, PortsChange

__all__ = [
    "Change",
    "CountChange",
    "IdleChange",
    "OwnIpsChange",
    "PortsChange",
    "SettingChange",
    "TypeChange",
    "addresses_there",
    "wanted_count",
]

SettingChange = CountChange | PortsChange | IdleChange | OwnIpsChange
"""One change of a setting of the outbound type that a cluster has."""

Change = Annotated[SettingChange | TypeChange, Field(discriminator="knob")]
"""One change of a cluster's outbound settings."""
