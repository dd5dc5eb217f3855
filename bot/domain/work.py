"""The kinds of background work."""

from enum import StrEnum


class WorkKind(StrEnum):
    """A kind of background work: the prefix of its keys, and the whole key where there is only one piece of work."""

    RULES = "rules"
    SCALE = "scale"
    TIMERS = "timers"
    NOTICES = "notices"
    FLEET = "fleet"
    ENDPOINTS = "endpoints"
    AUDIT = "audit"
    PROBE = "probe"
    PORTS = "ports"
    WATCH = "watch"
    BLOCKED = "blocked"
    LAST_USE = "last-use"
