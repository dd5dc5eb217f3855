"""Which version of the bot runs: as its package says, and nowhere else."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "aks-egress-bot"
"""The name in ``pyproject.toml``."""


def own_version() -> str:
    """The version of the installed package; ``unknown`` for a checkout that was never installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "unknown"
