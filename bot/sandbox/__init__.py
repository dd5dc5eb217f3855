"""A simulated Slack workspace and a simulated Azure subscription, at the vendors' wire.

Shares no code with the product: what it serves follows the vendors, not our ports.
"""
