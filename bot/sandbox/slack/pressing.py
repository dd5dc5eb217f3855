"""Finds the element that somebody means and says what using it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.blocks import elements_of
from bot.sandbox.slack.errors import Impossible
from bot.sandbox.slack.inputs import KINDS, State, entry, option_of
from bot.sandbox.slack.views import View

Entry = dict[str, Any]
Options = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Press:
    """One request to press something.

    Args:
        given: The ``selected`` or ``value`` of the request.
        query: What was typed into an external select to find the option.
    """

    action_id: str
    block_id: str | None = None
    channel: str | None = None
    message_ts: str | None = None
    view_id: str | None = None
    given: Any = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """An element in its block.

    Args:
        options: The options to choose from, where the bot was asked for them.
    """

    block: dict[str, Any]
    element: dict[str, Any]
    options: list[dict[str, Any]] | None = None

    @property
    def is_dispatched(self) -> bool:
        """Whether using it tells the bot: inside an input block only on request."""
        return self.block["type"] != "input" or bool(self.block.get("dispatch_action"))

    def entry(self, press: Press) -> Entry | None:
        """The new ``state``; None for buttons and overflow menus.

        Raises:
            Impossible: If a person could not choose or type that.
        """
        if self.element["type"] == "button":
            return None
        if self.element["type"] == "overflow":
            options = self.element["options"]
            return {"type": "overflow", "selected_option": option_of(options, press.given, press.action_id)}
        return entry(self.element, press.given, self.options)

    def put(self, state: State, held: Entry) -> State:
        """The state with this element's entry in it; menus that keep nothing change nothing."""
        if self.element["type"] not in KINDS:
            return state
        block_id, action_id = self.block["block_id"], self.element["action_id"]
        return {**state, block_id: {**state.get(block_id, {}), action_id: held}}

    def action(self, held: Entry | None, action_ts: str) -> dict[str, Any]:
        """The item of ``actions``."""
        keys = ("text", "value", "style", "url", "confirm") if held is None else ("placeholder", "confirm")
        item: dict[str, Any] = {
            "type": self.element["type"],
            "action_id": self.element["action_id"],
            "block_id": self.block["block_id"],
            "action_ts": action_ts,
        }
        item |= {key: self.element[key] for key in keys if key in self.element}
        return item | (held or {})


def element_in(blocks: list[dict[str, Any]], press: Press) -> Pressed:
    """The element that is meant.

    Raises:
        Impossible: If there is none, or more than one that fits.
    """
    everything = [Pressed(block, element) for block in _flat(blocks) for element in elements_of(block)]
    everything = [item for item in everything if "action_id" in item.element]
    found = [item for item in everything if item.element["action_id"] == press.action_id]
    if press.block_id is not None:
        found = [item for item in found if item.block["block_id"] == press.block_id]
    if len(found) > 1 or (found and found[0].element["type"] == "button" and press.given is not None):
        found = [item for item in found if item.element.get("value") == press.given] if press.given else found
    if not found:
        known = ", ".join(sorted({item.element["action_id"] for item in everything})) or "nothing to press"
        where = f" in block {press.block_id}" if press.block_id else ""
        what = f" with value {press.given!r}" if press.given is not None else ""
        raise Impossible(f"There is no {press.action_id}{where}{what} here; there is {known}.")
    if len(found) > 1:
        raise Impossible(f"There are {len(found)} {press.action_id} here: give block_id or the button's value.")
    return found[0]


def _flat(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    inner = [child for block in blocks for child in block.get("child_blocks", ())]
    return [*({key: block[key] for key in block if key != "child_blocks"} for block in blocks), *inner]


def values_put_in(
    view: View, values: dict[str, dict[str, Any]], options_for: Callable[[Pressed, Press], Options | None]
) -> State:
    """The state of a modal once somebody has filled in ``values``.

    Raises:
        Impossible: If a value belongs to no input of the modal, or cannot be chosen.
    """
    state = view.state
    for block_id, actions in values.items():
        for action_id, given in actions.items():
            pressed = element_in(view.blocks, Press(action_id, block_id))
            if pressed.element["type"] not in KINDS:
                raise Impossible(f"{action_id} is a {pressed.element['type']}: press it, it holds no value.")
            held = entry(pressed.element, given, options_for(pressed, Press(action_id, block_id, given=given)))
            state = pressed.put(state, held)
    return state
