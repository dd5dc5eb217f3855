"""Long-running operations: what a resource shows meanwhile, and what is true afterwards."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.sandbox.arm.store import ResourceStore
from bot.sandbox.arm.wire import Json
from bot.sandbox.journal import Journal, fields_of

_KIND = "arm.operation"
KEPT = 10_000
"""So many ended operations are remembered."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One accepted write.

    It holds everything that it will do from the start, so that any process can finish it, or finish it again.

    Args:
        id: The guid in its URL.
        resource: The resource's id.
        kind: Method and resource type.
        path: The URL's path up to the guid.
        started: When it was accepted.
        due: When it ends.
        outcome: Succeeded, Failed or Canceled: how it ends.
        error: Code and message, unless it succeeds.
        during: What resources show until ``due``, by key.
        after: What resources are from ``due`` on, by key; None deletes.
        touches: Keys of further resources that show Updating meanwhile.
        locks: Trees and resources that nobody else may write meanwhile.
        writers: Firewalls (or clusters) that this writes to.
        retry_after_s: What polling answers carry.
        ended: Whether ``after`` has been carried out.
    """

    id: str
    resource: str
    kind: str
    path: str
    started: datetime
    due: datetime
    outcome: str = "Succeeded"
    error: Json | None = None
    during: dict[str, Json] = field(default_factory=dict)
    after: dict[str, Json | None] = field(default_factory=dict)
    touches: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    retry_after_s: int | None = None
    ended: bool = False

    @property
    def status(self) -> str:
        """InProgress, Succeeded, Failed or Canceled."""
        return self.outcome if self.ended else "InProgress"


class Ledger:
    """All operations, settled lazily: whoever looks first after the due time carries out the effects."""

    def __init__(self, journal: Journal, store: ResourceStore) -> None:
        self._journal = journal
        self._store = store
        self._all = {key: _from_json(body) for key, body in journal.load(_KIND).items()}
        self.running = [operation for operation in self._all.values() if not operation.ended]
        self.revision = 0

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._all.values())

    def get(self, operation_id: str) -> Operation | None:
        """One operation by its guid."""
        return self._all.get(operation_id)

    def settle(self, now: datetime, look: Callable[[datetime], None]) -> None:
        """Carry out everything that is over by now, in the order of its due times.

        Args:
            now: The time.
            look: Called with each due time once what was due then is true.
        """
        for operation in sorted((o for o in self.running if o.due <= now), key=lambda o: o.due):
            self._finish(operation)
            look(operation.due)

    def begin(self, operation: Operation) -> None:
        """Record an accepted write."""
        self.running.append(operation)
        self._keep(operation)

    def cancel(self, operation: Operation, now: datetime, after: dict[str, Json | None]) -> None:
        """End an operation early, as AKS's abort does."""
        self._finish(replace(operation, outcome="Canceled", due=now, after=after))

    def forget(self, key: str) -> None:
        """A resource was changed by hand: running operations no longer have a say in it."""
        for operation in list(self.running):
            if key in operation.during or key in operation.after:
                changed = replace(
                    operation, during=_without(operation.during, key), after=_without(operation.after, key)
                )
                self.running[self.running.index(operation)] = changed
                self._keep(changed)

    def conflicting(self, locks: Iterable[str]) -> Operation | None:
        """A running operation that holds one of these locks."""
        wanted = set(locks)
        return next((operation for operation in self.running if wanted & set(operation.locks)), None)

    def shown(self, key: str) -> Json | None:
        """The state that a running operation gives to a resource, if any."""
        return next((operation.during[key] for operation in self.running if key in operation.during), None)

    def coming(self) -> Iterator[Json]:
        """Bodies that running operations will leave behind."""
        for operation in self.running:
            yield from (body for body in operation.after.values() if body is not None)

    def touched(self) -> set[str]:
        """Keys that show Updating because of a running operation on something else."""
        return {key for operation in self.running for key in operation.touches}

    def _finish(self, operation: Operation) -> None:
        for key, body in operation.after.items():
            if body is None:
                self._store.delete(key)
            else:
                self._store.put(key, body)
        self.running = [other for other in self.running if other.id != operation.id]
        self._keep(replace(operation, ended=True, during={}, after={}))
        self._trim()

    def _keep(self, operation: Operation) -> None:
        self._all[operation.id] = operation
        self._journal.put(_KIND, operation.id, _to_json(operation))
        self.revision += 1

    def _trim(self) -> None:
        if len(self._all) <= KEPT + len(self.running):
            return
        for key in [key for key, operation in self._all.items() if operation.ended][:-KEPT]:
            del self._all[key]
            self._journal.delete(_KIND, key)


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def _to_json(operation: Operation) -> Json:
    return {**fields_of(operation), "started": operation.started.isoformat(), "due": operation.due.isoformat()}


def _from_json(body: Json) -> Operation:
    times = {name: datetime.fromisoformat(body[name]) for name in ("started", "due")}
    tuples = {name: tuple(body[name]) for name in ("touches", "locks", "writers")}
    return Operation(**{**body, **times, **tuples})
