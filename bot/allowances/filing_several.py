"""Filing one request for several clusters or node pools: an allowance for each, and what cannot be filed is said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.allowances.filing import Filing, add, assessed, join, request, require_room, twin_of, waits_sentence
from bot.allowances.owners import owner_of
from bot.allowances.previews import Draft, Preview, ask_of
from bot.domain.allowance import Allowance, digest
from bot.domain.batch import MOST_TOGETHER, place_text
from bot.errors import AlreadyAllowed, AlreadyRequested, CannotTakeEffect, InvalidInput, RequestRefused, UserError
from bot.ports import Caller, Context, UnitOfWork

PUBLIC = (AlreadyAllowed, CannotTakeEffect, RequestRefused)
"""Refusals that the card may show: about a cluster that the requester may see. Others are for the requester alone."""


@dataclass(frozen=True, slots=True)
class NotFiled:
    """One cluster or pool of a request that was not filed.

    Args:
        place: As it was named.
        why: In one sentence.
        is_public: Whether the channel may read it.
        allowance: The id of the same request, where that is open already.
    """

    place: str
    why: str
    is_public: bool
    allowance: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of one request for several.

    Args:
        allowances: What was filed, in the order of the request.
        left_out: What was not, with the reason; also where somebody had requested the same before.
    """

    allowances: tuple[Allowance, ...]
    left_out: tuple[NotFiled, ...] = ()


def request_several(ctx: Context, caller: Caller, drafts: Sequence[Draft]) -> Filed:
    """File a draft for each cluster or pool, in one act: what can be filed is, and the rest is said.

    Raises:
        InvalidInput: A field that all of them have in common is wrong, or they are too many; nothing was filed.
        Unavailable: One of them could not be checked; nothing was filed.
        UserError: None of them could be filed; the sentence says why.
    """
    if len(drafts) == 1:
        return Filed((request(ctx, caller, drafts[0]),))
    _require_ordinary(drafts)
    found, left_out = _assessed(ctx, caller, drafts)
    made, joined = _added(ctx, caller, found, left_out) if found else ((), ())
    if not made:
        lines = [f"{one.place}: {one.why}" for one in (*left_out, *joined)]
        said = f"Nothing was filed. {' '.join(lines)}"
        raise AlreadyRequested(said, allowance=joined[0].allowance) if joined else RequestRefused(said)
    return Filed(made, (*left_out, *joined))


def _require_ordinary(drafts: Sequence[Draft]) -> None:
    if len(drafts) > MOST_TOGETHER:
        raise InvalidInput(
            f"One request can name {MOST_TOGETHER} clusters or pools; this one names {len(drafts)}. Nothing was filed.",
            field="also",
        )
    if any(one.is_break_glass for one in drafts):
        raise InvalidInput(
            "Break-glass opens one cluster at a time, so that each is reviewed by itself. Nothing was opened.",
            field="break_glass",
        )


def _assessed(ctx: Context, caller: Caller, drafts: Sequence[Draft]) -> tuple[list[Filing], list[NotFiled]]:
    """What may be filed, each once and all of it together; and what may not."""
    found, left_out = list[Filing](), list[NotFiled]()
    for draft in drafts:
        try:
            one = _filing(ctx, caller, draft, [other.made for other in found])
        except InvalidInput:
            raise
        except UserError as error:
            place = place_text(draft.cluster.rpartition("/")[2], draft.pool)  # of an id, its name
            left_out.append(NotFiled(place, error.sentence, is_public=isinstance(error, PUBLIC)))
            continue
        if all(digest(one.made.scope, one.ask) != digest(other.made.scope, other.ask) for other in found):
            found.append(one)
    return found, left_out


def _filing(ctx: Context, caller: Caller, draft: Draft, others: Sequence[Preview]) -> Filing:
    requester = owner_of(ctx, caller, draft)
    made = assessed(ctx, caller, requester, draft)
    require_room(ctx, made, others)
    return Filing(made, ask_of(draft, made.destinations, made.bundle), requester.identity)


def _added(
    ctx: Context, caller: Caller, found: Sequence[Filing], left_out: Sequence[NotFiled]
) -> tuple[tuple[Allowance, ...], tuple[NotFiled, ...]]:
    """Store what nobody has requested before; where somebody has, the requester hears how that goes."""
    with ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        twins = [twin_of(ctx, tx, one.made.scope, one.ask) for one in found]
        joined = list[NotFiled]()
        for one, twin in zip(found, twins, strict=True):
            if twin is not None:
                join(uow, twin, one.requester)
                why = waits_sentence(twin, caller.identity, uow.now)
                joined.append(NotFiled(_named(one), why, is_public=False, allowance=twin.id))
        new = [one for one, twin in zip(found, twins, strict=True) if twin is None]
        same = [(_named(one), f"Already requested: {twin.id}.") for one, twin in zip(found, twins, strict=True) if twin]
        told = (*((one.place, one.why) for one in left_out if one.is_public), *same)
        ids = _new_ids(uow, len(new)) if len(new) > 1 else ()
        placed = [replace(one, batch=ids, place=at, left_out=() if at else told) for at, one in enumerate(new)]
        return tuple(add(uow, one) for one in placed), tuple(joined)


def _named(one: Filing) -> str:
    return place_text(one.made.scope.cluster_name, one.made.scope.pool)


def _new_ids(uow: UnitOfWork, count: int) -> tuple[str, ...]:
    ids = list[str]()
    while len(ids) < count:
        ids += [made for made in (uow.tx.allowances.new_id(uow.now),) if made not in ids]
    return tuple(ids)
