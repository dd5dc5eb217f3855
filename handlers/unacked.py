"""What an ack would have shown, where its socket closed before it could be sent: said in the ways that are left.

Slack has told the person by then that it failed, and sends it to nobody again, except events.
"""

from collections.abc import Mapping
from typing import Any

from handlers.blocks.block_kit import message
from handlers.blocks.words import ARRIVED, form_refused
from handlers.modals import closing
from handlers.replies import Ephemeral, Message, Reply, UpdateModal


def instead_of_ack(body: Mapping[str, Any], ack: Mapping[str, Any]) -> tuple[Reply, ...]:
    """The replies that take the place of an ack.

    Args:
        body: The payload that was worked on.
        ack: What was to be sent, as Bolt made it.

    Returns:
        Nothing for what stands where it was pressed, in a modal or on the Home tab, and for choices.
    """
    if body.get("type") == "view_submission":
        return (_in_form(body["view"], ack),)
    if not body.get("response_url"):
        return ()
    said = (Ephemeral(Message(ack["text"], tuple(ack.get("blocks", ())))),) if "text" in ack else ()
    return (Ephemeral(message(ARRIVED)), *said)


def _in_form(view: Mapping[str, Any], ack: Mapping[str, Any]) -> Reply:
    """A form is still open, because nothing closed it: what was done is said in it, so that nobody sends it again."""
    if "errors" in ack:
        labels = {block["block_id"]: block["label"]["text"] for block in view["blocks"] if "label" in block}
        return Ephemeral(message(form_refused({labels[name]: one for name, one in ack["errors"].items()})))
    return UpdateModal(ack.get("view") or closing("Received", ARRIVED), overtakes=True)
