"""Listener of ``/egress partners``: who depends on a cluster's outbound IPs."""

from dataclasses import replace

from bot import partners as use_cases
from bot.domain.partner import PartnerDraft, draft_from_text
from bot.errors import InvalidInput
from bot.ports import Context
from handlers.blocks import partners as blocks
from handlers.calls import Call, plain_words
from handlers.replies import Ephemeral, Reply


def partners(ctx: Context, call: Call) -> Reply:
    """List a cluster's partners, add one, or remove one."""
    cluster, _, rest = call.text.strip().partition(" ")
    verb, _, words = rest.strip().partition(" ")
    if not cluster:
        raise InvalidInput("Give a cluster: `/egress partners CLUSTER`.")
    match verb.lower():
        case "" | "list":
            return Ephemeral(blocks.partner_list(use_cases.partners_of(ctx, call.caller, plain_words(cluster))))
        case "add":
            made = use_cases.add(ctx, call.caller, plain_words(cluster), _draft(words))
            return Ephemeral(blocks.partner_added(*made))
        case "remove":
            name = plain_words(words).strip().strip('"“”„')
            return Ephemeral(blocks.partner_removed(*use_cases.remove(ctx, call.caller, plain_words(cluster), name)))
    raise InvalidInput(f"“{plain_words(verb)[:60]}” is not an act: use `list`, `add` or `remove`. {blocks.USAGE}")


def _draft(words: str) -> PartnerDraft:
    """What was typed: the contact is in Slack's markup, name and note are in people's words."""
    draft = draft_from_text(words)
    return replace(draft, name=plain_words(draft.name), note=plain_words(draft.note))
