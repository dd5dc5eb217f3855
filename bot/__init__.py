"""Egress operations for AKS: everything of the product that is not Slack."""
