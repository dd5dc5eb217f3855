"""Settings of single features: tables of the configuration file that say whether and how something is done."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.domain.fields import Span, Text, Unit


@dataclass(frozen=True, slots=True)
class Reviews:
    """How review campaigns go on.

    Args:
        owners_first: How long only the owners of allowances answer; after it, approvers may, too.
        remind_after: When people are first reminded, inside the window of ``reminders``; each wait is twice the one
            before, a week at most.
    """

    owners_first: Span = timedelta(days=7)
    remind_after: Span = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Migrations:
    """Changes of a cluster's outbound type.

    Args:
        apply: Whether the bot makes a change that was approved; otherwise it only plans, and hands out commands.
    """

    apply: bool = False


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Azure Monitor's metrics: how SNAT ports are really used.

    Args:
        enabled: Whether they are read, for ``show``, ``scale`` and ``capacity``; the role is
            ``deploy/roles/metrics-reader.json``.
        watch: Whether all clusters are looked at again and again, and announced before their ports run out.
    """

    enabled: bool = False
    watch: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """The handling of requested names.

    Args:
        resolve: Look them up in the bot's own DNS: for checks against rules with addresses, and to count private
            addresses as a risk.
    """

    resolve: bool = False


@dataclass(frozen=True, slots=True)
class Logs:
    """Logs of Azure Firewalls: who is denied, and by what.

    Args:
        enabled: Whether they are read.
        workspace: The Log Analytics workspace that they are in: its ARM id, or its id for queries. Without one the
            firewalls' diagnostic settings say where they are.
        within_s: How long an answer may wait for them.
        uses_every: How often they are asked which allowances were used.
    """

    enabled: bool = False
    workspace: Text | None = None
    within_s: Annotated[int, Field(ge=1, le=30), Unit("seconds")] = 5
    uses_every: Span = timedelta(hours=6)
