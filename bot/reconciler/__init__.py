"""Background work: closes the gap between what is wanted and what is, and is the only caller of ARM writes."""

from bot.reconciler.foresight import foresee
from bot.reconciler.loop import Reconciler

__all__ = ["Reconciler", "foresee"]
