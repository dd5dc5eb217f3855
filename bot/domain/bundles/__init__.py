"""Bundles: destinations that are asked for as one, some with parameters that the requester fills in.

``azure-storage(account=mydata)`` names a bundle with its values; ``azure-storage account=mydata`` is read as the same.
"""

from bot.domain.bundles.bundle import Bundle, BundleRef, suggest
from bot.domain.bundles.table import BundleTable, bundles_from, problems_of_bundle
from bot.domain.bundles.templates import Parameter

__all__ = [
    "Bundle",
    "BundleRef",
    "BundleTable",
    "Parameter",
    "bundles_from",
    "problems_of_bundle",
    "suggest",
]
