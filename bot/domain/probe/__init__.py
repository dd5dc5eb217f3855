"""Probes from inside a cluster: the fixed command, what it said, and what that means. Pure."""

from bot.domain.probe.comparison import Agreement, Expectation, Expected, expectation_of, unfiltered
from bot.domain.probe.failures import not_run
from bot.domain.probe.record import MOST_TRIES, STARTS_WITHIN, WITHIN, Probe
from bot.domain.probe.report import ConnectionAttempt, Reach, Report, read_report
from bot.domain.probe.script import COMMAND, MOST_HOSTS, context_of, files_of, is_echo, is_probeable
from bot.domain.probe.settings import ProbeSettings
from bot.domain.probe.text import disagreement_text, lines_of, seen_text

__all__ = [
    "COMMAND",
    "MOST_HOSTS",
    "MOST_TRIES",
    "STARTS_WITHIN",
    "WITHIN",
    "Agreement",
    "ConnectionAttempt",
    "Expectation",
    "Expected",
    "Probe",
    "ProbeSettings",
    "Reach",
    "Report",
    "context_of",
    "disagreement_text",
    "expectation_of",
    "files_of",
    "is_echo",
    "is_probeable",
    "lines_of",
    "not_run",
    "read_report",
    "seen_text",
    "unfiltered",
]
