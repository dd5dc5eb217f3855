"""What people read that is not laid out: help, news by event, and what went wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.people import Person, Role, Unread
from bot.errors import Defect, EgressError, InvalidFqdn, Refused, StoreUnavailable, Unavailable
from handlers.blocks.kit import actions, button, code, context, escape, header, message, section
from handlers.replies import Block, Message


@dataclass(frozen=True, slots=True)
class Help:
    """One line of the help.

    Args:
        name: The subcommand.
        usage: What follows it.
        says: What it does.
        roles: Who it is for; empty for everybody.
    """

    name: str
    usage: str
    says: str
    roles: frozenset[Role] = frozenset()

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{code(f'/egress {self.name} {self.usage}'.strip())}  {self.says}"


_DECIDERS = frozenset({Role.APPROVER})
_AUDITORS = frozenset({Role.AUDITOR, Role.OPERATOR})

HELP = (
    Help("list", "[WORDS | type:… warning:… tag:KEY=VALUE]", "the clusters: outbound type, egress IPs, SNAT headroom"),
    Help("show", "CLUSTER [ips | json | endpoints]", "how one cluster leaves Azure, its SNAT ports and warnings"),
    Help("whois", "IP [at DATE]", "which cluster leaves, or left, through this IP"),
    Help(
        "check", "CLUSTER [pool:NAME] HOST… | bundle:NAME", "allowed or denied now, by which rule, with the whole trace"
    ),
    Help(
        "request",
        "[CLUSTER HOST… | bundle:NAME | an error]",
        "ask for a cluster to reach hosts; says first who decides",
    ),
    Help("requests", "[mine | pending | CLUSTER | ID]", "what was asked, and how it stands; all of one by its id"),
    Help("revoke", "ID… [REASON]", "end an allowance now, or withdraw a request or a proposal"),
    Help("renew", "ID… [30d] [REASON]", "ask for the same again before it runs out, also of somebody else's"),
    Help("scale", "CLUSTER [COUNT [REASON]]", "see what more or fewer outbound IPs would change, and propose it"),
    Help("export", "CLUSTER terraform | bicep", "the bot's rules of its firewall as code, to adopt them"),
    Help("approve", "ID… [REASON]", "say yes", _DECIDERS),
    Help("deny", "ID… REASON", "say no, and why", _DECIDERS),
    Help("audit", "[FILTERS] [csv | jsonl | verify]", "who did what, when and why", _AUDITORS),
    Help("whoami", "", "what you may do here"),
    Help("help", "", "this"),
)
"""Every subcommand, in the order in which people need them."""

AUDIT_FILTERS = "user:@name cluster:NAME host:PART id:ID action:allowance since:2026-11-01 until:2026-12-01"
"""What `audit` understands."""


NO_CLUSTER = "There is no cluster that you may see. The bot's operator gives access, in the configuration."
"""Why there is nothing to show or to ask for."""

NOTHING_FOUND = "No host was found in that message. Write it below."
"""What the message shortcut says where it found nothing."""


UNCHECKED = "What is allowed already is not known now; the request can be filed all the same."
"""What the form says where Azure does not give the firewall's rules."""


def rules_exported(cluster: str, count: int) -> str:
    """What an export of rules is, in one sentence."""
    rules = f"{count} rule{'' if count == 1 else 's'}"
    return f"{rules} that the bot wants in the firewall of {cluster}, as they are decided now."


def file_sent() -> Message:
    """Where a file went."""
    return message("The file is in your conversation with the bot.")


def help_text(who: Person) -> Message:
    """What the person can do here."""
    possible = who.roles.union(*(one.roles for one in who.unread))
    fitting = [row for row in HELP if not row.roles or row.roles & possible]
    lines = "\n".join(row.line for row in fitting)
    return message(
        "What /egress can do",
        [
            header("Egress of your AKS clusters"),
            section(lines),
            context(
                "Answers are for you alone. Requests and decisions appear in the channel, and in the audit log.",
                "A host is `example.com` (HTTPS), `*.example.org`, `http:example.net:8080`, `mssql:…`, "
                "or by TCP or UDP `tcp:db.example.com:5432`, `udp:ntp.example.com:123`.",
                "In the menu of any message: *Request egress for this* reads the blocked host out of an error.",
            ),
        ],
    )


NEWS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "a": MappingProxyType(
            {
                "requested": "{who} asked.",
                "renewed": "{filer} asked to renew it for {who}. It is decided like any other request.",
                "granted": "Granted by the approval policy at once. It goes to the firewall now; live in some minutes.",
                "seconded": "{approver} approved; {missing}.",
                "approved": "Approved by {approver}. It goes to the firewall now; live in some minutes.",
                "denied": "Denied by {ender}.",
                "applying": "On its way to the firewall. Azure takes three to five minutes.",
                "live": "Live: the rule was read back from Azure. {until}",
                "missing": "Its rule has vanished from the firewall. It is being put back.",
                "unresolved": (
                    "Its rule was taken out: it needs the firewall's DNS proxy, which was switched off. "
                    "It comes back by itself when the proxy is on again."
                ),
                "left-out": "Its rule was removed from the firewall by hand; the bot is told to leave that as it is.",
                "held": "Its rule is not in the firewall as approved. Dry run: the bot does not put it right.",
                "expiring": "Ends soon. {until} `/egress renew {id}` asks for more time.",
                "expired": "Its time is over. {removal}",
                "gone": "It has ended. {removal}",
                "closed": "Closed by the bot. {what} {removal}",
                "orphaned": "Ended by the bot. {what} {removal}",
                "changed": "This changed since it was asked, so it has to be decided again. {what}",
                "reweighed": "{what} The card says who decides now.",
                "moved": "{what} The rule is written there now; you hear when it is live again.",
                "ranges": "{what} The rule is written anew for these ranges and never for the old ones. "
                "Revoke it if that is not what you want open.",
                "suspended": "It opens nothing for now. {what} The bot writes it again when that changes.",
                "resumed": "Its cluster leaves through the firewall again; the rule is written there again.",
                "revoked": "Revoked by {ender}. {removal}",
                "lapsed": "Nobody decided in time, so it lapsed. `/egress request` asks again.",
                "failed": "It is not live, and nothing is tried again by itself. {failure}",
                "reminder": "Still waiting for a decision ({missing}). It lapses {lapses}.",
            }
        ),
        "s": MappingProxyType(
            {
                "requested": "{who} proposed it.",
                "granted": "Granted by the approval policy at once. Azure is asked now.",
                "seconded": "{approver} approved; {missing}.",
                "approved": "Approved by {approver}. Azure is asked now.",
                "denied": "Denied by {ender}.",
                "withdrawn": "Withdrawn by {ender}.",
                "applying": "Azure is changing the outbound IPs. That takes some minutes.",
                "done": "Done: {count} outbound IPs were read back from Azure.",
                "lapsed": "Nobody decided in time, so it lapsed.",
                "failed": "It did not happen. {failure}",
                "reweighed": "{what} The card says who decides now.",
                "reminder": "Still waiting for a decision ({missing}). It lapses {lapses}.",
            }
        ),
    }
)
"""What is said of an event, by the first letter of the subject's id: allowance or scale proposal."""

CHANNEL_NEWS: Mapping[str, str] = MappingProxyType(
    {
        "drift": ":warning: Rules of the bot were changed by hand in *{target}*.",
        "unknown": ":warning: In *{target}* there are rules under the bot's name that are not on its record.",
        "foreign": ":warning: Somebody wrote to *{target}* while the bot did.",
        "healed": ":white_check_mark: The rules of the bot in *{target}* are as they should be again.",
        "draft": ":warning: Somebody has a draft open on *{target}*; deploying it would undo what was changed since.",
        "draft-gone": ":information_source: The draft of *{target}* is gone.",
        "moved": ":information_source: Traffic no longer passes *{target}*; the allowances follow it.",
        "cluster-gone": ":warning: The cluster *{target}* was deleted while it had allowances.",
        "stuck": ":octagonal_sign: *{target}* cannot be written; approved allowances wait.",
        "slow": ":hourglass: An update of *{target}* takes unusually long; approved allowances wait.",
        "stuck-scale": ":octagonal_sign: Scale proposal *{target}* cannot be carried out now; it waits.",
        "unread": ":octagonal_sign: Azure cannot be read; what the bot shows of clusters may be old.",
        "broken": ":octagonal_sign: Background work of the bot ({target}) fails; its operator has to look.",
        "egress-change": ":information_source: Outbound IPs of *{target}* changed. Tell partners who allow by IP.",
    }
)
"""What is said to the whole channel, by event."""


def channel_news(subject: str, body: Mapping[str, str]) -> Message:
    """News of a target or a cluster; an event that this version does not know is said by its own text."""
    target = escape(subject.rstrip("/").rsplit("/", 1)[-1])
    said = CHANNEL_NEWS.get(body.get("event", ""), "News of *{target}*.").format(target=target)
    detail = body.get("text", "")
    parts = [section(said), *([context(escape(detail))] if detail else [])]
    return message(f"{said} {escape(detail)}".strip(), parts)


def unread_lines(unread: Sequence[Unread], meaning: str) -> list[Block]:
    """Which groups could not be read and why; nothing where all could.

    Args:
        unread: The groups.
        meaning: What that means for what is shown, as a sentence.
    """
    if not unread:
        return []
    names = ", ".join(code(one.group) for one in unread[:20])
    return [section(f":warning: Could not be read just now: {names}. {escape(unread[0].why)} {meaning}")]


def repeatable(sentence: str, action: str, carried: str) -> Message:
    """Why an act was not done now, with a button that does exactly the same again."""
    again = button("Try again", action, carried, style="primary")
    return message(sentence, [section(sentence), *actions(again)])


def trouble(error: BaseException, reference: str) -> str:
    """One answer to everything that goes wrong: what, and what happens next.

    Args:
        error: Any error; only the product's own say something about themselves.
        reference: Where an operator finds it in the log.
    """
    if not isinstance(error, EgressError) or isinstance(error, Defect):
        return f"Something is broken in the bot; it was not your doing. Tell its operator: reference {reference}."
    sentence = error.sentence.replace("<!", "&lt;!")
    if isinstance(error, Refused):
        return f"{sentence} The bot's operator must act: reference {reference}."
    if isinstance(error, StoreUnavailable):
        return sentence
    if isinstance(error, Unavailable):
        return f"{sentence} {_patience(error)}"
    return _with_suggestion(sentence, error)


def _patience(error: Unavailable) -> str:
    seconds = int(error.retry_after.total_seconds()) if error.retry_after else 0
    return f"Try again in {seconds} seconds." if seconds else "Try again in a moment."


def _with_suggestion(sentence: str, error: EgressError) -> str:
    suggestion = error.suggestion if isinstance(error, InvalidFqdn) else None
    return f"{sentence} Did you mean {suggestion}?" if suggestion and suggestion not in sentence else sentence


_MENTION = re.compile(r"<@[A-Z0-9]+>")


def without_markup(sentence: str) -> str:
    """The same for places that show plain text only, such as the errors of a form."""
    bare = _MENTION.sub("somebody", sentence).replace("`", "")
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
