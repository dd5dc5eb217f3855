"""How long the bot waits for the simulated Azure: that part of a round is the simulator's, not the bot's."""

import threading
import time
from typing import Any

from bot.azure import AzureArm


class Waiting:
    """Counts the seconds in which at least one request has no answer yet.

    Args:
        azure: Whose requests are counted.

    Attributes:
        seconds: Since it was made.
    """

    def __init__(self, azure: AzureArm) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._open = 0
        self._since = 0.0
        transport: Any = azure._clients._transport
        self._send = transport.send
        transport.send = self._counted

    def _counted(self, request: Any, **options: Any) -> Any:
        self._step(1)
        try:
            return self._send(request, **options)
        finally:
            self._step(-1)

    def _step(self, by: int) -> None:
        with self._lock:
            now = time.perf_counter()
            if self._open:
                self.seconds += now - self._since
            self._open, self._since = self._open + by, now
