"""How often somebody may do something: a bucket that fills evenly."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The calls that a token, or a person, has left: a bucket that fills evenly up to a minute's worth.

    Args:
        left: Calls, a fraction included.
        at_s: When that was counted, in seconds since 1970.
    """

    left: float
    at_s: float

    def spend(self, per_minute: int, now_s: float) -> "tuple[Budget, float]":
        """Take one call.

        Returns:
            What is left, and 0, or how many seconds to wait where there was none; then nothing is taken.
        """
        filled = self.refilled(per_minute, now_s)
        if filled < 1:
            return Budget(filled, now_s), (1 - filled) * 60 / per_minute
        return Budget(filled - 1, now_s), 0.0

    def refilled(self, per_minute: int, now_s: float) -> float:
        """What is left now, a fraction included."""
        return min(float(per_minute), self.left + max(0.0, now_s - self.at_s) * per_minute / 60)
