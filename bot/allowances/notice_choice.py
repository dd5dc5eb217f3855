"""How much a person is told in direct messages."""

from bot.errors import InvalidInput
from bot.inventory import person
from bot.ports import Caller, Context
from bot.ports.notice_levels import NoticeLevel


def notice_level(ctx: Context, caller: Caller) -> NoticeLevel:
    """What the caller is told.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.notice_levels.get(who.identity.user)


def choose_notices(ctx: Context, caller: Caller, wanted: str) -> NoticeLevel:
    """Remember what the caller wants to be told from now on.

    Raises:
        NotPermitted: For people of other workspaces.
        InvalidInput: There is no such level.
    """
    who, levels = person(ctx, caller), ", ".join(NoticeLevel)
    if wanted not in set(NoticeLevel):
        raise InvalidInput(f"“{wanted[:40]}” is not a level. Use one of {levels}, for example `/egress notices mine`.")
    level = NoticeLevel(wanted)
    with ctx.store.write() as tx:
        tx.notice_levels.put(who.identity.user, level)
    return level
