"""Azure Resource Manager, through Azure's own SDK."""

from bot.azure.arm import AzureArm

__all__ = ["AzureArm"]
