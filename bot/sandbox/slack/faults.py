"""Faults on demand: the next few calls or deliveries go wrong in the way that was asked for."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.sandbox.slack.errors import Impossible

ANY = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        method: The Web API method that it hits; ``*`` for all, ``response_url`` for response URLs.
        delivery: The kind of delivery that it hits; ``*`` for all.
        times: How often it strikes.
        status: HTTP status of the answer (method), or that the person's client sees (delivery).
        error: Error code of the answer; a delivery with ``status`` or ``error`` never reaches the bot.
        retry_after_s: ``Retry-After`` of the answer, in seconds.
        latency_s: The call is carried out immediately and answered so many seconds later; a delivery goes out later.
        delay_s: The call is carried out only after so many seconds: one that came later may be carried out before it.
        drop_ack: The bot gets the payload, but its ack is lost.
        duplicate: The bot gets the payload twice at once.
        disconnect: The sockets are closed, gracefully unless it says ``hard``.
    """

    method: str | None = None
    delivery: str | None = None
    times: int = 1
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None
    latency_s: float = 0.0
    delay_s: float = 0.0
    drop_ack: bool = False
    duplicate: bool = False
    disconnect: bool | str = False

    @property
    def is_refusal(self) -> bool:
        """Whether the call is answered without being carried out."""
        return self.status is not None or self.error is not None


def fault_from_json(body: Mapping[str, Any]) -> Fault:
    """A fault as the control route takes it.

    Raises:
        Impossible: If a key is unknown or nothing is named that could fail.
    """
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(body) - known)
    if unknown:
        raise Impossible(f"A fault has no {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")
    fault = Fault(**{key: value for key, value in body.items() if value is not None})
    if fault.delivery is None and (fault.drop_ack or fault.duplicate):
        fault = replace(fault, delivery=ANY)
    if not (fault.method or fault.delivery or fault.disconnect):
        raise Impossible("A fault names a method, a delivery, drop_ack, duplicate or disconnect.")
    return fault


class Faults:
    """The faults that still wait to strike, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def for_method(self, method: str) -> Fault | None:
        """The fault that hits this call, used up once."""
        return self._take("method", method)

    def for_delivery(self, kind: str) -> Fault | None:
        """The fault that hits this delivery, used up once."""
        return self._take("delivery", kind)

    def _take(self, side: str, name: str) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if getattr(fault, side) in {name, ANY} and fault.times > 0:
                    self._waiting[index] = replace(fault, times=fault.times - 1)
                    return fault
            return None
