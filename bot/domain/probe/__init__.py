"""Probes from inside a cluster: the fixed command, what it said, and what that means. Pure."""

from bot.domain.probe.comparison import Agreement, Expectation, Expected, unfiltered
from bot.domain.probe.record import Probe
from bot.domain.probe.report import ConnectionAttempt, Reach, Report, read_report
from bot.domain.probe.script import COMMAND, context_of, files_of, is_echo
from bot.domain.probe.text import disagreement_text, lines_of

__all__ = [
    "COMMAND",
    "Agreement",
    "ConnectionAttempt",
    "Expectation",
    "Expected",
    "Probe",
    "Reach",
    "Report",
    "context_of",
    "disagreement_text",
    "files_of",
    "is_echo",
    "lines_of",
    "read_report",
    "unfiltered",
]
