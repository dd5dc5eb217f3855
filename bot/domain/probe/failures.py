"""Why a command did not run in a cluster, and what to do about it."""

LONGEST_REASON = 400
"""Characters of Azure's own words that are kept."""

_NEXT: tuple[tuple[str, str], ...] = (
    ("imagepull", "The nodes could not pull the pod's image: mcr.microsoft.com has to be reachable from them."),
    ("taint", "Every Linux node has a taint: add a node pool without one, or a node with room."),
    ("admission webhook", "A policy in the cluster refuses the pod: exempt the namespace aks-command from it."),
    ("did not start", "No untainted Linux node had room for the pod in time, or its image could not be pulled."),
    ("kubernetesperformanceerror", "No untainted Linux node had room for the pod in time. Try again."),
)
"""What to do next, by a part of Azure's words in lower case; the first that fits.

Source: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures,
read 2026-11.
"""


def not_run(reason: str) -> str:
    """The sentences for a command that never ran.

    Args:
        reason: Azure's own words; may be empty.
    """
    said = " ".join(reason.split())[:LONGEST_REASON].rstrip(". ")
    following = next((text for part, text in _NEXT if part in said.lower()), "")
    told = f"Azure says: {said}." if said else ""
    return " ".join(filter(None, ("The command did not run in the cluster.", following, told)))
