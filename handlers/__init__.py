"""All of Slack, in and out: the one table of entry points. ``handlers.app`` serves it."""

from bot.domain.people import Role
from handlers import absences, actions, bulk, commands, home, views
from handlers.calls import CallKind
from handlers.entries import Entry
from handlers.repeats import REPEAT, repeat_among

COMMAND = "/egress"

_DECIDERS = frozenset({Role.APPROVER})
_AUDITORS = frozenset({Role.AUDITOR, Role.OPERATOR})

COMMANDS = (
    Entry(
        CallKind.COMMAND,
        "list",
        commands.list_,
        usage="[WORDS | type:… warning:… tag:KEY=VALUE]",
        help="the clusters: outbound type, egress IPs, SNAT headroom",
    ),
    Entry(
        CallKind.COMMAND,
        "show",
        commands.show,
        usage="CLUSTER [ips | json | endpoints]",
        help="how a cluster leaves Azure, its SNAT ports and its warnings",
        is_late=True,
    ),
    Entry(
        CallKind.COMMAND,
        "whois",
        commands.whois,
        usage="IP [at DATE]",
        help="which cluster leaves, or left, through this IP",
    ),
    Entry(
        CallKind.COMMAND,
        "check",
        commands.check,
        usage="CLUSTER [pool:NAME] HOST… | bundle:NAME",
        help="whether a host is allowed now, by which rule, with the full trace",
        is_late=True,
    ),
    Entry(
        CallKind.COMMAND,
        "request",
        commands.request,
        usage="[CLUSTER HOST… | bundle:NAME | an error]",
        help="request access to hosts; shows who decides before you submit",
    ),
    Entry(
        CallKind.COMMAND,
        "requests",
        commands.requests,
        usage="[mine | pending | CLUSTER | ID]",
        help="requests and their status; give an id for full details",
    ),
    Entry(
        CallKind.COMMAND,
        "revoke",
        commands.revoke,
        usage="ID… [REASON]",
        help="end an allowance now, or withdraw a request or proposal",
        act="revoke",
    ),
    Entry(
        CallKind.COMMAND,
        "renew",
        commands.renew,
        usage="ID… [30d] [REASON]",
        help="extend an allowance before it expires, yours or someone else's",
        act="renew",
    ),
    Entry(
        CallKind.COMMAND,
        "scale",
        commands.scale,
        usage="CLUSTER [COUNT [REASON]]",
        help="preview a change in the number of outbound IPs, and propose it",
        is_late=True,
        act="scale",
    ),
    Entry(
        CallKind.COMMAND,
        "export",
        commands.export,
        usage="CLUSTER terraform | bicep",
        help="export the bot's firewall rules as code",
        is_late=True,
        act="export",
    ),
    Entry(
        CallKind.COMMAND,
        "approve",
        commands.approve,
        usage="ID… [REASON]",
        help="approve a request or proposal",
        act="approve",
        roles=_DECIDERS,
    ),
    Entry(
        CallKind.COMMAND,
        "deny",
        commands.deny,
        usage="ID… REASON",
        help="deny a request or proposal, and say why",
        act="deny",
        roles=_DECIDERS,
    ),
    Entry(
        CallKind.COMMAND,
        "audit",
        commands.audit,
        usage="[FILTERS] [csv | jsonl | verify]",
        help="who did what, when, and why",
        is_late=True,
        act="audit",
        roles=_AUDITORS,
    ),
    Entry(
        CallKind.COMMAND,
        "away",
        absences.away,
        usage="[until DAY to @x | off]",
        help="have somebody of your group decide in your place while you are away",
        act="away",
        roles=_DECIDERS,
    ),
    Entry(
        CallKind.COMMAND,
        "notices",
        commands.notices,
        usage="[all | decisions | mine]",
        help="how much you are told in direct messages",
    ),
    Entry(CallKind.COMMAND, "whoami", commands.whoami, usage="", help="your roles, groups and clusters"),
)
"""The subcommands, in the order in which people need them."""

HELP = Entry(CallKind.COMMAND, "help", commands.help_for(COMMANDS), help="list these commands")

SHORTCUTS = (
    Entry(CallKind.SHORTCUT, "request_fqdn", actions.open_request),
    Entry(CallKind.SHORTCUT, "request_fqdn_from_message", actions.request_from_message),
)

TABLE = (
    *COMMANDS,
    HELP,
    *SHORTCUTS,
    Entry(CallKind.ACTION, REPEAT, repeat_among((*COMMANDS, *SHORTCUTS))),
    Entry(CallKind.ACTION, "approve", actions.approve, act="approve"),
    Entry(CallKind.ACTION, "details", actions.details),
    Entry(CallKind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(CallKind.ACTION, "deny", actions.deny, act="deny"),
    Entry(CallKind.ACTION, "decide_several", bulk.opened),
    Entry(CallKind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(CallKind.ACTION, "renew", actions.renew, act="renew"),
    Entry(CallKind.ACTION, "notices", actions.notices),
    Entry(CallKind.ACTION, "renew_form", actions.renew_form),
    Entry(CallKind.ACTION, "propose", actions.propose),
    Entry(CallKind.ACTION, "open_request", actions.open_request),
    Entry(CallKind.ACTION, "request_again", actions.request_again),
    Entry(CallKind.ACTION, "show_endpoints", actions.show_endpoints, is_late=True),
    Entry(CallKind.ACTION, "list_next", actions.turn_list),
    Entry(CallKind.ACTION, "list_back", actions.turn_list),
    Entry(CallKind.ACTION, "requests_older", actions.older_requests),
    Entry(CallKind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(CallKind.ACTION, "refresh_home", home.opened),
    Entry(CallKind.ACTION, "home_older", home.older),
    Entry(CallKind.ACTION, "home_newer", home.newer),
    Entry(CallKind.ACTION, "home_clear", home.clear),
    Entry(CallKind.ACTION, "home_search", home.search),
    Entry(CallKind.VIEW, "home_search", home.searched, field="words"),
    Entry(CallKind.ACTION, "trace", actions.trace),
    Entry(CallKind.ACTION, "cluster", views.preview, is_late=True),
    Entry(CallKind.ACTION, "preview", views.preview, is_late=True),
    Entry(CallKind.VIEW, "request", views.request, act="request", field="destinations"),
    Entry(CallKind.VIEW, "approve", views.approve, act="approve"),
    Entry(CallKind.VIEW, "deny", views.deny, act="deny"),
    Entry(CallKind.VIEW, "decide_several", bulk.submitted, field="decision"),
    Entry(CallKind.VIEW, "narrow", views.narrow, act="narrow", field="destinations"),
    Entry(CallKind.VIEW, "renew", views.renew, act="renew"),
    Entry(CallKind.VIEW, "scale", views.scale, is_late=True, act="scale"),
    Entry(CallKind.OPTIONS, "cluster", views.cluster_options),
    Entry(CallKind.HOME, "app_home_opened", home.opened),
)
"""Every entry point and its listener. What is late reads Azure or much of the audit log, and answers after the ack."""

NO_COMMAND = Entry(CallKind.COMMAND, "", commands.unknown_among((*COMMANDS, HELP)))
"""The answer to an unknown subcommand."""
