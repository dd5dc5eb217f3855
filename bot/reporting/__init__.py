"""Use cases that tell what is on record: the story of a request, numbers, evidence."""

from bot.reporting.stories import read_story

__all__ = ["read_story"]
