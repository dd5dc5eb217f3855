"""AKS run command: a command is accepted, runs in a pod of the cluster, and its output can be fetched.

The pod's traffic takes the same way as scripted traffic, and the simulated firewall decides about it by its own rules.
"""
