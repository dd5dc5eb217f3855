"""Use cases of denied traffic: what a firewall denied for a cluster, what it would take to open it, and watching."""

from bot.denials.reading import DeniedItem, DeniedReport, denied, denied_since, question_for
from bot.denials.watching import end_within, ends_at, learn, look, stop, stop_learning, watch
from bot.denials.words import DeniedWords

__all__ = [
    "DeniedItem",
    "DeniedReport",
    "DeniedWords",
    "denied",
    "denied_since",
    "end_within",
    "ends_at",
    "learn",
    "look",
    "question_for",
    "stop",
    "stop_learning",
    "watch",
]
