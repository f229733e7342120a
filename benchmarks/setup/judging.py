"""What the package says about simulated data sets of a known harm, through its own `verdict`, and how often it errs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from setup.harms import Floats, Indices

from keepfaith.artifacts.schemas import METHOD, METRICS
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.statistics.comparison import Comparison, MetricRow, Numbers
from keepfaith.statistics.explanation_metrics import Explained
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import DEGRADED, HARMED, KEPT, verdict

AT_ONCE = 40
"""Data sets that are compared in one call; each has an interval at every step of Holm's correction over all of them."""

Row = dict[str, Any]
"""Of the table of a benchmark."""


@dataclass(frozen=True)
class Case:
    """Data sets of one kind.

    Attributes:
        quantity: a judged or shown one, or a metric that is neither.
        world: by name.
        clusters: [n], the text of each example.
        margins: the true harm in margins; None for a harm that is whatever the world makes it.
    """

    quantity: str
    world: str
    clusters: Indices
    margins: float | None

    @property
    def metric(self) -> str:
        """Its rows in METRICS."""
        declared = self.quantity in QUANTITIES.names()
        return QUANTITIES.load(self.quantity).metric if declared else self.quantity

    @property
    def harmful(self) -> int:
        """Sign of a harmful change."""
        declared = self.quantity in QUANTITIES.names()
        return QUANTITIES.load(self.quantity).harmful if declared else 1

    @property
    def margin(self) -> float | None:
        """The default margin; None for a quantity that is not judged."""
        declared = self.quantity in QUANTITIES.names()
        return QUANTITIES.load(self.quantity).margin if declared else None


def changes_of(values: Floats, clusters: Indices, analysis: Analysis) -> list[Numbers]:
    """Numbers of each of R data sets of changes [n, R] or [n, R, S] against a dense level of 0.

    Data sets are compared as if they were levels of one path, since a comparison computes all levels with one set of
    resamples; `numbers[k].holm_low[0]` is the interval of a path with one pruned level.
    """
    cube = values.reshape(*values.shape[:2], -1)  # (n, R, S)
    ids = tuple(map(str, range(len(cube))))
    found: list[Numbers] = []
    for start in range(0, cube.shape[1], AT_ONCE):
        part = cube[:, start : start + AT_ONCE]
        by_seed = np.concatenate([np.zeros_like(part[:, :1]), part], axis=1)
        comparison = Comparison(range(by_seed.shape[1]), clusters, analysis)
        found += Explained(comparison, ids, by_seed).numbers()[1:]
    return found


def metric_row(
    case: Case, numbers: Numbers, name: str, level: int = 1, steps: int = 1
) -> MetricRow:
    """One row of METRICS under the method `name`, with an interval for each of `steps` pruned levels."""
    return {
        "level": level,
        "metric": case.metric,
        "method": name,
        "role": METHOD,
        "examples": len(case.clusters),
        "clusters": len(np.unique(case.clusters)),
        **numbers.row(),
        "holm_low": (numbers.holm_low or ())[:steps],
        "holm_high": (numbers.holm_high or ())[:steps],
    }


def outcome(case: Case, found: Sequence[Numbers], truths: float | Floats) -> Row:
    """How often the data sets are kept, degraded and harmed, and how often their intervals miss the true harm.

    Args:
        case: kind of the data sets.
        found: numbers of each data set, of a path with one pruned level.
        truths: the true harm, of all data sets or [R] of each.
    """
    signed = np.array([(of.change_low, of.change_high) for of in found], np.float64) * case.harmful
    low, high = signed.min(axis=1), signed.max(axis=1)
    runs = len(found)
    below, above = (high < truths).mean(), (low > truths).mean()
    row: Row = {
        "quantity": case.quantity,
        "world": case.world,
        "examples": len(case.clusters),
        "texts": len(np.unique(case.clusters)),
        "margins": case.margins,
        "true_harm": round(float(np.mean(truths)), 6) + 0.0,
        "runs": runs,
        "kept": None,
        "degraded": None,
        "harmed": None,
        "upper_end_below_truth": float(below),
        "lower_end_above_truth": float(above),
        "coverage": round(float(1 - below - above), 6),
    }
    if case.margin is not None:
        rows = [metric_row(case, numbers, str(run)) for run, numbers in enumerate(found)]
        table = pl.DataFrame(rows, schema=dict(METRICS.columns))
        statuses = verdict(table, {case.quantity: case.margin})["status"]
        row |= {name: float((statuses == name).sum() / runs) for name in (KEPT, DEGRADED, HARMED)}
    return row
