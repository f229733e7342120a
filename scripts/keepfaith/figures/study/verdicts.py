"""The whole study at one glance: the worst status of every model, order and task at every level."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.statuses import grid_size, status_grid
from keepfaith.figures.style import canvas, note
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.verdict import STATUSES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "The worst status of all judged quantities, for every model, order and task and in the mean over tasks, by level. "
    "Undecided says that nothing is shown, for lack of texts or because the dense model has too little to lose."
)
_DETAIL = (
    "Kept: every judged quantity is shown to be kept. Undecided: at least one is neither shown to be kept nor worse. "
    "Harmed: at least one is shown to be worse than in the dense model. Degraded: at least one is shown to be worse by "
    "more than its margin."
)
_LETTER = 0.07
"""Width of a letter of a row's name, in inches."""


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """Rows: the mean over tasks and the tasks of each model and order; columns: pruned levels."""
    verdicts = tables["verdict"].filter(pl.col("level") > 0)
    if verdicts.is_empty():
        return note("no verdict: this run has no pruned level")
    means = tables["pooled"].filter(pl.col("left_out").is_null(), pl.col("level") > 0)
    names, statuses = [], []
    for model, order in verdicts.select("model", "order").unique(maintain_order=True).rows():
        of_path = verdicts.filter(model=model, order=order)
        rows = [("mean over tasks", means.filter(model=model, order=order))]
        rows += [
            (task, of_path.filter(task=task))
            for task in of_path["task"].unique(maintain_order=True).to_list()
        ]
        for name, found in rows:
            if found.height:
                names.append(f"{model}, {order}: {name}")
                statuses.append(_worst(found))
    width = 1.2 + _LETTER * max(map(len, names))
    figure, ((panel,),) = canvas(size=grid_size(len(names), verdicts["level"].n_unique(), width))
    status_grid(figure, panel, names, statuses)
    panel.set_ylabel("model, order: task", labelpad=10)
    return figure


def _worst(rows: pl.DataFrame) -> dict[int, str]:
    """The worst status by level."""
    found: dict[int, str] = {}
    for level, status in rows.select("level", "status").iter_rows():
        found[level] = max(found.get(level, status), status, key=STATUSES.index)
    return found


FIGURE = StudyFigure(
    title="Verdict of every task",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=4,
    tables=("verdict", "pooled"),
    draw=_draw,
    on_page=False,
)
