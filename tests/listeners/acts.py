"""Each entry that changes something, with a call that does: by somebody who may, about something of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from bot import allowances, approvals, auditing
from bot.allowances import ALLOWANCES, Draft, campaigns
from bot.approvals import Decision, Inquiry
from bot.domain.allowance import Allowance
from bot.domain.fqdn import Destination, parse_destinations
from bot.domain.saved_search import SavedSearch
from bot.ports import Caller
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV2, OPERATOR, SUBSCRIPTION
from tests.flows.writer_stage import HOUR
from tests.histories.town import APPROVER3, GUEST, LEFT, NOBODY, OPEN_CLUSTER, STRANGER
from tests.listeners.front_desk import Desk
from tests.listeners.payloads import CHANNEL, STAMP, Act

OUTSIDERS = (NOBODY, GUEST, LEFT, STRANGER)
NUMBERS = count(1)

Made = Callable[[Desk], Act]


@dataclass(frozen=True)
class Scenario:
    """How an entry is used.

    Args:
        make: Prepares what it is about; what is sent.
        right: Who may.
        wrong: Those who may not.
    """

    make: Made
    right: Caller
    wrong: Sequence[Caller] = OUTSIDERS


def carried(row: Allowance, form: Mapping[str, str] | None = None, **more: str) -> Act:
    """What the buttons and modals of a request carry."""
    return Act(json.dumps({"id": row.id, "digest": row.digest, **more}), form or {})


def waiting(desk: Desk, what: str = "host{}.example.com") -> Allowance:
    """A request of the second developer that nobody has decided."""
    return allowances.request(desk.world.ctx, DEV2, Draft(OPEN_CLUSTER, _hosts(what), "why", 8 * HOUR))


def _hosts(what: str) -> tuple[Destination, ...]:
    return parse_destinations(what.format(next(NUMBERS)))


def inquired(desk: Desk) -> Allowance:
    """One with an open question."""
    row = waiting(desk)
    return approvals.ask_question(desk.world.ctx, APPROVER, Inquiry(row.id, "why?"), ALLOWANCES)


def live(desk: Desk) -> Allowance:
    """One that is open; a dozen are opened at a time, because Azure takes as long for them as for one."""
    if not desk.ready:
        asked = [waiting(desk) for _ in range(12)]
        for row in asked:
            allowances.decide(desk.world.ctx, APPROVER, Decision(row.id, is_approved=True))
        desk.world.settle()
        desk.ready += [allowances.get(desk.world.ctx, DEV2, row.id) for row in asked]
    return desk.ready.pop()


def opened_at_once(desk: Desk) -> Allowance:
    """One that was opened by break-glass."""
    draft = Draft(OPEN_CLUSTER, _hosts("glass{}.example.com"), "now", 2 * HOUR, is_break_glass=True)
    return allowances.request(desk.world.ctx, OPERATOR, draft)


def reviewed(desk: Desk) -> tuple[str, Allowance]:
    """A review of what is open, and one of its allowances."""
    row = live(desk)
    with desk.world.store.read() as tx:
        known = tx.campaigns.find()
    for one in known:
        campaigns.sign(desk.world.ctx, AUDITOR, one.id, "for the next", with_open=True)
    return campaigns.start(desk.world.ctx, AUDITOR, "").campaign.id, row


def answering(desk: Desk, **form: str) -> Act:
    """An answer in a review."""
    campaign, row = reviewed(desk)
    return Act(json.dumps({"id": campaign, "of": row.id}), {"reason": "looked", "until": "", **form})


def signing(desk: Desk) -> Act:
    """The end of a review that has nothing left open."""
    campaign, _ = reviewed(desk)
    return Act(json.dumps({"id": campaign, "open": "1"}), {"reason": "all well"})


def left_list(desk: Desk) -> Act:
    """A review of a kept list."""
    row = live(desk)
    with desk.world.store.write() as tx:
        return Act(json.dumps({"list": tx.drafts.keep(row.id)}))


def thread(desk: Desk) -> Act:
    """An answer that is written under the card."""
    row = inquired(desk)
    with desk.world.store.write() as tx:
        tx.outbox.put_card(row.id, CHANNEL, STAMP)
    return Act(STAMP, {}, "because")


def saved(desk: Desk) -> Act:
    """The choice of a search to forget."""
    auditing.save_search(desk.world.ctx, DEV2, SavedSearch("old", "cluster:aks-udr"))
    return Act(None, {"chosen": "old"})


def typed(row: Allowance, words: str = "") -> Act:
    """A command about a request."""
    return Act(None, {}, f"{row.id} {words}".strip())


def scaled(_desk: Desk) -> Act:
    """The form of a scale."""
    ref = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-aks-natgateway/{PROVIDER}/aks-natgateway"
    return Act(json.dumps({"id": ref, "name": "aks-natgateway"}), {"count": "3", "reason": "more"})


PROVIDER = "providers/microsoft.containerservice/managedclusters"
REQUEST = {"cluster": "aks-udr-classic", "destinations": "form.example.com", "reason": "why", "duration": "8h"}


def edited(desk: Desk) -> Act:
    """The form of a change."""
    return carried(waiting(desk), REQUEST | {"cluster": OPEN_CLUSTER, "destinations": "edited.example.com"})


def several(desk: Desk) -> Act:
    """The form of several decisions."""
    rows = [waiting(desk), waiting(desk)]
    chosen = {f"choose-{row.id}": f"{row.id} {row.digest}" for row in rows}
    return Act("{}", {**chosen, "decision": "deny", "reason": "no"})


ACTS: Mapping[str, Scenario] = {
    "command approve": Scenario(lambda desk: typed(waiting(desk)), APPROVER2),
    "command deny": Scenario(lambda desk: typed(waiting(desk), "not this"), APPROVER2),
    "command revoke": Scenario(lambda desk: typed(live(desk)), DEV2),
    "command renew": Scenario(lambda desk: typed(live(desk), "1d"), DEV2, (STRANGER, LEFT)),
    "command transfer": Scenario(lambda desk: typed(live(desk), "to <@UDEV0001>"), DEV2),
    "command scale": Scenario(lambda _desk: Act(None, {}, "aks-lb 4 more"), DEV2, (STRANGER,)),
    "command review": Scenario(lambda desk: (live(desk), Act(None, {}, "start aks-udr"))[1], AUDITOR),
    "command away": Scenario(lambda _desk: Act(None, {}, "until friday to <@UAPP0002>"), APPROVER3, (STRANGER, NOBODY)),
    "command notices": Scenario(lambda _desk: Act(None, {}, "mine"), DEV2, (STRANGER,)),
    "command token": Scenario(lambda _desk: Act(None, {}, "create ci <@UDEV0002> aks-udr"), OPERATOR),
    "command probe": Scenario(lambda _desk: Act(None, {}, "aks-lb example.com"), APPROVER2),
    "action probe": Scenario(lambda desk: Act(json.dumps({"allowance": live(desk).id})), APPROVER2),
    "view probe": Scenario(
        lambda _desk: Act(json.dumps({"cluster": "aks-natgateway"}), {"destinations": "example.com"}), APPROVER2
    ),
    "action approve": Scenario(lambda desk: carried(waiting(desk)), APPROVER2),
    "action revoke": Scenario(lambda desk: carried(live(desk)), DEV2),
    "action renew": Scenario(lambda desk: carried(live(desk)), DEV2, (STRANGER, LEFT)),
    "action notices": Scenario(lambda _desk: Act(None, {"chosen": "decisions"}), DEV2, (STRANGER,)),
    "action let_expire": Scenario(lambda desk: carried(live(desk)), DEV2),
    "action review_left": Scenario(left_list, AUDITOR),
    "action search_forget": Scenario(saved, DEV2),
    "view audit_save": Scenario(lambda _desk: Act('{"query": "outcome:refused"}', {"name": "mine"}), DEV2, (STRANGER,)),
    "view request": Scenario(lambda _desk: Act("{}", REQUEST), DEV2),
    "view approve": Scenario(lambda desk: carried(waiting(desk), {"reason": "fine"}), APPROVER2),
    "view deny": Scenario(lambda desk: carried(waiting(desk), {"reason": "no"}), APPROVER2),
    "view decide_several": Scenario(several, APPROVER2),
    "view narrow": Scenario(
        lambda desk: _narrower(waiting(desk, "a{0}.example.com b{0}.example.com")),
        APPROVER2,
    ),
    "view renew": Scenario(lambda desk: carried(live(desk), {"duration": "1d", "reason": ""}), DEV2, (STRANGER, LEFT)),
    "view scale": Scenario(scaled, DEV2, (STRANGER,)),
    "view ask_question": Scenario(lambda desk: carried(waiting(desk), {"reason": "why?"}), APPROVER2),
    "view answer_question": Scenario(lambda desk: carried(inquired(desk), {"reason": "because"}), DEV2),
    "view edit": Scenario(edited, DEV2),
    "view review_break_glass": Scenario(
        lambda desk: carried(opened_at_once(desk), {"outcome": "confirm", "reason": "right"}), APPROVER2
    ),
    "view review_keep": Scenario(answering, DEV2),
    "view review_remove": Scenario(answering, DEV2),
    "view review_sign": Scenario(signing, AUDITOR),
    "event message": Scenario(thread, DEV2),
}
"""By kind and name."""


def _narrower(row: Allowance) -> Act:
    return carried(row, {"destinations": str(row.destinations[0]), "duration": "1h", "reason": "less"})


DIGESTED = frozenset({"approve", "deny", "narrow", "edit", "ask_question", "review_break_glass"})
"""The buttons and modals that carry the digest of what was shown."""


def stale(act: Act) -> Act:
    """The same about something else than is stored."""
    return Act(json.dumps(json.loads(act.value or "{}") | {"digest": "0"}), act.form)
