"""Figures at the widths of a paper: one that is narrow on a screen takes a column, any other the page.

A figure is laid out anew at its width, with smaller text, rather than shrunk: shrunk text would be too small to read.
As Matplotlib's settings, it holds inside a block (`printed`), so that no figure need know where it is shown.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

NARROW = 6.0
"""Inches on a screen up to which a figure is readable in a column."""

SHRUNK = 7 / 9
"""Heights on paper over those on a screen, and sizes of text, axes, and of lines and markers that have none of their
own: text of 7 points in place of 9."""


@dataclass(frozen=True)
class Paper:
    """Widths of a paper, in inches.

    Attributes:
        column: width of a column.
        page: width of the text of a page, over all of its columns.
    """

    column: float
    page: float


_PAPER: ContextVar[Paper | None] = ContextVar("paper that figures are drawn for", default=None)


@contextmanager
def printed(paper: Paper | None) -> Iterator[None]:
    """Inside, figures are drawn for this paper, or for a screen (None)."""
    token = _PAPER.set(paper)
    try:
        yield
    finally:
        _PAPER.reset(token)


def scale() -> float:
    """Factor of the sizes in points of Matplotlib's settings."""
    return 1.0 if _PAPER.get() is None else SHRUNK


def fitted(size: tuple[float, float]) -> tuple[float, float]:
    """Width and height in inches of a figure that has this size on a screen.

    >>> with printed(Paper(column=3.3, page=6.9)):
    ...     [tuple(round(inches, 2) for inches in fitted(size)) for size in [(5.2, 3.6), (9.6, 1.8)]]
    [(3.3, 2.8), (6.9, 1.4)]
    """
    paper = _PAPER.get()
    if paper is None:
        return size
    width, height = size
    return (paper.column if width <= NARROW else paper.page), height * SHRUNK
