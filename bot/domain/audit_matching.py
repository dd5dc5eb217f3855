"""Whether an event fits a filter, for events that are no longer in the database."""

from collections.abc import Callable, Collection

from bot.domain.audit import OUTCOMES, AuditFilter, ChainedEvent
from bot.domain.audit_terms import mentions


def matcher(wanted: AuditFilter, own: Collection[str] = ()) -> Callable[[ChainedEvent], bool]:
    """A test of events.

    Args:
        wanted: The filter.
        own: The ids of the requests of the person whose events are wanted.
    """
    part = (wanted.destination or "").lower()
    is_mentioned = mentions(wanted.text or "")
    checks: tuple[tuple[object, Callable[[ChainedEvent], bool]], ...] = (
        (wanted.since, lambda one: wanted.since is None or one.event.at >= wanted.since),
        (wanted.until, lambda one: wanted.until is None or one.event.at < wanted.until),
        (wanted.before, lambda one: wanted.before is None or one.seq < wanted.before),
        (wanted.after, lambda one: wanted.after is None or one.seq > wanted.after),
        (wanted.actor, lambda one: one.event.actor.user == wanted.actor),
        (wanted.cluster, lambda one: one.event.cluster == (wanted.cluster or "").lower()),
        (wanted.subject, lambda one: one.event.subject == wanted.subject),
        (wanted.action, lambda one: _is_action(one, wanted.action or "")),
        (wanted.outcome, lambda one: one.event.action in OUTCOMES[wanted.outcome or ""]),
        (wanted.destination, lambda one: part in " ".join(one.event.destinations).lower()),
        (wanted.risk, lambda one: dict(one.event.detail).get("risk", "").startswith(f"{wanted.risk} ")),
        (wanted.text, lambda one: is_mentioned(one.event)),
        (wanted.own, lambda one: one.event.actor == wanted.own or one.event.subject in own),
    )
    asked = [check for given, check in checks if given is not None]
    return lambda one: all(check(one) for check in asked)


def _is_action(one: ChainedEvent, action: str) -> bool:
    return one.event.action == action if ":" in action else one.event.action.startswith(f"{action}:")
