"""The reference of the configuration: ``docs/configuration.md``, made of the dataclasses that are checked."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from typing import Any

from bot.domain.duration import duration_code
from bot.domain.shape import Setting, settings_of, table_in, unit, words

_MANY = 8
_COLUMNS = "| {} | type | unit | default | meaning |\n|---|---|---|---|---|"
_HEAD = """# Configuration

Every setting, from the code: `python -m bot config reference` writes this page. `python -m bot config check FILE` says
everything that is wrong with a file; `python -m bot config example` writes one to begin with.

## Environment

Secrets and endpoints. An empty variable counts as unset. Variables of libraries (`AZURE_…`, `HTTPS_PROXY`,
`SSL_CERT_FILE`) are in [deploy/README.md](../deploy/README.md#2-the-identity-in-azure).
"""
_FILE = """
## The file

TOML; `EGRESS_CONFIG` names it. A key that is not listed here is refused.
"""


def reference(environment: type, file: type) -> str:
    """The page.

    Args:
        environment: The dataclass whose fields are variables.
        file: The dataclass whose fields are the tables of the file.
    """
    variables = _rows(environment, "variable", "EGRESS_{}")
    tables = (f"\n### `{heading}`\n\n{_purpose(kind)}\n\n{_rows(kind, 'key')}" for heading, kind in _tables(file))
    return f"{_HEAD}\n{variables}{_FILE}{''.join(tables)}"


def _tables(kind: type, around: str = "") -> Iterator[tuple[str, type]]:
    for setting in settings_of(kind):
        if found := table_in(setting, around):
            yield found
            yield from _tables(found[1], f"{found[0].strip('[]')}.")


def _purpose(kind: type) -> str:
    return _marked((inspect.getdoc(kind) or "").split("\n\n")[0])


def _rows(kind: type, first: str, name: str = "") -> str:
    defaults = {field.name: field for field in fields(kind)}
    rows = (_row(one, defaults[one.field], name) for one in settings_of(kind) if table_in(one, "") is None)
    return "\n".join([_COLUMNS.format(first), *rows, ""])


def _row(setting: Setting, field: "Field[Any]", name: str) -> str:
    key = name.format(setting.name.upper()) or setting.name
    cells = (words(setting.annotation), unit(setting.annotation), _default(field), setting.meaning)
    return f"| `{key}` | {' | '.join(_marked(cell) for cell in cells)} |"


def _marked(text: str) -> str:
    """As Markdown: code in single marks, stars outside of it as they are."""
    parts = " ".join(text.split()).replace("``", "`").split("`")
    parts[::2] = [part.replace("*", r"\*") for part in parts[::2]]
    return "`".join(parts)


def _default(field: "Field[Any]") -> str:
    if field.default_factory is not MISSING:
        return _written(field.default_factory())
    return "required" if field.default is MISSING else _written(field.default)


def _written(value: Any) -> str:
    """A value as the file has it; the bot's own long lists by their length, nothing as nothing."""
    match value:
        case Mapping():
            return ", ".join(f"`{k}`" if is_dataclass(v) else f"`{_key(k)} = {v}`" for k, v in value.items())
        case tuple() | frozenset() if len(value) > _MANY:
            return f"{len(value)} that the bot knows"
        case tuple() | frozenset():
            return ", ".join(_written(one) for one in (value if isinstance(value, tuple) else sorted(value)))
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{duration_code(value)}`"
    return f"`{value}`" if value is not None and str(value) else ""


def _key(key: object) -> str:
    return str(key.days) if isinstance(key, timedelta) else str(key)
