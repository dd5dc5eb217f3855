"""SNAT ports as Azure Monitor measured them: what to ask for, what the answers mean, and when to warn."""

from bot.domain.measured.advice import measured_sentence, plan_enough, under_sixty
from bot.domain.measured.levels import PortLevel, level_of, next_level, why
from bot.domain.measured.questions import QUESTIONS, MetricQuestion, grain_for, sources_of
from bot.domain.measured.turns import due_sources, longest_prefix
from bot.domain.measured.use import SnatUse, use_from
from bot.domain.measured.values import PortUse, Reading, Series, Source, SourceKind, TimeSpan

__all__ = [
    "QUESTIONS",
    "MetricQuestion",
    "PortLevel",
    "PortUse",
    "Reading",
    "Series",
    "SnatUse",
    "Source",
    "SourceKind",
    "TimeSpan",
    "due_sources",
    "grain_for",
    "level_of",
    "longest_prefix",
    "measured_sentence",
    "next_level",
    "plan_enough",
    "sources_of",
    "under_sixty",
    "use_from",
    "why",
]
