"""Clusters: the list, one in full, its facts for programs, what AKS needs of it, and whose an IP is."""

from handlers.blocks.clusters.capacity import capacity_exported, capacity_file_name, capacity_page
from handlers.blocks.clusters.endpoints import endpoint_report
from handlers.blocks.clusters.facts import egress_facts, egress_ips, egress_json, fits_message, plain_ips
from handlers.blocks.clusters.listing import fleet_list
from handlers.blocks.clusters.ownership import owners
from handlers.blocks.clusters.report import allowance_line, egress_report
from handlers.blocks.clusters.timeline import ip_history

__all__ = [
    "allowance_line",
    "capacity_exported",
    "capacity_file_name",
    "capacity_page",
    "egress_facts",
    "egress_ips",
    "egress_json",
    "egress_report",
    "endpoint_report",
    "fits_message",
    "fleet_list",
    "ip_history",
    "owners",
    "plain_ips",
]
