"""Azure Monitor's platform metrics: per resource through ARM, and of many resources through the batch API."""

from bot.sandbox.arm.metrics.wire import batch, metrics

__all__ = ["batch", "metrics"]
