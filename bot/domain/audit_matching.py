"""Whether an event fits a filter, for events that are no longer in the database: what reports ask for."""

from collections.abc import Callable, Collection

from bot.domain.audit import OUTCOMES, AuditFilter, ChainedEvent


def matcher(wanted: AuditFilter, own: Collection[str] = ()) -> Callable[[ChainedEvent], bool]:
    """A test of events by times, numbers, actor, cluster, subject, action, outcome, and whose they are.

    Args:
        wanted: The filter; its destination, risk and text do not count.
        own: The ids of the requests of the person whose events are wanted.
    """
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
        (wanted.own, lambda one: one.event.actor == wanted.own or one.event.subject in own),
    )
    asked = [check for given, check in checks if given is not None]
    return lambda one: all(check(one) for check in asked)


def _is_action(one: ChainedEvent, action: str) -> bool:
    return one.event.action == action if ":" in action else one.event.action.startswith(f"{action}:")
