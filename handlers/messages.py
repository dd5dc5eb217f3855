"""The text of a message, wherever it is: its text, its blocks, its attachments, the preview of a snippet.

Shapes: https://docs.slack.dev/reference/block-kit/blocks, https://docs.slack.dev/reference/messaging/attachments and
https://docs.slack.dev/reference/objects/file-object, read 2026-11.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 12
"""Levels of blocks within blocks: rich text in a table in an attachment has eight."""


def text_of(message: Mapping[str, Any]) -> str:
    """Everything that a message says, a line for each part and each part once.

    Of an alert the ``text`` is often only a summary, and the failure is in attachments or blocks.
    """
    parts = [str(message.get("text") or ""), *_blocks(message.get("blocks"), 0)]
    for attachment in _objects(message.get("attachments")):
        parts += _attachment(attachment)
    parts += [str(file.get("preview") or "") for file in _objects(message.get("files"))]
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())


def _attachment(attachment: Mapping[str, Any]) -> Iterator[str]:
    said = [str(attachment.get(key) or "") for key in ("pretext", "title", "text")]
    said += [f"{field.get('title') or ''}: {field.get('value') or ''}" for field in _objects(attachment.get("fields"))]
    said += _blocks(attachment.get("blocks"), 0)
    for shared in _objects(attachment.get("message_blocks")):
        said += _blocks((shared.get("message") or {}).get("blocks"), 0)
    yield from said if any(part.strip() for part in said) else [str(attachment.get("fallback") or "")]


def _blocks(blocks: object, depth: int) -> Iterator[str]:
    if depth < _DEEPEST:
        for block in _objects(blocks):
            yield from _block(block, depth)


def _block(block: Mapping[str, Any], depth: int) -> Iterator[str]:
    kind = block.get("type")
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield "".join(_inline(one) for one in _objects(block.get("elements")))
    elif kind in ("rich_text", "rich_text_list"):
        yield from _blocks(block.get("elements"), depth + 1)
    elif kind == "table":
        yield "\n".join(_row(row, depth) for row in block.get("rows") or () if isinstance(row, list))
    elif kind in ("section", "header", "context", "markdown", "raw_text", "mrkdwn", "plain_text"):
        yield from _texts(block, depth)


def _texts(block: Mapping[str, Any], depth: int) -> Iterator[str]:
    text = block.get("text")
    yield from _blocks([text], depth + 1) if isinstance(text, Mapping) else [str(text or "")]
    for inner in (block.get("fields"), block.get("elements")):
        yield from _blocks(inner, depth + 1)


def _row(row: list[Any], depth: int) -> str:
    """The cells of a table's row with tabs between them, as they are copied from a table elsewhere."""
    return "\t".join(" ".join("".join(_blocks([cell], depth + 1)).split()) for cell in row)


def _inline(element: Mapping[str, Any]) -> str:
    """A piece of rich text; a link as Slack writes one, so that its label stays known."""
    text = str(element.get("text") or "")
    if element.get("type") == "link":
        return f"<{element.get('url') or ''}|{text}>" if text else str(element.get("url") or "")
    return text
