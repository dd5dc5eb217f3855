"""The interface to the logs of Azure Firewalls."""

from typing import Protocol

from bot.domain.firewall_log import Gap, LogQuestion, LogReading

OFF = "Firewall logs are off: set enabled = true in [logs] of the configuration."


class FirewallLogs(Protocol):
    """Logs of Azure Firewalls; never raises for what Azure does: what could not be read is said in the answer."""

    def read(self, question: LogQuestion) -> LogReading:
        """The records that a question asks for; bounded in time."""
        ...


class NoLogs:
    """Asks nobody: the default."""

    def read(self, question: LogQuestion) -> LogReading:
        """Nothing is known."""
        return LogReading(question.until, gaps=((Gap.OFF, OFF),))
