"""Scale proposals: the plan before it is proposed, the card, and its news."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bot.domain.configuration import Configuration
from bot.domain.partner import Partner
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.domain.snat import Prices, ScalePlan, TypeChange, plan_price
from bot.ports import NoticeEvent
from bot.scaling import ScalePreview
from handlers.blocks.approval_card import (
    approval_blocks,
    carried,
    given_reason,
    in_full,
    news_facts,
    standing_facts,
)
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    person,
    said,
    section,
    value,
    when,
)
from handlers.blocks.buttons import act_buttons
from handlers.blocks.deciders import needs
from handlers.blocks.dryrun import SCALE_WAITS, is_dry
from handlers.blocks.narrowing import smaller_step_blocks
from handlers.blocks.news import news_words
from handlers.blocks.partners import copyable, partner_blocks
from handlers.blocks.story import story_button
from handlers.replies import Block, Message

HEADLINES: Mapping[ScaleStatus, str] = MappingProxyType(
    {
        ScaleStatus.WAITING: "Waiting for a decision",
        ScaleStatus.APPROVED: "Approved, not applied yet",
        ScaleStatus.APPLYING: "Azure is changing it",
        ScaleStatus.DONE: "Done",
        ScaleStatus.DENIED: "Denied",
        ScaleStatus.WITHDRAWN: "Withdrawn",
        ScaleStatus.LAPSED: "Lapsed: nobody decided in time",
        ScaleStatus.FAILED: "Failed: not changed as planned",
    }
)

STANDING: Mapping[ScaleStatus, str] = MappingProxyType(
    {
        ScaleStatus.WAITING: ":hourglass_flowing_sand: {needs} It lapses {lapses}.",
        ScaleStatus.APPROVED: ":ballot_box_with_check: The bot will send the change to Azure next.",
        ScaleStatus.APPLYING: ":gear: This takes a few minutes. The card updates once the result is read back.",
        ScaleStatus.DONE: ":large_green_circle: Read back from Azure {done}.",
        ScaleStatus.DENIED: ":no_entry_sign: Nothing was changed.",
        ScaleStatus.WITHDRAWN: ":no_entry: Nothing was changed.",
        ScaleStatus.LAPSED: ":white_circle: Nothing was changed. You can propose it again.",
        ScaleStatus.FAILED: ":red_circle: {failure}",
    }
)

IPS_ROOM = 1200


def ips_text(addresses: Sequence[str]) -> str:
    """Addresses as one copies them."""
    return fold([code(address) for address in addresses], IPS_ROOM, joint="  ") if addresses else "none"


def _change(plan: ScalePlan, prices: Prices) -> list[Block]:
    """What a decision is about: the numbers before and after, the addresses that come and go, the warnings."""
    warnings = [f":warning: {escape(warning)}" for warning in plan.warnings]
    notes = [f"• {escape(note)}" for note in plan.notes]
    return [
        section(f"Changes {escape(plan.change.text)}."),
        *([context(escape(plan.sum))] if plan.sum else []),
        *([section(f":bar_chart: {escape(plan.measured)}")] if plan.measured else []),
        *([] if isinstance(plan.change, TypeChange) else [section("\n".join(_numbers(plan)))]),
        *_addresses(plan),
        *([context(escape(price))] if (price := plan_price(plan, prices)) else []),
        *([section(fold(warnings))] if warnings else []),
        *([section(fold(notes))] if notes else []),
    ]


def _numbers(plan: ScalePlan) -> list[str]:
    """SNAT ports before and after: in total, of each node, and the nodes that they suffice for."""
    total = f"SNAT ports {_step(plan.ports_before, plan.ports_after)}"
    now, then = plan.now, plan.then
    if now is None or then is None:
        return [total]
    each = [f"per node {_step(now.ports_per_node, then.ports_per_node)}"] if now.ports_per_node else []
    fits = [f"enough for {_step(now.node_limit, then.node_limit)} nodes"] if now.node_limit else []
    surge = f", {now.surge_nodes} of them during upgrades" if now.surge_nodes else ""
    most = "AKS shows no node limit" if now.is_unbounded else f"at most {now.max_nodes:,}{surge}"
    cliff = then.cliff
    tier = (
        [f"From {cliff.at_nodes:,} nodes on, each has {cliff.ports_after:,} ports instead of {cliff.ports_before:,}."]
        if cliff
        else []
    )
    return [", ".join([total, *each, *fits]) + ".", f"Nodes: {now.nodes_now:,} now, {most}.", *tier]


def _step(before: int | None, after: int | None) -> str:
    was, becomes = (f"{number or 0:,}" for number in (before, after))
    return was if was == becomes else f"{was} → *{becomes}*"


def _addresses(plan: ScalePlan) -> list[Block]:
    """Those that stay, come and go, as far as it is known before."""
    chosen = plan.change.chosen_by_azure
    going = f"May be removed ({-chosen} of them, Azure chooses)" if chosen < 0 else "Removed"
    new = [f"{chosen} new, chosen by Azure"] if chosen > 0 else []
    coming = [*new, *([ips_text(plan.coming)] if plan.coming else [])]
    stay = [address for address in plan.ips_before if address not in plan.at_risk] if plan.changes_ips else []
    return [
        *([section(f"*{going}*\n{ips_text(plan.at_risk)}")] if plan.at_risk else []),
        *([section("\n".join(["*Added*", *coming]))] if coming else []),
        *([section(f"*Stay*\n{ips_text(stay)}")] if stay else []),
    ]


def scale_preview(preview: ScalePreview) -> Message:
    """Show a cluster's outbound IPs and what can be proposed."""
    ref = preview.egress.ref
    return message(
        f"Outbound IPs of {ref.name}",
        [
            header(f"{ref.name}: outbound IPs"),
            section(ips_text([ip.address for ip in preview.egress.ips])),
            section(escape(preview.capacity.advice) or "Its SNAT ports are unknown."),
            *([section(f":bar_chart: {escape(preview.measured)}")] if preview.measured else []),
            *partner_blocks(preview.partners),
            context(_reach(preview)),
            *actions(button("Propose…", "propose", value(id=ref.id, name=ref.name), style="primary")),
        ],
    )


def _reach(preview: ScalePreview) -> str:
    name = preview.egress.ref.name
    lines = [f"`/egress scale {name} {typed}`  {escape(meaning)}" for typed, meaning in preview.goals]
    return "\n".join(["Plan a change and request approval:", *lines])


def scale_parts(scale: Scale, prices: Prices, partners: Sequence[Partner] = ()) -> list[Block]:
    """Show the plan, what it costs, who depends on the addresses, and the reason."""
    return [
        *_change(scale.plan, prices),
        *partner_blocks(partners),
        section(f"*Addresses when it was planned*\n{ips_text(scale.plan.ips_before)}"),
        *([section("*Reason*"), said(scale.reason)] if scale.reason else []),
    ]


def scale_card(scale: Scale, config: Configuration, now: datetime, partners: Sequence[Partner] = ()) -> Message:
    """The card of a proposal.

    Args:
        scale: The facts.
        config: Names groups, and knows where nothing is written.
        now: The time.
        partners: Who depends on the addresses.
    """
    state, plan = scale_status(scale, now), scale.plan
    is_waiting = state is ScaleStatus.WAITING
    is_held = is_dry(config.dry_run, scale) and state is ScaleStatus.APPROVED
    standing = (f":test_tube: {SCALE_WAITS}" if is_held else STANDING[state]).format(
        **standing_facts(scale), done=when(scale.done_at) if scale.done_at else ""
    )
    result = [section(f"*Addresses now*\n{ips_text(scale.ips_after)}")] if scale.ips_after else []
    return message(
        f"{HEADLINES[state]}: {plan.title} ({scale.id})",
        [
            header(f"{HEADLINES[state]}: {plan.title}"),
            context(standing),
            *_change(plan, config.prices),
            *partner_blocks(partners),
            *result,
            *([said(f"Reason: {scale.reason}")] if scale.reason else []),
            context(
                f"{code(scale.id)}, {escape(scale.environment)}, "
                f"proposed by {person(scale.requester.user)} {when(scale.requested_at)}."
            ),
            *approval_blocks(scale, config, is_waiting=is_waiting, taken_back="Withdrawn"),
            *actions(
                *act_buttons(scale, config, now), button("Details", "details", carried(scale)), story_button(scale.id)
            ),
        ],
        rest=in_full(scale.id),
    )


def scale_line(scale: Scale, now: datetime) -> str:
    """One line of a list."""
    state = scale_status(scale, now)
    waits = f" ({needs(scale.verdict, scale.approvals)})" if state is ScaleStatus.WAITING else ""
    return (
        f"{code(scale.id)}  *{state}*  {code(scale.plan.cluster_name)} {escape(scale.plan.change.text)}, "
        f"proposed by {person(scale.requester.user)}{waits}"
    )


def scale_news(scale: Scale, body: Mapping[str, str], config: Configuration) -> Message:
    """One event, as the thread under the card and the person who proposed get it.

    Args:
        scale: The facts.
        body: Of the notice: ``event``, and what its words need beside the proposal.
        config: Names groups, and knows where nothing is written.
    """
    event = body.get("event", "")
    text = news_words(scale, event, config.dry_run).format(
        **news_facts(scale, body, config), result=scale.plan.change.goal
    )
    about = f"{code(scale.id)}, {escape(scale.plan.title)}"
    addresses = [section(ips_text(scale.ips_after))] if event == NoticeEvent.DONE and scale.ips_after else []
    copied = [copyable(body["copy"])] if body.get("copy") else []
    smaller = smaller_step_blocks(body, scale.plan.change.goal)
    parts = [section(text), *smaller, *addresses, *copied, *given_reason(scale, event), context(about)]
    return message(f"{text} {about}", parts, rest=in_full(scale.id))
