"""Who lives in the simulated tenant before anybody writes to it."""

from bot.sandbox.arm.seed import fixed, fleet
from bot.sandbox.arm.seed.fixed import SUBSCRIPTION
from bot.sandbox.arm.wire import Json

__all__ = ["SUBSCRIPTION", "inhabitants"]


def inhabitants(*, fleet: int = 0) -> dict[str, Json]:
    """The fixed inhabitants and so many generated clusters, by lower-case id; always the same."""
    return {**fixed.build(), **generated(fleet)}


generated = fleet.build
