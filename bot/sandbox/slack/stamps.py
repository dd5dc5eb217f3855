"""Ids and timestamps in the vendor's shapes, unique for the life of a workspace."""

import secrets
import threading

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.installation import TEAM_ID


class Stamps:
    """Hands out ids; message timestamps never repeat and never go back.

    Args:
        clock: The simulated time.
        latest: The newest timestamp already in use, such as ``1790000000.000100``.
    """

    def __init__(self, clock: SandboxClock, latest: str = "0.0") -> None:
        self._clock = clock
        self._lock = threading.Lock()
        seconds, micros = latest.split(".")
        self._last = int(seconds) * 1_000_000 + int(micros)

    def ts(self) -> str:
        """A message timestamp: epoch seconds, a dot, six digits."""
        with self._lock:
            self._last = max(self._last + 1, int(self._clock.now().timestamp() * 1_000_000))
            return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def id(self, prefix: str) -> str:
        """An id such as ``V3F9A0C1B2D``."""
        return prefix + secrets.token_hex(5).upper()

    def short(self) -> str:
        """A block or action id as Slack makes one up where the bot gave none."""
        return secrets.token_urlsafe(4)

    def trigger(self) -> str:
        """A trigger id."""
        return f"{secrets.randbelow(10**13)}.{TEAM_ID}.{secrets.token_hex(16)}"


def with_ids(blocks: list[dict[str, object]], stamps: Stamps) -> list[dict[str, object]]:
    """The blocks with the ids that Slack adds where the bot gave none."""
    return [_with_ids(block, stamps) for block in blocks]


def _with_ids(block: dict[str, object], stamps: Stamps) -> dict[str, object]:
    named = {**block, "block_id": block.get("block_id") or stamps.short()}
    for key in ("elements", "actions"):
        items = named.get(key)
        if isinstance(items, list) and block["type"] in {"actions", "card"}:
            named[key] = [_with_action_id(item, stamps) for item in items]
    for key in ("accessory", "element"):
        item = named.get(key)
        if isinstance(item, dict) and item.get("type") != "image":
            named[key] = _with_action_id(item, stamps)
    children = named.get("child_blocks")
    if isinstance(children, list):
        named["child_blocks"] = with_ids(children, stamps)
    return named


def _with_action_id(element: dict[str, object], stamps: Stamps) -> dict[str, object]:
    return {**element, "action_id": element.get("action_id") or stamps.short()}
