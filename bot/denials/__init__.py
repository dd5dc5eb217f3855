"""Use cases of denied traffic: what a firewall denied for a cluster, and what it would take to open it."""

from bot.denials.reading import DeniedItem, DeniedReport, denied, question_for
from bot.denials.words import DeniedWords

__all__ = ["DeniedItem", "DeniedReport", "DeniedWords", "denied", "question_for"]
