"""Whether the clock was set: times that were written before it mean nothing afterwards."""

from time import monotonic

TOLERANCE_S = 5.0
"""Seconds: steps of less are not worth anything, since what is due comes so much later."""


class ClockCheck:
    """Notices when the database's clock is set, by how far it went while a monotonic clock went on.

    It costs nothing: the time comes with the question what is due, which is asked every few seconds.
    """

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def was_set_by(self, now_s: float) -> float:
        """Seconds by which the clock was set since the last look, negative if it was set back; 0 if it was not."""
        before, self._last = self._last, (now_s, monotonic())
        if before is None:
            return 0.0
        step = (now_s - before[0]) - (self._last[1] - before[1])
        return step if abs(step) > TOLERANCE_S else 0.0
