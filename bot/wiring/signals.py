"""Handles stop signals, and ends a process even if something still waits."""

import logging
import os
import signal
import socket
import sys
from typing import NoReturn

STOPS = (signal.SIGTERM, signal.SIGINT)
"""Signals that orchestrators and terminals send; a process group may get both in quick succession."""


def end_on_signal() -> None:
    """Until ``wait_for_signal``: a signal gives the start up, on the way of an exception that undoes it."""
    for number in STOPS:
        signal.signal(number, _give_up)


def wait_for_signal() -> None:
    """Return when the process is told to stop.

    The interpreter writes each signal into a socket by itself and the handlers do nothing: a handler that runs Python
    may interrupt another one that holds a lock. Signals that come later change nothing.
    """
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    _ignore_all()
    while not set(mine.recv(64)) & set(STOPS):
        pass
    signal.set_wakeup_fd(-1)


def _give_up(_number: int, _frame: object) -> NoReturn:
    _ignore_all()
    raise SystemExit(0)


def _ignore_all() -> None:
    for number in STOPS:
        signal.signal(number, _ignore)


def _ignore(_number: int, _frame: object) -> None:
    """The socket has it, or the end has begun."""


def leave(status: int) -> NoReturn:
    """End the process now, also where a thread still waits for somebody who does not answer.

    By then everything that can be given back was given back; what such a thread holds is a lease, which runs out.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
