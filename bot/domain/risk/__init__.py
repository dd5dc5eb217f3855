"""Risk of a request: reasons with weights, each with a sentence, from a table that the configuration can extend."""

from bot.domain.risk.assess import Level, Reason, Risk, Subject, assess, narrower
from bot.domain.risk.table import DEFAULT_TABLE, REASON_CODES, RiskTable

__all__ = [
    "DEFAULT_TABLE",
    "REASON_CODES",
    "Level",
    "Reason",
    "Risk",
    "RiskTable",
    "Subject",
    "assess",
    "narrower",
]
