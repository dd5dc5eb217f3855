"""All wording and all Block Kit: pure functions from values to messages and views, valid at any length.

``kit`` (the parts, each within its limit), ``words`` (help, news, errors), ``card`` (allowances), ``scale`` (scale
proposals), ``fleet`` (clusters), ``lists`` (requests, short answers), ``log`` (audit) and ``home``.
"""
