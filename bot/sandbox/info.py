"""The commands and buttons that the workspace page offers."""

from typing import Any

COMMANDS = (
    ("help", "what you can do here"),
    ("whoami", "as which role, for which clusters"),
    ("list", "the fleet: outbound type, egress IPs, SNAT headroom"),
    ("show aks-udr", "how a cluster leaves Azure"),
    ("whois 20.0.0.1", "which cluster leaves through this IP"),
    ("capacity", "which clusters run out of SNAT ports first"),
    ("history aks-lb", "which outbound IPs came and went, and through whom"),
    ("check aks-udr docker.io", "allowed or denied now, by which rule"),
    ("probe aks-udr docker.io", "what connects from inside the cluster"),
    ("denied aks-udr", "what the firewall denied, and what it would take"),
    ("learn aks-udr until:friday", "collect for days what a cluster needs"),
    ("request aks-udr docker.io", "ask for an allowance"),
    ("requests pending", "what waits for a decision"),
    ("approve ID", "decide a request"),
    ("deny ID", "decide a request"),
    ("revoke ID", "take an allowance away"),
    ("renew ID", "keep an allowance longer"),
    ("transfer ID to @devi", "hand an allowance over to another owner"),
    ("scale aks-lb 2", "change the number of outbound IPs"),
    ("migrate aks-lb managedNATGateway", "plan another outbound type"),
    ("partners aks-lb add Acme #general They allowlist us", "who has allowlisted a cluster's outbound IPs"),
    ("export aks-udr terraform", "the bot's firewall rules as code"),
    ("review", "which allowances are still needed"),
    ("away until friday to @amir", "somebody else decides in your place"),
    ("notices decisions", "how much you are told in direct messages"),
    ("token list", "what pipelines may do, and as whom"),
    ("audit", "who opened what, and why"),
    ("evidence 2026-Q4", "a quarter as one archive"),
    ("stats", "requests in numbers"),
)
"""Subcommands of ``/egress`` that are worth a try, with a hint."""

ROLES = (("UDEV", "developer"), ("UAPP", "approver"), ("UAUD", "auditor"), ("UOPS", "operator"))

SHORTCUTS = (
    {"type": "global", "name": "Request egress", "callback_id": "request_fqdn"},
    {"type": "message", "name": "Request egress for this", "callback_id": "request_fqdn_from_message"},
)


def commands() -> list[dict[str, str]]:
    """Commands as the page's completion takes them."""
    return [{"text": f"/egress {text}", "hint": hint} for text, hint in COMMANDS]


def people(users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The people who can be played, with their roles."""
    return [
        {"id": user["id"], "name": user["name"], "real_name": user["real_name"], "role": _role(user["id"])}
        for user in users
        if not user["is_bot"]
    ]


def _role(user_id: str) -> str:
    return next((role for prefix, role in ROLES if user_id.startswith(prefix)), "member")
