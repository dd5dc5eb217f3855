"""The composition root: the only place that knows every concrete class.

``production`` is the bot for real, ``simulated`` the sandbox; both put the same ``product`` together.
"""
