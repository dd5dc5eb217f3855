"""Shared by the tests of approving: the same world started again with another configuration."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from bot import allowances
from bot.allowances import Draft
from bot.domain.allowance import Allowance
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.configuration import Configuration, Group
from bot.domain.fqdn import parse_destination
from bot.domain.work import WorkKind
from tests.build import DEV, People, World
from tests.flows.writer_stage import HOUR


def configured(world: World, *rules: PolicyRule, **groups: Group) -> World:
    """The same world started again with other rules of the approval policy, and perhaps other groups."""
    book = world.ctx.config
    policy = replace(book.policy, rules=(*rules, *book.policy.rules))
    known = MappingProxyType({**book.groups, **groups})
    return started(world, replace(book, policy=policy, groups=known))


def started(world: World, book: Configuration) -> World:
    """The same world with another configuration, and the timers run as after every start."""
    ctx = replace(world.ctx, config=book, directory=People(book))
    made = replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))
    with made.store.write() as tx:
        tx.work.schedule(WorkKind.TIMERS, within=timedelta())
    return made


def wait(world: World) -> Allowance:
    """A request that nobody has decided."""
    return allowances.request(world.ctx, DEV, Draft("aks-udr", (parse_destination("w.example.com"),), "why", 8 * HOUR))


def asking(group: str, needed: int = 1) -> PolicyRule:
    """A rule that asks somebody, stronger than the shipped ones."""
    return PolicyRule("others", VerdictKind.ASK, "Others decide.", approvers=(group,), needed=needed)
