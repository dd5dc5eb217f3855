"""Refused attempts for the audit log. All of it is user input: nothing is trusted."""

from types import MappingProxyType

import structlog

from bot.auditing import Attempt, refuse
from bot.domain.fqdn import parse_many
from bot.domain.ids import is_id
from bot.errors import ConfirmationNeeded, EgressError, Unavailable
from bot.ports import Caller, Context
from handlers.calls import Call, CallKind, plain_words
from handlers.hosts import hosts_in

log = structlog.get_logger(__name__)

ON_IDS = frozenset({"approve", "deny", "revoke", "renew", "transfer"})
"""Commands whose first word is an id; that of others is a cluster."""


ABOUT_WORDS = MappingProxyType({"audit": "filters", "stats": "filters", "evidence": "filters", "token": "words"})
"""Commands about neither, with the name of their words on record."""


def attempt_of(kind: CallKind, act: str, call: Call) -> Attempt:
    """Extract the subject of an act from a command, a button or a form."""
    if kind is CallKind.COMMAND:
        return _typed(act, plain_words(call.text))
    given = call.value.get("id", "")
    cluster = call.form.get("cluster") or call.value.get("name") or call.value.get("cluster", "")
    named = ("also", "bundle", "suggested", "owner", "pool", "duration", "count", "break_glass", "outcome", "until")
    asked = {name: call.form.get(name, "") for name in named} | {"allowance": call.value.get("of", "")}
    asked |= {name: text for name, text in call.form.items() if name.startswith("bundle.")}
    return Attempt(
        subject=given if is_id(given) else "",
        cluster=cluster or ("" if is_id(given) else given),
        destinations=_hosts(hosts_in(call.form)),
        detail=tuple((name, text) for name, text in asked.items() if text),
    )


def _typed(act: str, text: str) -> Attempt:
    if act in ABOUT_WORDS:
        return Attempt(detail=((ABOUT_WORDS[act], text),) if text else ())
    first, _, rest = text.strip().partition(" ")
    if act == "review":
        named = next((word for word in text.split() if is_id(word)), "")
        return Attempt(subject=named, detail=(("words", text),) if text else ())
    if act in ON_IDS or is_id(first):
        return Attempt(subject=first.strip(","))
    return Attempt(cluster=first, detail=(("words", rest.strip()),) if rest.strip() else ())


def _hosts(text: str) -> tuple[str, ...]:
    found = parse_many(text)
    return (*(str(one) for one in found.destinations), *(problem.text for problem in found.problems))


def record_refusal(ctx: Context, caller: Caller, act: str, error: EgressError, attempt: Attempt) -> None:
    """Record a refused act, or note on the error that it could not be; having to wait or sign in is no refusal."""
    if not act or isinstance(error, Unavailable | ConfirmationNeeded):
        return
    try:
        refuse(ctx, caller, act, error, attempt)
    except EgressError as second:
        log.warning("refusal_not_recorded", act=act, error=str(second))
        error.add_note(second.sentence)
