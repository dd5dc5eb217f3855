"""How long the database may take."""

BOUND_S = 2.0
"""Seconds that a transaction waits for a connection, a lock or a statement before the person is told to try again."""
