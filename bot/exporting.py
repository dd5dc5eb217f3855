"""Use case: the wanted rules of a cluster's firewall as infrastructure as code."""

from dataclasses import dataclass

from bot.allowances import scope_of
from bot.auditing import Attempt, observe
from bot.domain.access import membership_unknown
from bot.domain.allowance import is_wanted
from bot.domain.audit import Action
from bot.domain.export import FORMS
from bot.domain.rule_groups import joined
from bot.domain.rule_rendering import placed, render
from bot.errors import InvalidInput
from bot.inventory import find, person, unread, visible
from bot.ports import AllowanceFilter, Caller, Context


@dataclass(frozen=True, slots=True)
class Export:
    """A file for people.

    Args:
        name: Its name.
        text: Its content.
        rules: How many rules are in it.
    """

    name: str
    text: str
    rules: int


def export(ctx: Context, caller: Caller, cluster: str, form: str) -> Export:
    """Export the wanted rules of a cluster's firewall, for all clusters that the caller may see.

    Each rule collection has the priority that it has in Azure; a new one gets the next free one, and so does one whose
    priority another has in another of our rule collection groups.

    Args:
        ctx: The context.
        caller: Who asks.
        cluster: Name or id.
        form: ``terraform`` or ``bicep``.

    Raises:
        UnknownCluster: No such cluster, or none that this person may see.
        CannotTakeEffect: No firewall filters its traffic.
        InvalidInput: Another form.
        MembershipUnknown: A user group could not be read that might show more.
    """
    if form not in FORMS:
        raise InvalidInput(f"“{form}” is not an export format: use {' or '.join(FORMS)}.")
    who = person(ctx, caller)
    doubts = unread(ctx, who)
    if doubts:
        raise membership_unknown(doubts)  # a file that silently lacks rules would remove them when applied
    egress = find(ctx, who, cluster)
    target = scope_of(ctx.config, egress).target
    seen = {egress.ref.id for egress in visible(ctx, who)}
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(target=target, only_open=True))
    now = ctx.clock.now()
    wanted = [row for row in rows if is_wanted(row, now) and row.scope.cluster_id in seen]
    there = ctx.targets.open(target).observe()
    first = there.group(1)
    collections = placed(render(wanted), joined(there.collections), taken=first.taken, first=first.first_priority)
    ending, write = FORMS[form]
    count = sum(len(each.rules) for each in collections)
    facts = (("form", form), ("target", target.id), ("target_kind", target.kind), ("rules", str(count)))
    observe(ctx, caller, Action.RULES_EXPORT, Attempt(subject=target.id, cluster=egress.ref.name, detail=facts))
    return Export(f"egress-{target.name}.{ending}", write(target, collections), count)
