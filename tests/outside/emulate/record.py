"""Writes ``recorded.json``: the product's Web API calls of the story, with names in the place of ids.

PYTHONPATH=. .venv/bin/python -m tests.outside.emulate.record
"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.outside import story
from tests.outside.town import Exchange, opened_town

RECORDED = Path(__file__).with_name("recorded.json")
EACH_MOST = 3
"""Calls of one method that are kept."""

PEOPLE = {
    "user": "UDEV0001",
    "user2": "UDEV0002",
    "other": "UAPP0001",
    "other2": "UAPP0002",
    "auditor": "UAUD0001",
    "operator": "UOPS0001",
}
"""People by the names that they have in the calls."""

NAMES = {found: f"{{{name}}}" for name, found in PEOPLE.items()} | {
    "CEGRESS01": "{channel}",
    "SAPPROVE1": "{group}",
}
SAVED = {"ts": "ts", "message_ts": "ts", "file_id": "file", "view.id": "view", "view.hash": "hash", "channel.id": "dm"}
"""What an answer names for later calls, by its path: the kind of name."""


def recorded(calls: Sequence[Exchange]) -> list[dict[str, Any]]:
    """The calls as they are played again: method, arguments, and what of the answer gets which name."""
    names, kept = dict(NAMES), list[dict[str, Any]]()
    for number, call in enumerate(calls):
        method = call.path.removeprefix("/api/")
        args = json.loads(_named(json.dumps({k: v for k, v in call.sent.items() if k != "token"}), names))
        if "trigger_id" in args:
            args["trigger_id"] = "{trigger}"
        saves = {}
        for path, kind in SAVED.items():
            found = at(call.body, path)
            if isinstance(found, str) and found not in names:
                names[found] = f"{{{kind}{number}}}"
                saves[f"{kind}{number}"] = path
        kept.append({"method": method, "args": args, "form": call.is_form} | ({"save": saves} if saves else {}))
    return _fewer(kept)


def _named(text: str, names: dict[str, str]) -> str:
    for found, name in sorted(names.items(), key=lambda item: -len(item[0])):
        text = text.replace(found, name)
    return text


def _fewer(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first calls of each method, and those whose answers they need."""
    wanted: set[int] = set()
    counted = Counter[str]()
    for index, call in enumerate(calls):
        counted[call["method"]] += 1
        if counted[call["method"]] <= EACH_MOST:
            wanted |= {index, *_needed(calls, index)}
    return [call for index, call in enumerate(calls) if index in wanted]


def _needed(calls: list[dict[str, Any]], index: int) -> set[int]:
    text = json.dumps(calls[index]["args"])
    before = {i for i, c in enumerate(calls[:index]) if any(f"{{{name}}}" in text for name in c.get("save", {}))}
    return before.union(*(_needed(calls, each) for each in before))


def at(body: Any, path: str) -> Any:
    """The value at a dotted path of an answer, or None."""
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def main() -> None:
    """Play the story and write the file."""
    with tempfile.TemporaryDirectory(prefix="outside-") as folder, opened_town(Path(folder)) as town:
        story.play(town)
        calls = recorded(town.calls.seen)
    RECORDED.write_text("[\n" + ",\n".join(json.dumps(call, ensure_ascii=False) for call in calls) + "\n]\n")
    print(f"{len(calls)} calls in {RECORDED.name}")


if __name__ == "__main__":
    main()
