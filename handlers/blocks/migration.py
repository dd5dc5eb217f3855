"""Changes of the outbound type: what is possible, and the plan."""

from collections.abc import Iterator, Sequence

from bot.domain.outbound_migration import FORMS, WITHOUT_TERRAFORM, MigrationPlan, Prerequisite, Standing, Transition
from bot.domain.partner import Partner
from bot.domain.phrases import counted
from bot.domain.snat import Prices, TypeChange, managed_after, price_text
from bot.scaling import MigrationChoices, MigrationPreview
from handlers.blocks.block_kit import code, context, escape, fold, header, message, paragraphs, section
from handlers.blocks.partners import copyable, partner_blocks
from handlers.replies import Block, Message

USAGE = "`/egress migrate CLUSTER [TYPE [COUNT] [az | terraform | bicep | propose REASON]]`"

_MARKS = {True: ":white_check_mark:", False: ":x:", None: ":grey_question:"}
_SIGNS = {
    Standing.PERMITTED: ":white_check_mark:",
    Standing.CONTRADICTED: ":grey_question:",
    Standing.NOT_PERMITTED: ":no_entry_sign:",
}


def migration_choices(found: MigrationChoices) -> Message:
    """What a cluster's outbound type could become."""
    ref, title = found.egress.ref, f"{found.egress.ref.name}: outbound type {found.egress.declared}"
    return message(
        title,
        [
            header(title),
            section(escape(found.capacity.advice) or "Its SNAT ports are unknown."),
            section(fold([_choice(one) for one in found.transitions])),
            context(f"{code(f'/egress migrate {ref.name} TYPE')} shows what it needs, what it does, and how to do it."),
        ],
    )


def _choice(one: Transition) -> str:
    return f"{_SIGNS[one.standing]} *{one.after}*" + (f": {escape(one.note)}" if one.note else "")


def migration_plan(preview: MigrationPreview, prices: Prices) -> Message:
    """A plan: whether it can be done, what it does and costs, who is told first, and the commands."""
    plan = preview.plan
    after = managed_after(plan.transition.after, plan.settings.ip_count)
    title = f"{plan.ref.name}: outbound type {plan.transition.before} → {plan.transition.after}"
    return message(
        title,
        [
            header(title),
            context(verdict(plan)),
            *paragraphs("*Needed first*", [_needed(one) for one in plan.prerequisites]),
            *effects(plan),
            *_told_first(plan, preview.partners),
            *([context(escape(price))] if (price := price_text(prices, after)) else []),
            section("*Commands*"),
            copyable(FORMS["az"][1](plan)),
            context(_next(preview)),
        ],
        rest=f"{code(f'{_typed(plan)} az')} sends the commands as a file.",
    )


def verdict(plan: MigrationPlan) -> str:
    """Whether it can be done now, in a sentence."""
    if plan.unmet:
        is_one = len(plan.unmet) == 1
        return f":x: Not yet: {counted(len(plan.unmet), 'prerequisite')} {'is' if is_one else 'are'} missing."
    if plan.transition.standing is Standing.CONTRADICTED:
        return f":grey_question: {escape(plan.transition.note)}"
    return (
        ":white_check_mark: Azure permits this change, and everything that it needs is there. Nothing was changed yet."
    )


def _needed(one: Prerequisite) -> str:
    return escape(f"{_MARKS[one.is_met]} {one.sentence} {one.way_out}".rstrip())


def effects(plan: MigrationPlan) -> Iterator[Block]:
    """What happens to addresses, connections and ingress, and what stays or gets better."""
    what = plan.consequences
    parts = ("Addresses", what.addresses), ("Connections", what.connections), ("Ingress", what.ingress)
    for title, lines in (*parts, ("No action needed", what.kept)):
        if lines:
            yield section(f"*{title}*\n{fold([f'• {escape(line)}' for line in lines])}")


def _told_first(plan: MigrationPlan, partners: Sequence[Partner]) -> list[Block]:
    if not plan.leaving:
        return []
    none = (
        f"Nobody is recorded as depending on these addresses. `/egress partners {escape(plan.ref.name)}` records them."
    )
    return partner_blocks(partners) or [section(f"*Tell first*\n{none}")]


def _next(preview: MigrationPreview) -> str:
    plan, typed = preview.plan, _typed(preview.plan)
    others = "so does `bicep`" if plan.transition.after in WITHOUT_TERRAFORM else "so do `terraform` and `bicep`"
    files = f"{code(f'{typed} az')} sends this as a file; {others}."
    if not preview.may_apply or not plan.is_possible:
        return files
    return f"{code(f'{typed} propose REASON')} requests approval; then the bot applies it. {files}"


def _typed(plan: MigrationPlan) -> str:
    """The command that plans it."""
    count = plan.settings.ip_count
    return f"/egress migrate {plan.ref.name} {plan.transition.after}{f' {count}' if count else ''}"


def migrate_again(change: TypeChange, cluster: str) -> Message:
    """How to propose a change of the outbound type again."""
    count = f" {change.count}" if change.count else ""
    typed = code(f"/egress migrate {cluster} {change.after}{count} propose REASON")
    return message(f"{typed} plans it again, from the cluster as it is now.")
