"""From a pasted error to destinations: what a firewall's log or a tool's error says could not be reached, and why.

``lines`` reads the firewall's text format, ``records`` its columns in whatever table they were pasted, ``clients`` the
errors of tools, ``links`` tells a URL that failed from one that is only mentioned, ``meanings`` explains, and ``find``
puts them together. What one reader has read is blanked for the next, so that nothing is read twice.
"""

from bot.domain.error_parsing.find import find_destinations, is_read, read_destinations

__all__ = ["find_destinations", "is_read", "read_destinations"]
