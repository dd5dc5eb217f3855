"""Azure Monitor's metrics behind the port that the use cases know."""

from bot.azure.metrics.reader import AzureMetrics

__all__ = ["AzureMetrics"]
