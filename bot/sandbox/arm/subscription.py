"""The simulated Azure Resource Manager: the whole wire in one method."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.sandbox.arm import front, router, seed
from bot.sandbox.arm.commands.book import CommandBook
from bot.sandbox.arm.entra import Registration
from bot.sandbox.arm.etags import new_guid
from bot.sandbox.arm.faults import Fault, Faults
from bot.sandbox.arm.hand import change_by_hand, remove_by_hand
from bot.sandbox.arm.logs.settings import seen
from bot.sandbox.arm.operations import Ledger, Operation
from bot.sandbox.arm.rights import require_rights
from bot.sandbox.arm.store import ResourceStore
from bot.sandbox.arm.tokens import unsigned_token
from bot.sandbox.arm.traffic.script import Traffic
from bot.sandbox.arm.traffic.ways import cluster_key
from bot.sandbox.arm.wire import ArmError, ArmRequest, ArmResponse, Json
from bot.sandbox.arm.world import World
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal

REQUESTS_KEPT = 10_000
"""So many requests are remembered."""
DATA_PLANES = ("/v1/",)
"""Paths of services beside ARM that are answered on the same port: Log Analytics."""
_RIGHTS = "arm.rights"
_REQUESTS = "arm.request"
_APP = "arm.app"


class ArmSubscription:
    """A simulated Azure tenant at ARM's wire.

    Thread-safe. Every change is in the journal before it is answered, running operations included: a new instance over
    the same journal goes on where the last one was killed.

    Args:
        clock: The simulated time; operations end by it.
        journal: Where changes are kept.
        speed: Azure's durations and Retry-After are divided by this; 1 is Azure's own pace.
        fleet: So many generated clusters beside the fixed inhabitants.
        seed: Whether there are inhabitants at all.

    Attributes:
        honour_if_match_on_groups: Whether a rule collection group answers 412 to a wrong If-Match (True). Azure
            declares no such header for groups; False ignores it.
        registration: The application that signs in at Entra.
    """

    def __init__(
        self, clock: SandboxClock, journal: Journal, *, speed: float = 60.0, fleet: int = 0, seed: bool = True
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._lock = threading.RLock()
        self._faults = Faults()
        store = ResourceStore(journal, _inhabitants(fleet=fleet) if seed else {})
        self._world = World(store, Ledger(journal, store), clock.now(), speed, Traffic(journal), CommandBook(journal))
        self._world.rights.update(journal.load(_RIGHTS))
        self.registration = Registration.parse(journal.load(_APP).get(_APP, {}))
        self._requests: deque[Json] = deque(journal.load(_REQUESTS).values(), maxlen=REQUESTS_KEPT)
        self._count = 1 + max((request["n"] for request in self._requests), default=-1)

    @property
    def honour_if_match_on_groups(self) -> bool:
        """Whether a rule collection group answers 412 to a wrong If-Match."""
        return self._world.honour_if_match_on_groups

    @honour_if_match_on_groups.setter
    def honour_if_match_on_groups(self, value: bool) -> None:
        self._world.honour_if_match_on_groups = value

    @property
    def revision(self) -> int:
        """Grows with each change of a resource or an operation."""
        with self._lock:
            self._settle()
            return self._world.store.revision + self._world.ledger.revision + self._world.traffic.changes

    def handle(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: Any = None) -> ArmResponse:
        """Answer one request.

        Args:
            method: HTTP method.
            url: An absolute URL, or a path with its query; the Host header then names the host.
            headers: Header names in any case.
            body: Bytes, text or a JSON value.
        """
        with self._lock:
            self._settle()
            response = _identified(self._guarded(method, url, headers or {}, body), url)
            self._look(self._world.now)
            self._remember(method, url, response.status)
            return response

    def add_traffic(self, traffic: Any) -> Json:
        """Have a pod of a cluster ask for something, in the shape of ``POST /_sandbox/arm/traffic``; its id.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        given = traffic if isinstance(traffic, Mapping) else {}
        with self._lock:
            self._settle()
            flow = self._world.traffic.add(given, cluster_key(self._world, given.get("cluster")), self._world.now)
            self._look(self._world.now)
            return {"id": flow.id}

    def traffic(self) -> Json:
        """All scripted traffic, what becomes of it now, and how many requests there were."""
        with self._lock:
            self._settle()
            return {"traffic": self._world.traffic.state(self._world.now)}

    def stop_traffic(self, flow: str | None) -> None:
        """Stop one flow, or all of them; what was logged stays.

        Raises:
            ValueError: If there is no such flow.
        """
        with self._lock:
            self._settle()
            self._world.traffic.clear(flow, self._world.now)

    def put_inside(self, inside: Any) -> None:
        """Change what a pod of a cluster finds, in the shape of ``PUT /_sandbox/arm/inside``.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        given = dict(inside) if isinstance(inside, Mapping) else {}
        with self._lock:
            self._settle()
            self._world.commands.put_inside(cluster_key(self._world, given.pop("cluster", "")), given)

    def register(self, app: Any) -> None:
        """Register what the application proves itself with, in the shape of ``PUT /_sandbox/arm/app``.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        self.registration = Registration.parse(app)
        self._journal.put(_APP, _APP, dict(app))

    def struck(self, method: str, url: str) -> ArmResponse | None:
        """The answer of a fault to a request of a service beside ARM; None where none strikes."""
        with self._lock:
            request = ArmRequest.parse(method, url, {}, None)
            fault = self._faults.strike(request)
        answer = fault.answer(request) if fault else None
        return fault.carried(answer) if fault and answer else None

    def clear_faults(self) -> None:
        """Forget the faults that still wait."""
        with self._lock:
            self._faults.clear()

    def add_fault(self, fault: Mapping[str, Any]) -> None:
        """Switch a fault on, in the shape of ``POST /_sandbox/arm/fault`` and ``drop_response`` beside it.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        with self._lock:
            self._faults.add(Fault.parse(fault))

    def put_resource(self, resource_id: str, body: Any) -> Json:
        """Change Azure by hand, immediately and without an operation; returns the resource as a GET would.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        with self._lock:
            self._settle()
            changed = change_by_hand(self._world, resource_id, body)
            self._look(self._world.now)
            return changed

    def put_rights(self, scope: str, rights: Mapping[str, Any]) -> None:
        """Let the caller do only this to a resource, and to what lies in it.

        Args:
            scope: The id of a resource, a resource group or a subscription.
            rights: ``actions`` and, if any, ``notActions``: lists of actions, ``*`` for any text.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        given = {name: rights.get(name, []) for name in ("actions", "notActions")}
        if not scope or not all(isinstance(one, list) for one in given.values()):
            raise ValueError('Send {"id": scope, "actions": [...], "notActions": [...]}.')
        with self._lock:
            self._world.rights[scope.lower()] = given
            self._journal.put(_RIGHTS, scope.lower(), given)

    def actions_asked(self) -> frozenset[str]:
        """The actions that requests have needed since rights were put, in lower case."""
        with self._lock:
            return frozenset(self._world.asked)

    def delete_resource(self, resource_id: str) -> None:
        """Remove a resource by hand.

        Raises:
            ValueError: If there is no such resource.
        """
        with self._lock:
            self._settle()
            remove_by_hand(self._world, resource_id)
            self._look(self._world.now)

    def state(self) -> Json:
        """Everything, in the shape of ``GET /_sandbox/arm``."""
        with self._lock:
            self._settle()
            operations = list(self._world.ledger)
            return {
                "resources": dict(self._world.everything()),
                "operations": [_operation(operation) for operation in operations],
                "requests": [
                    {name: entry[name] for name in ("method", "path", "status", "at")} for entry in self._requests
                ],
                "traffic": self._world.traffic.state(self._world.now),
                "writers": [interval for operation in operations for interval in _writers(operation)],
            }

    def subscriptions(self) -> list[str]:
        """The ids of all subscriptions that hold something."""
        with self._lock:
            return front.known(self._world)

    def has_running_operations(self) -> bool:
        """Return whether any operation is still under way."""
        with self._lock:
            self._settle()
            return bool(self._world.ledger.running)

    def issue_token(self, resource: str) -> str:
        """An unsigned token for an audience, with a ``tid``."""
        return unsigned_token(resource, self._clock.now())

    def _settle(self) -> None:
        self._world.now = self._clock.now()
        self._world.ledger.settle(self._world.now, self._look)

    def _look(self, now: datetime) -> None:
        """Ask what becomes of the traffic, if a resource has changed."""
        self._world.traffic.look(self._world.store.revision, now, partial(seen, self._world))

    def _guarded(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> ArmResponse:
        try:
            return self._answer(ArmRequest.parse(method, url, headers, body))
        except ArmError as error:
            return error.response

    def _answer(self, request: ArmRequest) -> ArmResponse:
        if not request.path.startswith("/metadata/"):
            if not request.headers.get("authorization", "").lower().startswith("bearer "):
                raise front.unauthenticated()
            if not request.path.startswith(DATA_PLANES):
                _check(self._world, request)
        fault = self._faults.strike(request)
        if fault is None:
            return router.answer(self._world, request, None)
        return fault.carried(fault.answer(request) or self._handled(request, fault))

    def _handled(self, request: ArmRequest, fault: Fault) -> ArmResponse:
        try:
            return router.answer(self._world, request, fault.operation_error)
        except ArmError as error:
            return error.response

    def _remember(self, method: str, url: str, status: int) -> None:
        path = "/" + url.split("://", 1)[-1].split("/", 1)[-1] if "://" in url else url
        entry = {
            "method": method.upper(),
            "path": path.split("?", 1)[0],
            "status": status,
            "at": self._world.now.isoformat(),
            "n": self._count,
        }
        self._journal.put(_REQUESTS, str(self._count % REQUESTS_KEPT), entry)
        self._requests.append(entry)
        self._count += 1


def _check(world: World, request: ArmRequest) -> None:
    """What ARM's own front door asks of a request; each data plane asks for itself."""
    if "api-version" not in request.query:
        raise front.no_api_version()
    require_rights(world, request)


def _identified(response: ArmResponse, url: str) -> ArmResponse:
    """The ids that Azure puts on every answer, for its own support."""
    ids = {"x-ms-request-id": new_guid(), "x-ms-correlation-request-id": new_guid()}
    if "/microsoft.network/" in url.lower():
        ids["x-ms-arm-service-request-id"] = new_guid()
    return replace(response, headers={**response.headers, **ids})


def _inhabitants(*, fleet: int) -> Mapping[str, Json]:
    return seed.inhabitants(fleet=fleet)


def _operation(operation: Operation) -> Json:
    return {
        "id": operation.id,
        "resource": operation.resource,
        "kind": operation.kind,
        "status": operation.status,
        "started": operation.started.isoformat(),
        "ended": operation.due.isoformat() if operation.ended else None,
        "error": operation.error if operation.ended else None,
    }


def _writers(operation: Operation) -> list[Json]:
    ended = operation.due.isoformat() if operation.ended else None
    return [{"resource": key, "started": operation.started.isoformat(), "ended": ended} for key in operation.writers]
