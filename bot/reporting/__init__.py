"""Use cases that tell what is on record: the story of a request, numbers, evidence."""

from bot.reporting.evidence import write_evidence
from bot.reporting.numbers import count_period
from bot.reporting.stories import read_story

__all__ = ["count_period", "read_story", "write_evidence"]
