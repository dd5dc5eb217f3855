"""The body of ``/readyz``: one line for each part that the process depends on.

============== ============================================================ ==================
part           looks at                                                     turns it red (503)
============== ============================================================ ==================
process        whether it ends                                              yes: others take its requests
database       whether it can be written now                                yes
work           why the writers have not begun                               yes
slack          whether the socket is open and answers (Socket Mode)         yes
slack delivery what Slack refuses until somebody acts                       no: people are heard, and it keeps
azure          how Azure answered last                                      no: requests and decisions are recorded
clock          whether it agrees with Azure's                               no: it is said, and work goes on
audit log      what the last check of the audit log found changed           no: the bot goes on, and says so
writer         where nothing is written (only in a dry run)                 no: that is what was configured
============== ============================================================ ==================

A part that is not vital is reported and leaves the status at 200.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.errors import EgressError

Look = Callable[[], str | None]
"""Returns the problem as a sentence, or None. An error of the product counts as its sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the process depends on.

    Args:
        name: A word or two.
        look: Says what is wrong with it now; must answer within seconds.
        is_vital: Whether nothing can be recorded, or nobody is heard, without it.
    """

    name: str
    look: Look
    is_vital: bool = True


def readiness(parts: Iterable[Part]) -> tuple[int, str, str]:
    """Status, content type and text of ``/readyz``: ``ready`` or ``not ready``, then ``NAME: ok`` or what is wrong."""
    found = [(part, _problem(part)) for part in parts]
    is_ready = not any(problem and part.is_vital for part, problem in found)
    lines = ["ready" if is_ready else "not ready", *(f"{part.name}: {problem or 'ok'}" for part, problem in found)]
    return 200 if is_ready else 503, "text/plain; charset=utf-8", "\n".join(lines) + "\n"


def _problem(part: Part) -> str | None:
    try:
        return part.look()
    except EgressError as error:
        return error.sentence
