"""Azure's JSON as our values. Unknown fields are ignored here and survive in writes, which change the body as read."""

from bot.azure.translate.cluster import cluster_from_json, endpoints_from_json, ref_from_json
from bot.azure.translate.firewall_rules import classic_layer, group_from_json
from bot.azure.translate.network import READERS, hub_from_json

__all__ = [
    "READERS",
    "classic_layer",
    "cluster_from_json",
    "endpoints_from_json",
    "group_from_json",
    "hub_from_json",
    "ref_from_json",
]
