"""Scripted traffic of pods: which way it leaves the cluster, and what the firewall there does with it.

The firewall evaluates its own rules at every moment; what it decided is kept as spans of time, from which logs (and
metrics) count requests, so that a million requests cost as much as one. ``World.traffic.spans()`` has all of them;
``firewall.decide`` asks about one request now, ``ways.way_out`` for the address and the firewall of a cluster.
"""
