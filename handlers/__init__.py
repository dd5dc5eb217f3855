"""All of Slack, in and out: the one table of entry points. ``handlers.app`` serves it."""

from handlers import actions, commands, home, views
from handlers.boundary import Entry
from handlers.calls import Kind

COMMAND = "/egress"

TABLE = (
    Entry(Kind.COMMAND, "help", commands.help_),
    Entry(Kind.COMMAND, "whoami", commands.whoami),
    Entry(Kind.COMMAND, "list", commands.list_),
    Entry(Kind.COMMAND, "show", commands.show, is_late=True),
    Entry(Kind.COMMAND, "whois", commands.whois),
    Entry(Kind.COMMAND, "check", commands.check, is_late=True),
    Entry(Kind.COMMAND, "request", commands.request),
    Entry(Kind.COMMAND, "requests", commands.requests),
    Entry(Kind.COMMAND, "approve", commands.approve, act="approve"),
    Entry(Kind.COMMAND, "deny", commands.deny, act="deny"),
    Entry(Kind.COMMAND, "revoke", commands.revoke, act="revoke"),
    Entry(Kind.COMMAND, "renew", commands.renew, act="renew"),
    Entry(Kind.COMMAND, "scale", commands.scale, is_late=True, act="scale"),
    Entry(Kind.COMMAND, "export", commands.export, is_late=True, act="export"),
    Entry(Kind.COMMAND, "audit", commands.audit, is_late=True, act="audit"),
    Entry(Kind.ACTION, "approve", actions.approve, act="approve"),
    Entry(Kind.ACTION, "details", actions.details),
    Entry(Kind.ACTION, "narrow", actions.narrow, act="narrow"),
    Entry(Kind.ACTION, "deny", actions.deny, act="deny"),
    Entry(Kind.ACTION, "revoke", actions.revoke, act="revoke"),
    Entry(Kind.ACTION, "renew", actions.renew, act="renew"),
    Entry(Kind.ACTION, "renew_form", actions.renew_form),
    Entry(Kind.ACTION, "propose", actions.propose),
    Entry(Kind.ACTION, "open_request", actions.open_request),
    Entry(Kind.ACTION, "show_endpoints", actions.show_endpoints, is_late=True),
    Entry(Kind.ACTION, "list_next", actions.turn_list),
    Entry(Kind.ACTION, "list_back", actions.turn_list),
    Entry(Kind.ACTION, "requests_older", actions.older_requests),
    Entry(Kind.ACTION, "audit_older", actions.older_events, is_late=True, act="audit"),
    Entry(Kind.ACTION, "refresh_home", home.opened),
    Entry(Kind.ACTION, "trace", actions.trace),
    Entry(Kind.ACTION, "cluster", views.preview, is_late=True),
    Entry(Kind.ACTION, "preview", views.preview, is_late=True),
    Entry(Kind.VIEW, "request", views.request, act="request", field="destinations"),
    Entry(Kind.VIEW, "approve", views.approve, act="approve"),
    Entry(Kind.VIEW, "deny", views.deny, act="deny"),
    Entry(Kind.VIEW, "narrow", views.narrow, act="narrow", field="destinations"),
    Entry(Kind.VIEW, "renew", views.renew, act="renew"),
    Entry(Kind.VIEW, "scale", views.scale, is_late=True, act="scale"),
    Entry(Kind.OPTIONS, "cluster", views.cluster_options),
    Entry(Kind.HOME, "app_home_opened", home.opened),
    Entry(Kind.SHORTCUT, "request_fqdn", actions.open_request),
    Entry(Kind.SHORTCUT, "request_fqdn_from_message", actions.request_from_message),
)
"""Every entry point and its listener. What is late reads Azure or much of the audit log, and answers after the ack."""

NO_COMMAND = Entry(Kind.COMMAND, "", commands.unknown)
"""What answers a subcommand that there is not."""
