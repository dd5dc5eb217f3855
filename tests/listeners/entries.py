"""What each entry does that is no act: it opens a form, shows something, or is tested for itself."""

from handlers.entries import Entry

ELSEWHERE = {
    "command partners": "tests/flows/test_partners.py",
    "view narrow_scale": "tests/listeners/test_listeners.py: a cluster has one open proposal at a time",
    "command denied": "tests/flows/test_denied.py: with a firewall whose log is read",
    "command learn": "tests/flows/test_watches.py: with a firewall whose log is read",
    "action denied_watch": "tests/flows/test_watches.py: with a firewall whose log is read",
    "action watch_stop": "tests/flows/test_watches.py: by whoever began it, and by somebody else",
    "action denied": "tests/flows/test_denied.py: as the command",
    "action denied_again": "tests/flows/test_denied.py: as the command",
    "command export": "tests/listeners/test_export.py: it writes nothing but the record that somebody exported",
    "command audit": "tests/listeners/test_audit.py: it writes nothing but the record that somebody read",
    "action audit_cluster": "tests/listeners/test_audit.py: as the command",
    "command evidence": "tests/listeners/test_evidence.py: it writes nothing but the record that somebody exported",
    "command stats": "tests/listeners/test_stats.py: it writes nothing but the record that somebody read",
    "action audit_older": "tests/listeners/test_audit.py: as the command",
    "action search_open": "tests/listeners/test_saved_searches.py: it writes nothing but the record that somebody read",
    "action story": "tests/listeners/test_audit.py: from a card",
    "action story_earlier": "tests/listeners/test_audit.py: a story of two pages",
    "action story_later": "tests/listeners/test_audit.py: a story of two pages",
    "action repeat": "tests/listeners/test_expired_triggers.py: it does what was typed once more",
}
"""The entries that one call cannot stand for, and where they are tested."""

FORMS = (
    *("action narrow", "action deny", "action decide_several", "action renew_form", "action propose"),
    *("action ask_question", "action answer_question", "action edit", "action review_break_glass"),
    *("action propose_again", "action open_request", "action request_again", "action review_keep"),
    *("action review_remove", "action review_sign", "action home_search", "command request"),
    *("shortcut request_fqdn", "shortcut request_fqdn_from_message", "action cluster", "action bundle"),
    "action probe_form",
    *("action preview", "action trace", "action details", "action audit_save"),
)
"""The entries that only open or draw a form; what it does when it is submitted is an act."""

READS = (
    *(
        "command list",
        "command show",
        "command whois",
        "command migrate",
        "command history",
        "command check",
        *("command requests", "command capacity", "action capacity_next", "action capacity_back"),
    ),
    *("command whoami", "command help", "action show_endpoints", "action list_next", "action list_back"),
    *("action history_older", "action history_newer", "action requests_older", "action review_open"),
    *("action review_first", "action review_next", "action review_other", "action refresh_home"),
    "action reviews_older",
    *("action home_older", "action home_newer", "action home_clear", "view home_search"),
    *("options also", "options bundle", "options cluster"),
    "home app_home_opened",
)
"""The entries that only show something."""


def key(entry: Entry) -> str:
    """How tables here call an entry."""
    return f"{entry.kind} {entry.name}"
