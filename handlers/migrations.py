"""Listener of ``/egress migrate``: another outbound type for a cluster."""

from dataclasses import dataclass

from bot import scaling
from bot.domain.outbound_migration import FORMS
from bot.domain.snat import number_from_text
from bot.errors import InvalidInput
from bot.ports import Context
from bot.scaling import MigrationWish
from handlers.blocks import lists, migration, words
from handlers.calls import Call, plain_words
from handlers.replies import Ephemeral, File, Reply
from handlers.subjects import deciders


@dataclass(frozen=True, slots=True)
class MigrationWords:
    """What follows ``/egress migrate``.

    Args:
        wish: The cluster, the outbound type and the count.
        form: The format of a file; empty for none.
        is_proposed: Whether it is proposed to be applied.
        reason: Why it is proposed; may be empty.
    """

    wish: MigrationWish
    form: str = ""
    is_proposed: bool = False
    reason: str = ""

    @classmethod
    def parse(cls, text: str) -> "MigrationWords":
        """Read ``CLUSTER [TYPE [COUNT] [az | terraform | bicep | propose [REASON]]]``.

        Raises:
            InvalidInput: No cluster, or words that are none of these.
        """
        cluster, *rest = text.split() or [""]
        if not cluster:
            raise InvalidInput(f"Give a cluster: {migration.USAGE}.")
        typed = rest.pop(0) if rest else ""
        count = number_from_text(rest.pop(0), cluster) if rest and rest[0].isdecimal() else None
        wish = MigrationWish(cluster, typed, count)
        if rest and rest[0].lower() == "propose":
            return cls(wish, is_proposed=True, reason=" ".join(rest[1:]))
        form = rest.pop(0).lower() if rest and rest[0].lower() in FORMS else ""
        if rest:
            raise InvalidInput(f"“{rest[0][:60]}” is not expected there. Use {migration.USAGE}.")
        return cls(wish, form)


def migrate(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """Show what a cluster's outbound type could become, plan one change, hand it out as a file, or propose it."""
    asked = MigrationWords.parse(plain_words(call.text))
    if not asked.wish.outbound_type:
        return Ephemeral(migration.migration_choices(scaling.migration_choices(ctx, call.caller, asked.wish.cluster)))
    if asked.is_proposed:
        made = scaling.propose_migration(ctx, call.caller, asked.wish, asked.reason)
        return Ephemeral(lists.proposed(made, deciders(ctx, made), ctx.clock.now(), ctx.config.dry_run))
    if not asked.form:
        return Ephemeral(
            migration.migration_plan(scaling.preview_migration(ctx, call.caller, asked.wish), ctx.config.prices)
        )
    file = scaling.hand_out(ctx, call.caller, asked.wish, asked.form)
    about = f"Outbound type of {asked.wish.cluster}: {asked.form}."
    return File(file.name, file.text, about), Ephemeral(words.file_sent(), follows=True)
