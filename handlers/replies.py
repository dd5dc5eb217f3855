"""The replies of listeners: values that the boundary sends. The ``view`` and ``blocks`` in them are plain JSON."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from bot.domain.chart import Chart

Block = dict[str, Any]
"""One Block Kit block (https://docs.slack.dev/reference/block-kit/blocks, read 2026-11)."""

View = dict[str, Any]
"""A modal or a Home tab (https://docs.slack.dev/reference/views, read 2026-11)."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a conversation.

    Args:
        text: The whole of it for notifications and screen readers; mrkdwn, what people typed escaped.
        blocks: At most 50.
        charts: Charts that stand as text among the blocks, each in the block with its id: what answers a person draws
            them as well as the workspace can.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """Answer the person, and nobody else, where they acted.

    Args:
        message: What to say.
        replaces: Put it in the place of the message whose button was pressed (the next page of a list).
        follows: Say it only once the reply before it was carried out, because that is what it tells.
    """

    message: Message
    replaces: bool = False
    follows: bool = False


@dataclass(frozen=True, slots=True)
class OpenModal:
    """Open a modal for the person.

    Args:
        view: The view that can be drawn immediately: a trigger lives three seconds.
        then: Draws it again with what takes longer, such as the firewall's rules; runs once it is open.
    """

    view: View
    then: Callable[[], View] | None = None


@dataclass(frozen=True, slots=True)
class UpdateModal:
    """Draw the modal in which the person acted again.

    Args:
        view: The modal; what was typed into fields that stay is kept by Slack.
        overtakes: Also where it was drawn again since they acted, because it shows what they chose.
    """

    view: View
    overtakes: bool = False


@dataclass(frozen=True, slots=True)
class Invalid:
    """Keep the modal open and say what is wrong with which field; nothing that was typed is lost.

    Args:
        errors: A sentence for each block id.
    """

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PublishHome:
    """Draw the person's Home tab."""

    view: View


@dataclass(frozen=True, slots=True)
class RefreshHome:
    """Draw the person's Home tab again after an act on it: the act is done, whatever becomes of the drawing.

    Args:
        draw: Draws it as it is then.
    """

    draw: Callable[[], View]


@dataclass(frozen=True, slots=True)
class File:
    """Hand the person a file in their conversation with the bot.

    Args:
        name: The file's name.
        content: Its text.
        comment: What it is, one sentence.
        data: A file on disk from its start, where it is no text; then ``content`` is empty.
    """

    name: str
    content: str
    comment: str
    data: IO[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Hand the person files one after the other; each is made when the one before was sent.

    Args:
        make: Makes them.
    """

    make: Callable[[], Iterator[File]]


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that fits, for a select that asks while one types; Slack gets the first 100, and the number of all."""

    options: tuple[Block, ...] = field(default=())


Reply = Ephemeral | OpenModal | UpdateModal | Invalid | PublishHome | RefreshHome | File | Files | Options
"""Everything that a listener may answer."""
