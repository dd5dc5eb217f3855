"""One long story in the town: every command, the life of a request, and every button and form that turns up."""

from collections.abc import Iterator
from typing import Any

from tests.outside.town import Town

DEVELOPER, APPROVER, AUDITOR, OPERATOR = "UDEV0001", "UAPP0001", "UAUD0001", "UOPS0001"
CHANNEL = "CEGRESS01"
PEOPLE = (APPROVER, DEVELOPER, AUDITOR, OPERATOR, "UDEV0002", "UAPP0002")
COMMANDS = (
    (DEVELOPER, "help"),
    (DEVELOPER, "whoami"),
    (DEVELOPER, "list"),
    (DEVELOPER, "show aks-udr"),
    (DEVELOPER, "show aks-lb json"),
    (DEVELOPER, "whois 20.0.0.1"),
    (DEVELOPER, "capacity csv"),
    (DEVELOPER, "history aks-lb"),
    (DEVELOPER, "check aks-udr docker.io"),
    (DEVELOPER, "check aks-udr not a host & <b>"),
    (DEVELOPER, "nonsense"),
    (DEVELOPER, "requests mine"),
    (DEVELOPER, "scale aks-lb 3"),
    (DEVELOPER, "migrate aks-lb managedNATGateway"),
    (DEVELOPER, "partners aks-lb add Acme #egress They allowlist us"),
    (DEVELOPER, "partners aks-lb"),
    (DEVELOPER, "export aks-udr terraform"),
    (DEVELOPER, "notices decisions"),
    (DEVELOPER, "token list"),
    (APPROVER, "requests pending"),
    (APPROVER, "away until friday to @amir"),
    (AUDITOR, "audit"),
    (AUDITOR, "audit csv"),
    (AUDITOR, "evidence 2026-Q4"),
    (AUDITOR, "stats"),
    (AUDITOR, "review"),
    (DEVELOPER, "approve"),
    (DEVELOPER, "denied aks-udr"),
    (DEVELOPER, "learn aks-udr until:friday"),
    (DEVELOPER, "probe aks-udr a.example.com"),
    (DEVELOPER, "transfer"),
    (DEVELOPER, "stats"),
)
"""Who types what; the words of the page's completion, and some that are refused."""

PRESSES_MOST = 80
"""Buttons and menus that are used; each action once."""


def play(town: Town) -> None:
    """Play it to its end."""
    for user in PEOPLE[:4]:
        town.post("slack/home", user=user)
    for user, text in COMMANDS:
        town.type(user, text)
    for host in ("a.example.com", "b.example.com", "c.example.com"):
        town.type(DEVELOPER, f"request aks-udr {host}")
        _submit(town, DEVELOPER)
    _shortcuts(town)
    for _ in range(PRESSES_MOST):
        if not _use_something_new(town):
            break
    for user in PEOPLE[:4]:
        town.post("slack/home", user=user)


def _shortcuts(town: Town) -> None:
    town.post("slack/shortcut", user=DEVELOPER, callback_id="request_fqdn")
    _submit(town, DEVELOPER)
    said = town.post(
        "slack/message", user=DEVELOPER, channel=CHANNEL, text="curl: (6) Could not resolve: x.example.com"
    )
    where = {"channel": CHANNEL, "message_ts": said["ts"]}
    town.post("slack/shortcut", user=DEVELOPER, callback_id="request_fqdn_from_message", **where)
    _submit(town, DEVELOPER)


_used: set[str] = set()


def _use_something_new(town: Town) -> bool:
    state = town.sandbox.get("slack")
    for user, where, element in _usable(state):
        if element["action_id"] in _used:
            continue
        _used.add(element["action_id"])
        given = _given(element)
        town.post("slack/action", user=user, action_id=element["action_id"], **where, **given)
        for person in PEOPLE:
            _submit(town, person)
        return True
    return False


def _usable(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Whoever sees something to use, where it is, and the element."""
    for message in reversed(state["messages"]):
        where = {"channel": message["channel"], "message_ts": message["ts"]}
        members = next(c["members"] for c in state["channels"] if c["id"] == message["channel"])
        seers = [message["ephemeral_for"]] if message["ephemeral_for"] else [p for p in PEOPLE if p in members]
        yield from ((user, where | at, e) for at, e in _elements(message["blocks"]) for user in seers[:1])
    for user, view in state["home"].items():
        yield from ((user, {"view_id": view["id"]} | at, e) for at, e in _elements(view["blocks"]))


def _elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for block in blocks:
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield {"block_id": block["block_id"]}, element


def _given(element: dict[str, Any]) -> dict[str, Any]:
    options = element.get("options") or [o for g in element.get("option_groups", ()) for o in g["options"]]
    if options:
        return {"selected": options[0]["value"]}
    return {"value": element["value"]} if element["type"] == "button" and element.get("value") else {}


def _submit(town: Town, user: str) -> None:
    """Submit the form that is open, with something in each required field; close whatever stays open."""
    views = town.sandbox.views(user)
    if not views:
        return
    if views[-1].get("submit"):
        values = {b: {a: v} for b, a, v in [*_filled(views[-1]), *_looked_up(town, user, views[-1])]}
        town.post("slack/submit", user=user, view_id=views[-1]["id"], values=values)
    for view in reversed(town.sandbox.views(user)):
        town.post("slack/close", user=user, view_id=view["id"])


def _looked_up(town: Town, user: str, view: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The first option of each list that the bot is asked for."""
    for block in view["blocks"]:
        element = block.get("element") or {}
        if element.get("type") == "external_select" and "initial_option" not in element:
            where = {"view_id": view["id"], "block_id": block["block_id"], "action_id": element["action_id"]}
            offered = town.post("slack/options", user=user, value="aks", **where)
            options = offered.get("options") or [o for g in offered["option_groups"] for o in g["options"]]
            yield block["block_id"], element["action_id"], options[0]["value"]


def _filled(view: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    held = view.get("state", {}).get("values", {})
    for block in view["blocks"]:
        element = block.get("element")
        if block["type"] != "input" or held.get(block["block_id"], {}).get(element["action_id"], {}).get("value"):
            continue
        if element["type"] == "plain_text_input":
            yield block["block_id"], element["action_id"], "Because it is needed"
        elif element["type"] in {"static_select", "radio_buttons"} and "initial_option" not in element:
            given = _given(element)
            if given:
                yield block["block_id"], element["action_id"], given["selected"]
