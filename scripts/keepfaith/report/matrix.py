"""The verdict at one glance: rows of models, orders and tasks, columns of levels, cells by worst status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import CONCERNS, judged_quantities
from keepfaith.statistics.verdict import STATUSES


@dataclass(frozen=True)
class MatrixCell:
    """One row at one level.

    Attributes:
        status: the worst of its quantities.
        by_status: names of the quantities, by their status, worst first.
    """

    status: str
    by_status: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> str:
        """`degraded: accuracy; kept: ECE`."""
        return "; ".join(
            f"{status}: {', '.join(names)}" for status, names in self.by_status.items()
        )


@dataclass(frozen=True)
class MatrixRow:
    """One task of a model and order, or the mean over its tasks.

    Attributes:
        name: of the row, below that of its model and order.
        target: id of the section that its name leads to, if there is one.
        cells: a cell for each level of the matrix, None where the row has no such level.
    """

    name: str
    target: str | None
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True)
class Matrix:
    """All rows, in groups of one model and order."""

    levels: tuple[int, ...]
    groups: tuple[tuple[str, str, tuple[MatrixRow, ...]], ...]


MEAN = "mean over tasks"


def verdict_matrix(
    verdicts: pl.DataFrame,
    pooled: Mapping[str, pl.DataFrame],
    targets: Mapping[tuple[str, str, str], str],
) -> Matrix:
    """The matrix of a study.

    Args:
        verdicts: VERDICT of all cells with leading columns model, order and task.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        targets: id of the section of each cell, by its model, order and task.
    """
    levels = tuple(verdicts["level"].unique().sort().to_list())
    keys = verdicts.select("model", "order", "task").unique(maintain_order=True).rows()
    groups = []
    for model, order in dict.fromkeys((model, order) for model, order, _ in keys):
        means = pooled.get(f"{model}/{order}")
        rows = []
        if means is not None and means.height:
            every = means.filter(pl.col("left_out").is_null())
            rows.append(MatrixRow(MEAN, None, _cells(every, levels)))
        for key in keys:
            if key[:2] == (model, order):
                own = verdicts.filter(model=model, order=order, task=key[2])
                rows.append(MatrixRow(key[2], targets.get(key), _cells(own, levels)))
        groups.append((model, order, tuple(rows)))
    return Matrix(levels, tuple(groups))


def matrices_by_concern(
    verdicts: pl.DataFrame,
    pooled: Mapping[str, pl.DataFrame],
    targets: Mapping[tuple[str, str, str], str],
) -> list[tuple[str, Matrix]]:
    """The same for the quantities of each of the reader's questions, with its name; none for a question without any."""
    found = []
    for concern in CONCERNS:
        names = [name for name, of in judged_quantities().items() if of.concern == concern]
        own = verdicts.filter(pl.col("quantity").is_in(names))
        means = {
            path: rows.filter(pl.col("quantity").is_in(names)) for path, rows in pooled.items()
        }
        if own.height:
            found.append((concern, verdict_matrix(own, means, targets)))
    return found


def _cells(rows: pl.DataFrame, levels: Iterable[int]) -> tuple[MatrixCell | None, ...]:
    return tuple(_cell(rows.filter(level=level)) for level in levels)


def _cell(rows: pl.DataFrame) -> MatrixCell | None:
    found: dict[str, list[str]] = {}
    for status, quantity, method in rows.select("status", "quantity", "method").rows():
        found.setdefault(status, []).append(quantity_name(quantity, method))
    ordered = {status: tuple(found[status]) for status in reversed(STATUSES) if status in found}
    return MatrixCell(next(iter(ordered)), ordered) if ordered else None
