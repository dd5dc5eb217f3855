"""What a clock that differs from others means, in words."""

SKEW_S = 30
"""Seconds that clocks may differ. Slack's signatures count for 300; allowances end by this machine's clock."""


def skew_sentence(skew_s: float, whose: str) -> str | None:
    """What is wrong; None if the clocks agree well enough.

    Args:
        skew_s: Seconds that this machine's clock is ahead of the other.
        whose: Of the other, such as ``Slack's``.
    """
    if abs(skew_s) <= SKEW_S:
        return None
    return f"This machine's clock is {skew_s:+.0f} s from {whose}; {SKEW_S} s are tolerated."
