"""All of Slack, in and out: the one table of entry points. ``handlers.app`` serves it."""

from handlers import actions, commands, home, views
from handlers.boundary import Entry
from handlers.calls import CallKind

COMMAND = "/egress"

TABLE = (
    Entry(CallKind.COMMAND, "help", commands.help_),
    Entry(CallKind.COMMAND, "whoami", commands.whoami),
    Entry(CallKind.COMMAND, "list", commands.list_),
    Entry(CallKind.COMMAND, "show", commands.show, is_late=True),
    Entry(CallKind.COMMAND, "whois", commands.whois),
    Entry(CallKind.COMMAND, "check", commands.check, is_late=True),
    Entry(CallKind.COMMAND, "request", commands.request),
    Entry(CallKind.COMMAND, "requests", commands.requests),
    Entry(CallKind.COMMAND, "approve", commands.approve, act="approve"),
    Entry(CallKind.COMMAND, "deny", commands.deny, act="deny"),
    Entry(CallKind.COMMAND, "revoke", commands.revoke, act="revoke"),
    Entry(CallKind.COMMAND, "renew", commands.renew, act="renew"),
    Entry(CallKind.COMMAND, "scale", commands.scale, is_late=True, act="scale"),
    Entry(CallKind.COMMAND, "export", commands.export, is_late=True, act="export"),
    Entry(CallKind.COMMAND, "audit", commands.audit, is_late=True, act="audit"),
    Entry(CallKind.ACTION, "approve", actions.approve, act="approve"),
    Entry(CallKind.ACTION, "details", actions.details),
    Entry(CallKind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(CallKind.ACTION, "deny", actions.deny, act="deny"),
    Entry(CallKind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(CallKind.ACTION, "renew", actions.renew, act="renew"),
    Entry(CallKind.ACTION, "renew_form", actions.renew_form),
    Entry(CallKind.ACTION, "propose", actions.propose),
    Entry(CallKind.ACTION, "open_request", actions.open_request),
    Entry(CallKind.ACTION, "show_endpoints", actions.show_endpoints, is_late=True),
    Entry(CallKind.ACTION, "list_next", actions.turn_list),
    Entry(CallKind.ACTION, "list_back", actions.turn_list),
    Entry(CallKind.ACTION, "requests_older", actions.older_requests),
    Entry(CallKind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(CallKind.ACTION, "refresh_home", home.opened),
    Entry(CallKind.ACTION, "trace", actions.trace),
    Entry(CallKind.ACTION, "cluster", views.preview, is_late=True),
    Entry(CallKind.ACTION, "preview", views.preview, is_late=True),
    Entry(CallKind.VIEW, "request", views.request, act="request", field="destinations"),
    Entry(CallKind.VIEW, "approve", views.approve, act="approve"),
    Entry(CallKind.VIEW, "deny", views.deny, act="deny"),
    Entry(CallKind.VIEW, "narrow", views.narrow, act="narrow", field="destinations"),
    Entry(CallKind.VIEW, "renew", views.renew, act="renew"),
    Entry(CallKind.VIEW, "scale", views.scale, is_late=True, act="scale"),
    Entry(CallKind.OPTIONS, "cluster", views.cluster_options),
    Entry(CallKind.HOME, "app_home_opened", home.opened),
    Entry(CallKind.SHORTCUT, "request_fqdn", actions.open_request),
    Entry(CallKind.SHORTCUT, "request_fqdn_from_message", actions.request_from_message),
)
"""Every entry point and its listener. What is late reads Azure or much of the audit log, and answers after the ack."""

NO_COMMAND = Entry(CallKind.COMMAND, "", commands.unknown)
"""What answers a subcommand that there is not."""
