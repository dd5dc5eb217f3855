"""Passes audit events on to a SIEM: JSON Lines over HTTPS, OTLP logs, or syslog, plain or over TLS."""

from bot.siem.receivers import Access, Take, headers_in, receiver

__all__ = ["Access", "Take", "headers_in", "receiver"]
