"""Slack's own TypeScript types as JSON Schemas, made from the npm packages whenever they are asked for."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

from tests.outside.provision import node, node_packages
from tests.outside.report import Missing

HEAD = Path(__file__).with_name("head.ts")
"""The imports, and the types that are made by hand."""

DELIVERED: Mapping[str, str] = {
    "command": "SlashCommand",
    "block_actions": "BlockAction",
    "block_suggestion": "BlockSuggestion",
    "shortcut": "GlobalShortcut",
    "message_action": "MessageShortcut",
    "view_submission": "ViewSubmitAction",
    "view_closed": "ViewClosedAction",
    "app_home_opened": "EnvelopedEvent<AppHomeOpenedEvent>",
    "app_mention": "EnvelopedEvent<AppMentionEvent>",
    "message": "EnvelopedEvent<GenericMessageEvent>",
}
"""Types of what is delivered, by what it is."""

PRODUCED = ("Blocks", "Modal", "Home", "Manifest", "ViewAck")


class Types:
    """Validates against the types.

    Args:
        methods: The Web API methods whose arguments and answers are asked about.
    """

    def __init__(self, methods: Iterable[str]) -> None:
        folder = node_packages("shapes")
        exported = _exported(folder)
        roots = {f"D_{kind}": name for kind, name in DELIVERED.items()}
        for method in methods:
            for prefix, suffix in (("A", "Arguments"), ("R", "Response")):
                if type_name(method, suffix) in exported:
                    roots[f"{prefix}_{_key(method)}"] = f"web.{type_name(method, suffix)}"
        lines = [f"export type {alias} = {name};" for alias, name in roots.items()]
        (folder / "roots.ts").write_text(HEAD.read_text() + "\n".join(lines) + "\n")
        self._validators = _validators(folder, [*PRODUCED, *roots])

    def wrong(self, name: str, value: Any) -> list[str] | None:
        """What is wrong with a value, each with its place; None if there is no such type."""
        validator = self._validators.get(name)
        return None if validator is None else [_words(error) for error in _deepest(validator.iter_errors(value))]

    def of_arguments(self, method: str) -> str:
        """The name of the type of a method's arguments."""
        return f"A_{_key(method)}"

    def of_answer(self, method: str) -> str:
        """The name of the type of a method's answer."""
        return f"R_{_key(method)}"


def type_name(method: str, suffix: str) -> str:
    """The name that the packages give, such as ``UsergroupsUsersListResponse``."""
    return "".join(part[0].upper() + part[1:] for part in method.split(".")) + suffix


def _key(method: str) -> str:
    return method.replace(".", "_")


def _exported(folder: Path) -> set[str]:
    types = folder / "node_modules" / "@slack" / "web-api" / "dist" / "types"
    text = "\n".join(each.read_text() for each in types.rglob("*.d.ts"))
    return set(re.findall(r"export (?:default )?(?:type|interface) (\w+)", text)) | set(
        re.findall(r"\b(\w+Response)\b", text)
    )


def _validators(folder: Path, names: list[str]) -> dict[str, Draft7Validator]:
    out = folder / "schemas.json"
    done = subprocess.run(
        [str(node()), "generate.js", str(out), *names], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"No schemas could be made from Slack's types: {done.stderr.strip()[-300:]}")
    made = json.loads(out.read_text())
    if made["failed"]:
        raise Missing(f"No schemas could be made of {made['failed']}")
    return {name: Draft7Validator(schema) for name, schema in made["schemas"].items()}


def _deepest(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Of each error of a union the one that fits best; of an object that is no member at all, the union's."""
    for error in errors:
        yield best_match([error]) or error


def _words(error: ValidationError) -> str:
    """Place and fault, without the value's own text: that differs from run to run."""
    place = "/".join("*" if isinstance(part, int) else str(part) for part in error.absolute_path)
    fault = {
        "type": f"{type(error.instance).__name__} instead of {error.validator_value}",
        "enum": f"{error.instance!r} is not among the values",
        "anyOf": f"{sorted(error.instance) if isinstance(error.instance, dict) else error.instance} fits no member",
    }
    return f"/{place}: {fault.get(str(error.validator), error.message[:160])}"
