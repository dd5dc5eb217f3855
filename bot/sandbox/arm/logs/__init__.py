"""Firewall logs in Log Analytics: diagnostic settings, records of scripted traffic, the query API."""
