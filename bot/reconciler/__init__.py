"""Background work: closes the gap between what is wanted and what is, and is the only caller of ARM writes."""

from bot.reconciler.dispatch import Reconciler
from bot.reconciler.forecasting import foresee

__all__ = ["Reconciler", "foresee"]
