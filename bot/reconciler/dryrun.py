"""A dry run: the writers look and write nothing, and nothing is said that was not read back."""

from bot.domain.allowance import Allowance, is_open, is_wanted
from bot.domain.scale_proposal import Scale
from bot.domain.target import target_from_key
from bot.domain.work import WorkKind
from bot.inventory.partner_news import forewarn
from bot.ports import Claim, Context, Finish, NoticeEvent
from bot.reconciler.observation import Observation
from bot.reconciler.pieces import draw_in_pieces
from bot.reconciler.read_back import arrivals, mark, next_look
from bot.reconciler.run import Run
from bot.reconciler.write import close_attempt


def is_dry(ctx: Context, claim: Claim) -> bool:
    """Whether a piece of work writes nothing now."""
    if claim.kind is WorkKind.RULES:
        return ctx.config.dry_run.covers(target_from_key(claim.key))
    return claim.kind is WorkKind.SCALE and ctx.config.dry_run.is_everywhere


def look_only(run: Run, observation: Observation) -> Finish:
    """The round of a firewall that is not written: what came and what went by itself is marked, drift is left alone."""
    _note(run, observation)
    if observation.seen.is_updating:
        return Finish(run.ctx.pace.busy, state=run.state)
    close_attempt(run, observation)
    found = arrivals(run, observation)
    if found is None:
        return run.again(run.ctx.pace.backoff / 5)
    changed = mark(run, observation, found, missed=NoticeEvent.HELD)
    return Finish(next_look(run, observation, changed), state=run.state)


def end_dry_run(run: Run, observation: Observation) -> None:
    """Draw the cards again: what waited is written now."""
    if run.state.is_dry:
        run.state = run.state.end_dry_run()
        _redraw(run, observation)


def _note(run: Run, observation: Observation) -> None:
    if not run.state.is_dry:
        run.state = run.state.begin_dry_run()
        _redraw(run, observation)


def _redraw(run: Run, observation: Observation) -> None:
    """The cards of everything that the writer still has to do something about."""
    draw_in_pieces(run, (row for row in observation.rows if _is_pending(run, row)))


def _is_pending(run: Run, row: Allowance) -> bool:
    if is_wanted(row, run.now):
        return row.live_at is None or row.missing_since is not None
    return row.applying_at is not None and is_open(row, run.now)


def hold(run: Run, scale: Scale) -> Finish:
    """The round of a proposal that is approved and not applied: it is looked at again, and begun after a start."""
    if not run.state.is_dry:
        run.state = run.state.begin_dry_run()
        _redraw_scale(run, scale)
    return Finish(run.ctx.pace.resync, state=run.state)


def end_hold(run: Run, scale: Scale) -> None:
    """It is applied again: its card does not say any more that it is not, and partners are told now."""
    if run.state.is_dry:
        run.state = run.state.end_dry_run()
        _redraw_scale(run, scale)
        with run.write() as uow:
            forewarn(uow, scale)


def _redraw_scale(run: Run, scale: Scale) -> None:
    with run.write() as uow:
        uow.draw(scale)
