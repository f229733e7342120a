"""The verdict at one glance: rows of models, orders and tasks, columns of levels, cells by worst status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import CONCERNS, judged_quantities
from keepfaith.statistics.verdict import STATUSES, UNDECIDED, has_nothing_to_lose


@dataclass(frozen=True)
class MatrixCell:
    """One row at one level.

    Attributes:
        status: the worst of its quantities.
        by_status: names of the quantities, by their status, worst first; of an undecided one also whether there is
            too little to lose.
        label: name of the checkpoint that this level is; empty for a level of dropped layers.
    """

    status: str
    by_status: Mapping[str, tuple[str, ...]]
    label: str = ""

    @property
    def words(self) -> str:
        """`degraded: accuracy; kept: ECE`, after the name of the checkpoint, if it is one."""
        listed = (f"{status}: {', '.join(names)}" for status, names in self.by_status.items())
        return "; ".join([self.label, *listed] if self.label else listed)


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
    labels: Mapping[str, Mapping[int, str]],
) -> Matrix:
    """The matrix of a study.

    Args:
        verdicts: VERDICT of all cells with leading columns model, order and task.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        targets: id of the section of each cell, by its model, order and task.
        labels: names of the levels by pruning path, where they are checkpoints.
    """
    levels = tuple(verdicts["level"].unique().sort().to_list())
    keys = verdicts.select("model", "order", "task").unique(maintain_order=True).rows()
    groups = []
    for model, order in dict.fromkeys((model, order) for model, order, _ in keys):
        path = f"{model}/{order}"
        means, named = pooled.get(path), labels.get(path, {})
        rows = []
        if means is not None and means.height:
            every = means.filter(pl.col("left_out").is_null())
            rows.append(MatrixRow(MEAN, None, _cells(every, levels, named)))
        for key in keys:
            if key[:2] == (model, order):
                own = verdicts.filter(model=model, order=order, task=key[2])
                rows.append(MatrixRow(key[2], targets.get(key), _cells(own, levels, named)))
        groups.append((model, order, tuple(rows)))
    return Matrix(levels, tuple(groups))


def quantity_matrix(
    verdicts: pl.DataFrame,
    pooled: Mapping[str, pl.DataFrame],
    labels: Mapping[str, Mapping[int, str]],
) -> Matrix:
    """One row per judged quantity, worst status over its methods: of the mean over tasks, or of the only task.

    Args:
        verdicts, pooled, labels: as of `verdict_matrix`.
    """
    levels = tuple(verdicts["level"].unique().sort().to_list())
    groups = []
    for model, order in verdicts.select("model", "order").unique(maintain_order=True).rows():
        path = f"{model}/{order}"
        means, rows = pooled.get(path), verdicts.filter(model=model, order=order)
        if means is not None and means.height:
            rows = means.filter(pl.col("left_out").is_null())
        elif rows["task"].n_unique() > 1:
            continue
        found = tuple(
            MatrixRow(quantity_name(str(name)), None, _cells(of, levels, labels.get(path, {})))
            for (name,), of in rows.group_by("quantity", maintain_order=True)
        )
        groups.append((model, order, found))
    return Matrix(levels, tuple(groups))


def matrices_by_concern(
    verdicts: pl.DataFrame,
    pooled: Mapping[str, pl.DataFrame],
    targets: Mapping[tuple[str, str, str], str],
    labels: Mapping[str, Mapping[int, str]],
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
            found.append((concern, verdict_matrix(own, means, targets, labels)))
    return found


def _cells(
    rows: pl.DataFrame, levels: Iterable[int], named: Mapping[int, str]
) -> tuple[MatrixCell | None, ...]:
    return tuple(_cell(rows.filter(level=level), named.get(level, "")) for level in levels)


def _cell(rows: pl.DataFrame, label: str) -> MatrixCell | None:
    found: dict[str, list[str]] = {}
    shown = rows.select("status", "quantity", "method", has_nothing_to_lose(rows).alias("vacuous"))
    for status, quantity, method, vacuous in shown.rows():
        why = " (too little to lose)" if vacuous and status == UNDECIDED else ""
        found.setdefault(status, []).append(quantity_name(quantity, method) + why)
    ordered = {status: tuple(found[status]) for status in reversed(STATUSES) if status in found}
    return MatrixCell(next(iter(ordered)), ordered, label) if ordered else None
