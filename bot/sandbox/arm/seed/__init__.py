"""Who lives in the simulated tenant before anybody writes to it."""

import json
from functools import cache

from bot.sandbox.arm.seed import fixed, fleet
from bot.sandbox.arm.seed.fixed import SUBSCRIPTION
from bot.sandbox.arm.wire import Json

__all__ = ["SUBSCRIPTION", "inhabitants"]


def inhabitants(*, fleet: int = 0) -> dict[str, Json]:
    """The fixed inhabitants and so many generated clusters, by lower-case id; always the same."""
    return {**json.loads(_fixed()), **generated(fleet)}


@cache
def _fixed() -> str:
    """As text: each tenant has copies of its own, which reads six times faster than building them anew."""
    return json.dumps(fixed.build())


generated = fleet.build
