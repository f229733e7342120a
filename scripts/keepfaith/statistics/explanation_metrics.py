"""Rows of METRICS from explanations: faithfulness and evidence recall.

One value per example, averaged over the seeds of a seeded method, so that examples are the unit of every interval
and test; how much seeds differ is a column of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Floats
from keepfaith.faithfulness.metrics import AGGREGATES, evidence_recall, per_example_aggregates
from keepfaith.statistics.clusters import shared_texts
from keepfaith.statistics.comparison import Comparison, Numbers
from keepfaith.statistics.settings import Analysis

Row = dict[str, object]
RANDOM = "random"
"""The control method: random scores."""


@dataclass(frozen=True)
class Explained:
    """Values of one quantity: the same n examples at every level.

    Attributes:
        comparison: levels and clusters of these examples.
        values: [n, K], means over seeds.
        seed_means: [S, K], means over examples.
    """

    comparison: Comparison
    values: Floats
    seed_means: Floats

    def numbers(self) -> list[Numbers]:
        """Means, intervals, changes and, for more than one seed, the band of one standard deviation of seeds."""
        found = self.comparison.of_means(self.values)
        if len(self.seed_means) < 2:
            return found
        spread = self.seed_means.std(axis=0, ddof=1)
        return [
            replace(row, seed_low=centre - sd, seed_high=centre + sd)
            for row, centre, sd in zip(found, self.values.mean(axis=0), spread, strict=True)
        ]


def faithfulness_rows(
    faithfulness: pl.DataFrame, examples: pl.DataFrame, analysis: Analysis
) -> list[Row]:
    """Comprehensiveness and sufficiency by either aggregate, per method, operator and ranking.

    The reference of a method is the interval of random scores under the same operator, where they were run.
    """
    rows: list[Row] = []
    for aggregate in AGGREGATES:
        table = per_example_aggregates(faithfulness, aggregate).drop_nulls("value")
        found = {
            key: explained(group, "value", examples, analysis)
            for key, group in _groups(table, "kind", "operator", "ranking", "method")
        }
        numbers = {key: of_key.numbers() for key, of_key in found.items()}
        for key, of_levels in numbers.items():
            kind, operator, ranking, method = key
            if method != RANDOM:
                of_levels = _with_reference(
                    of_levels, numbers.get((kind, operator, "method", RANDOM))
                )
            names = {"method": method, "operator": operator, "ranking": ranking}
            rows += _rows(found[key], of_levels, "faithfulness", f"{kind}_{aggregate}", names)
    return rows


def evidence_rows(
    attributions: pl.DataFrame, examples: pl.DataFrame, analysis: Analysis
) -> list[Row]:
    """Recall of the known evidence per method, with chance as reference, and how far it lies above chance."""
    table = evidence_recall(attributions, examples).with_columns(
        above=pl.col("recall") - pl.col("chance")
    )
    rows: list[Row] = []
    for (method,), group in _groups(table, "method"):
        names = {"method": method}
        recall = explained(group, "recall", examples, analysis)
        chance = explained(group, "chance", examples, analysis).values.mean(axis=0)
        numbers = [
            replace(row, reference_low=x, reference_high=x)
            for row, x in zip(recall.numbers(), chance, strict=True)
        ]
        rows += _rows(recall, numbers, "evidence", "evidence_recall", names)
        above = explained(group, "above", examples, analysis)
        rows += _rows(above, above.numbers(), "evidence", "evidence_recall_above_chance", names)
    return rows


def explained(
    table: pl.DataFrame, column: str, examples: pl.DataFrame, analysis: Analysis
) -> Explained:
    """Arrange `column` of a table with level, example_id and seed by example and level.

    Raises:
        ValueError: a level or seed lacks an example that another has, or has it twice.
    """
    ids = table["example_id"].unique().sort()
    levels = table["level"].unique().sort()
    seeds = table["seed"].unique().sort()
    full = len(ids) * len(levels) * len(seeds)
    distinct = table.select("level", "example_id", "seed").n_unique()
    if not full == distinct == table.height:
        raise ValueError(
            f"explanations cover {distinct} of {full} combinations of level, example and seed in {table.height} rows; "
            "levels are only comparable on the same examples"
        )
    cube = (
        table.sort("example_id", "level", "seed")[column]
        .to_numpy()
        .reshape(len(ids), len(levels), len(seeds))
    )
    known = examples.filter(pl.col("example_id").is_in(ids.to_list())).sort("example_id")
    if known.height != len(ids):
        raise ValueError("an explained example is not among the examples")
    comparison = Comparison(levels.to_list(), shared_texts(known), analysis)
    return Explained(comparison, cube.mean(axis=2), cube.mean(axis=0).T)


def _groups(table: pl.DataFrame, *keys: str) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    groups = table.sort(keys).group_by(keys, maintain_order=True)
    return [(tuple(str(part) for part in key), group) for key, group in groups]


def _with_reference(rows: list[Numbers], chance: list[Numbers] | None) -> list[Numbers]:
    if chance is None:
        return rows
    return [
        replace(row, reference_low=of_chance.low, reference_high=of_chance.high)
        for row, of_chance in zip(rows, chance, strict=True)
    ]


def _rows(
    found: Explained,
    numbers: list[Numbers],
    family: str,
    metric: str,
    names: Mapping[str, str],
) -> list[Row]:
    return [
        {
            "level": level,
            "family": family,
            "metric": metric,
            **names,
            "examples": int(np.shape(found.values)[0]),
            **row.row(),
        }
        for level, row in zip(found.comparison.levels, numbers, strict=True)
    ]
