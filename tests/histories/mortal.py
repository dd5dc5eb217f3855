"""Processes that die between any two steps: the real store and Azure's wire, with a fuse that kills."""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from bot.ports import Claim, Transaction
from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.store import SqlStore

Json = dict[str, Any]


class Killed(BaseException):
    """The process died here: nothing of it runs any further."""


@dataclass
class Fuse:
    """Kills at a step: the one after so many others, or the first at which something holds.

    A step is a boundary of a transaction or of a request.
    """

    left: int | None = None
    when: Callable[[], bool] | None = None
    is_burnt: bool = False

    def put_out(self) -> None:
        """Nobody dies of it any more."""
        self.left = self.when = None

    def step(self) -> None:
        """One step further."""
        if self.left is not None:
            self.left -= 1
        if (self.left is not None and self.left < 0) or (self.when is not None and self.when()):
            self.put_out()
            self.is_burnt = True
            raise Killed


class MortalStore:
    """The real store, in a process that may die before, inside and after each transaction."""

    def __init__(self, store: SqlStore, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that dies before anything, before the commit, or right after it."""
        self._fuse.step()
        with self._store.write() as tx:
            yield tx
            self._fuse.step()
        self._fuse.step()

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent look."""
        return self._store.read()

    def claim(self, owner: str, *, lease: timedelta, without: Collection[str] = ()) -> Claim | None:
        """Claim, and perhaps die with the claim in hand."""
        claim = self._store.claim(owner, lease=lease, without=without)
        if claim is not None:
            self._fuse.step()
        return claim

    def wait(self, at_most: timedelta) -> None:
        """Never called: replicas here have no threads."""
        raise AssertionError(at_most)

    def ring(self) -> None:
        """Nobody waits."""

    def release(self, owner: str) -> None:
        """Give back everything."""
        self._store.release(owner)

    def is_quiet(self) -> bool:
        """Return whether nothing moves."""
        return self._store.is_quiet()


@dataclass
class Put:
    """One of our writes, as it left.

    Args:
        path: Where to.
        at: When.
        was_held_up: Whether the process slept between its check and this.
        is_redundant: Whether the same rules were there already, and Azure at rest.
        wait_s: For how long Azure asked us to stay away, if it did.
    """

    path: str
    at: datetime
    was_held_up: bool
    is_redundant: bool
    wait_s: float | None = None


class MortalTransport(ArmTransport):
    """Azure's wire, in a process that may die before a request leaves or before its answer is read.

    Args:
        arm: The simulated Azure.
        clock: The simulated time.
        fuse: Kills.
        puts: Where writes are noted.
    """

    def __init__(self, arm: ArmSubscription, clock: ManualClock, fuse: Fuse, puts: list[Put]) -> None:
        super().__init__(arm, clock)
        self._fuse = fuse
        self._puts = puts
        self.before_put: Callable[[], None] | None = None

    def send(self, request: Any, **options: Any) -> Any:
        """One request; a PUT may be held up while others go on."""
        if request.method != "PUT":
            return super().send(request, **options)
        self._fuse.step()
        held, self.before_put = self.before_put, None
        if held:
            held()
        put = self._noted(request, was_held_up=held is not None)
        answer = super().send(request, **options)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS and "retry-after" in answer.headers:
            put.wait_s = float(answer.headers["retry-after"])
        self._fuse.step()
        return answer

    def _noted(self, request: Any, *, was_held_up: bool) -> Put:
        path = urlsplit(request.url).path.lower()
        stored = self._arm.state()["resources"].get(path)
        at_rest = stored is not None and stored["properties"].get("provisioningState") == "Succeeded"
        is_redundant = at_rest and _content(stored) == _content(json.loads(request.content))
        self._puts.append(Put(path, self._clock.now(), was_held_up, is_redundant))
        return self._puts[-1]


def _content(body: Json) -> list[tuple[str, str]]:
    """The rules of a group or a classic firewall, each with its names and ranges."""
    arrays = ("ruleCollections", "applicationRuleCollections", "networkRuleCollections")
    rules = [rule for name in arrays for each in body["properties"].get(name) or [] for rule in rules_in(each)]
    return sorted((rule["name"], str([_names(rule), sorted(rule["sourceAddresses"])])) for rule in rules)


def _names(rule: Json) -> list[str]:
    return sorted(name for key in ("targetFqdns", "destinationFqdns") for name in rule.get(key) or [])


def rules_in(collection: Json) -> list[Json]:
    """The rules of a collection, classic or not."""
    found: list[Json] = collection.get("properties", collection)["rules"]
    return found
