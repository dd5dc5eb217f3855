"""Changes of many allowances, written a few at a time, so that people who act meanwhile get their turn to write.

A crash leaves some of it done; the next round finds the rest undone and does it. What shares a card stays together,
because its news are one message.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from bot.domain.allowance import Allowance
from bot.domain.grouping import grouped
from bot.ports import UnitOfWork
from bot.reconciler.run import Run

PIECE = 20
"""Allowances in one transaction: some 100 ms with their events and notices."""

Step = Callable[[UnitOfWork], object]
"""What happens to one allowance in a transaction."""


def write_in_pieces(run: Run, steps: Iterable[tuple[Allowance, Step | None]]) -> None:
    """Do every step, and prove the lease again with each piece; those that are None are left out.

    Raises:
        LeaseLost: Somebody else has taken over; the pieces before were kept.
    """
    together = grouped((row.card_id, step) for row, step in steps if step is not None)
    for piece in _pieces(list(together.values())):
        with run.write() as uow:
            for step in piece:
                step(uow)


def draw_in_pieces(run: Run, rows: Iterable[Allowance]) -> None:
    """Owe the cards of many."""
    write_in_pieces(run, ((row, partial(UnitOfWork.draw, request=row)) for row in rows))


def _pieces(together: Sequence[Sequence[Step]]) -> Iterator[list[Step]]:
    piece: list[Step] = []
    for steps in together:
        piece += steps
        if len(piece) >= PIECE:
            yield piece
            piece = []
    if piece:
        yield piece
