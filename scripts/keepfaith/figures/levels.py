"""How levels are drawn: numbers of dropped layers, joined by lines, or checkpoints, each a model of its own.

As Matplotlib's settings, it holds inside a block (`drawn_as`), so that a figure need not pass it on to its panels.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import polars as pl

from keepfaith.figures.labels import LEVEL_AXIS, Path

CHECKPOINT_AXIS = "checkpoint (level)"
MIXED_AXIS = "level (layers dropped, or checkpoint)"


@dataclass(frozen=True)
class LevelStyle:
    """How the levels of a figure are drawn.

    Attributes:
        names: label of every level, where all levels of the figure are those of one order of checkpoints.
        unordered: the models and orders whose levels are checkpoints.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    unordered: frozenset[Path] = frozenset()


_STYLE: ContextVar[LevelStyle] = ContextVar("style of levels", default=LevelStyle())  # noqa: B039 frozen


@contextmanager
def drawn_as(style: LevelStyle) -> Iterator[None]:
    """Inside, levels are drawn in this style."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)


def names_of(checkpoints: pl.DataFrame) -> dict[int, str]:
    """Label of every level of a table CHECKPOINTS of one model and order; empty for one without rows."""
    return dict(checkpoints.select("level", "label").sort("level").iter_rows())


def style_of_study(paths: frozenset[Path], checkpoints: pl.DataFrame | None) -> LevelStyle:
    """The style of figures over these models and orders.

    Args:
        paths: all that the study has.
        checkpoints: summary table of checkpoints; None where it has none.
    """
    if checkpoints is None or checkpoints.is_empty():
        return LevelStyle()
    unordered = frozenset(checkpoints.select("model", "order").unique().iter_rows())
    alone = len(unordered) == 1 and paths <= unordered
    return LevelStyle(names_of(checkpoints) if alone else {}, unordered)


def level_names() -> Mapping[int, str]:
    """Label of every level, where levels are checkpoints; empty where they are numbers of dropped layers."""
    return _STYLE.get().names


def level_label() -> str:
    """Label of an axis of levels."""
    style = _STYLE.get()
    if style.names:
        return CHECKPOINT_AXIS
    return MIXED_AXIS if style.unordered else LEVEL_AXIS


def is_joined(path: Path | None = None) -> bool:
    """Whether a line joins the levels of a model and order (None: of the figure's only one)."""
    style = _STYLE.get()
    return not style.names and (path is None or path not in style.unordered)


def without_checkpoints(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table, with columns model and order, whose levels are numbers of dropped layers."""
    paths = pl.struct("model", "order")
    dropped = [{"model": model, "order": order} for model, order in _STYLE.get().unordered]
    return table.filter(~paths.is_in(dropped)) if dropped else table
