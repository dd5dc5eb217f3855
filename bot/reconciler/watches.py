"""Looks at a firewall's log again and again for somebody, tells what is new, and ends when it is time."""

from dataclasses import replace

from bot import denials
from bot.checking import MAX_DESTINATIONS
from bot.domain.firewall_log.watch import EVERY, Watch, WatchKind
from bot.errors import UserError
from bot.ports import Finish, Notice, NoticeKind, UnitOfWork, WatchEvent
from bot.reconciler.run import Run


def run_watch(run: Run) -> Finish:
    """Look once more; the row says what was known, so that any replica goes on after a restart."""
    watch_id = run.claim.key.partition(":")[2]
    with run.ctx.store.read() as tx:
        found = tx.watches.get(watch_id)
    if not found.is_open:
        return Finish(None, state=run.kept)
    try:
        seen = denials.look(run.ctx, found)
    except UserError as error:
        seen = replace(found, why=error.sentence, until=min(found.until, run.now))
    with run.write() as uow:
        now_stored = uow.tx.watches.get(watch_id)
        if not now_stored.is_open:
            return Finish(None, state=run.kept)
        return _kept(run, uow, now_stored, seen)


def _kept(run: Run, uow: UnitOfWork, before: Watch, seen: Watch) -> Finish:
    """Store what was seen; a watch that was prolonged meanwhile stays prolonged."""
    hosts = "\n".join(str(one) for one in seen.requestable[:MAX_DESTINATIONS])
    until = before.until if not seen.why else seen.until
    draft = uow.tx.drafts.keep(hosts) if hosts else ""
    now = replace(seen, version=before.version, until=until, draft=draft)
    if run.now >= denials.ends_at(now) or now.why:
        saved = denials.end_within(uow, now)
        _say(uow, saved, WatchEvent.ENDED)
        return Finish(None, state=run.kept)
    saved = uow.tx.watches.save(now)
    uow.tx.outbox.add(Notice(NoticeKind.CARD, saved.id, saved.starter.user))
    names = list(dict.fromkeys(one.denied.name for one in saved.news_for(before)))
    if saved.kind is WatchKind.TEST and names:
        rest = max(0, len(names) - MOST_TOLD)
        _say(uow, saved, WatchEvent.SEEN, names="\n".join(names[:MOST_TOLD]), rest=str(rest))
    return Finish(min(EVERY[saved.kind], denials.ends_at(saved) - run.now), state=run.kept)


MOST_TOLD = 20
"""Hosts that one message in the thread names, and it says how many more there are."""


def _say(uow: UnitOfWork, watch: Watch, event: WatchEvent, **facts: str) -> None:
    """In the thread under the card, where whoever began it reads it."""
    uow.tx.outbox.add(Notice(NoticeKind.THREAD, watch.id, watch.starter.user, {"event": event, **facts}))
