"""The routes that belong to neither simulator: health, time, quiet, the live page."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack_http import refusal

PAGE = Path(__file__).parent / "page"
EVENT_EVERY_S = 0.1
HEARTBEAT_EVERY_S = 10.0
SETTLE_EVERY_S = 0.02
SETTLE_MOST_S = 600.0


class Simulator(Protocol):
    """The events of both simulators, for the page."""

    @property
    def revision(self) -> int:
        """Grows with every change."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The parts that the control routes ask about.

    Args:
        moving: What is not quiet yet, in words; empty if all is quiet.
        is_ready: Whether a bot answers, or none is wanted.
        wake: Makes the product look for due work now.
        info: What ``GET /_sandbox/info`` says, without the time.
    """

    moving: Callable[[], list[str]]
    is_ready: Callable[[], bool]
    wake: Callable[[], None]
    info: Callable[[], dict[str, Any]]


class Control:
    """Serves the routes.

    Args:
        clock: The simulated time.
        simulators: Both simulators by the names that the page knows them by.
        conditions: What the routes ask about.
    """

    def __init__(self, clock: SandboxClock, simulators: dict[str, Simulator], conditions: Conditions) -> None:
        self._clock = clock
        self._simulators = simulators
        self._conditions = conditions
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="sandbox-control")

    def routes(self) -> list[BaseRoute]:
        """All routes, the page's files among them."""
        return [
            Route("/_sandbox/health", self._health),
            Route("/_sandbox/info", self._info),
            Route("/_sandbox/clock", self._advance, methods=["POST"]),
            Route("/_sandbox/settle", self._settle, methods=["POST"]),
            Route("/_sandbox/events", self._events),
            Route("/", self._page),
            Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
        ]

    def stop(self) -> None:
        """End the event streams and the waits."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _health(self, _request: Request) -> Response:
        is_ready = await asyncio.get_running_loop().run_in_executor(self._pool, self._conditions.is_ready)
        return JSONResponse({"ready": is_ready})

    async def _info(self, _request: Request) -> Response:
        return JSONResponse(self._conditions.info() | {"clock": self._clock.now().isoformat()})

    async def _advance(self, request: Request) -> Response:
        by = await _number(request, "advance_s")
        if by is None or by < 0:
            return refusal("advance_s must be a number of seconds, 0 or more: the clock only moves forward.")
        self._clock.advance(timedelta(seconds=by))
        self._conditions.wake()
        offset_s = self._clock.offset.total_seconds()
        return JSONResponse({"now": self._clock.now().isoformat(), "offset_s": offset_s})

    async def _settle(self, request: Request) -> Response:
        timeout_s = await _number(request, "timeout_s")
        if timeout_s is None or not 0 <= timeout_s <= SETTLE_MOST_S:
            return refusal(f"timeout_s must be a number of seconds from 0 to {SETTLE_MOST_S:g}.")
        loop = asyncio.get_running_loop()
        moving = await loop.run_in_executor(self._pool, self._wait_until_quiet, timeout_s)
        if moving:
            return refusal(f"Not settled after {timeout_s:g} s: {'; '.join(moving)}.", 409)
        return JSONResponse({"settled": True})

    def _wait_until_quiet(self, timeout_s: float) -> list[str]:
        """Wait until nothing moves twice in a row; returns what still moves at the end."""
        end = time.monotonic() + timeout_s
        self._conditions.wake()
        was_quiet = False
        while True:
            moving = self._conditions.moving()
            if was_quiet and not moving:
                return []
            was_quiet = not moving
            if time.monotonic() >= end or self._stopping.is_set():
                return moving or ["it became quiet only just now"]
            time.sleep(SETTLE_EVERY_S)

    async def _events(self, _request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers=headers)

    async def _changes(self) -> AsyncIterator[str]:
        seen: tuple[Any, ...] = ()
        said_at = 0.0
        while not self._stopping.is_set():
            revisions = {name: simulator.revision for name, simulator in self._simulators.items()}
            now = (*revisions.values(), self._clock.offset)
            if now != seen or time.monotonic() - said_at > HEARTBEAT_EVERY_S:
                seen, said_at = now, time.monotonic()
                yield f"data: {json.dumps(revisions | {'clock': self._clock.now().isoformat()})}\n\n"
            await asyncio.sleep(EVENT_EVERY_S)

    async def _page(self, _request: Request) -> Response:
        index = PAGE / "index.html"
        return FileResponse(index) if index.is_file() else refusal("The page is not part of this installation.", 404)


async def _number(request: Request, key: str) -> float | None:
    try:
        value = (await request.json())[key]
    except (ValueError, KeyError, TypeError):
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
