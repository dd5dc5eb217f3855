"""Whether the clock was set back: times that were written before it mean nothing afterwards."""

TOLERANCE_S = 5.0
"""Steps of less are not worth anything: what is due comes so much later."""


class ClockCheck:
    """Notices when the database's clock is set back.

    It costs nothing: the time comes with the question what is due, which is asked every few seconds.
    """

    def __init__(self) -> None:
        self._last_s = float("-inf")

    def was_set_back(self, now_s: float) -> bool:
        """Whether the clock shows an earlier time than at the last look."""
        last_s, self._last_s = self._last_s, now_s
        return now_s < last_s - TOLERANCE_S
