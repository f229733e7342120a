"""Rows of METRICS from explanations: faithfulness and R-precision.

One value per example, averaged over the seeds of a seeded method, so that examples are the unit of every interval
and test. What the seeds add to the variance of a mean widens its interval (`statistics.seed_noise`); the spread over
seeds is a separate column.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import CONTROL, METHOD
from keepfaith.calibration.probabilities import Floats
from keepfaith.faithfulness.metrics import AGGREGATES, per_example_aggregates, r_precision
from keepfaith.statistics.clusters import Grouping
from keepfaith.statistics.comparison import Comparison, MetricRow, Numbers
from keepfaith.statistics.seed_noise import SeedNoise, seed_noise
from keepfaith.statistics.settings import Analysis


@dataclass(frozen=True)
class Explained:
    """Values of one quantity: the same n examples at every level.

    Attributes:
        comparison: levels and clusters of these examples.
        example_ids: [n], sorted.
        by_seed: [n, K, S].
    """

    comparison: Comparison
    example_ids: tuple[str, ...]
    by_seed: Floats

    @property
    def values(self) -> Floats:
        """[n, K], means over seeds."""
        found: Floats = self.by_seed.mean(axis=2)
        return found

    @property
    def noise(self) -> SeedNoise:
        """Variance of the means that the seeds add."""
        return seed_noise(self.by_seed, self.comparison.clusters)

    def numbers(self) -> list[Numbers]:
        """Means, intervals, changes and, for more than one seed, the band of one standard deviation of seeds."""
        dense, clusters = self.comparison.dense, self.comparison.clusters
        # A seed has the same masks at all levels: what they shift alike is not in the change.
        changes = self.by_seed if dense is None else self.by_seed - self.by_seed[:, [dense]]
        found = self.comparison.of_means(self.values, self.noise, seed_noise(changes, clusters))
        if self.by_seed.shape[2] < 2:
            return found
        spread = self.by_seed.mean(axis=0).std(axis=1, ddof=1)
        return [
            replace(row, seed_low=centre - sd, seed_high=centre + sd)
            for row, centre, sd in zip(found, self.values.mean(axis=0), spread, strict=True)
        ]


def faithfulness_rows(
    faithfulness: pl.DataFrame, grouping: Grouping, analysis: Analysis
) -> list[MetricRow]:
    """Comprehensiveness and sufficiency by either aggregate, per method, operator and ranking.

    The reference of a method spans the intervals of all controls under the same operator, if any was run: a method
    beyond it is better than every control. Whether a method is shown to be better is a paired comparison:
    `<metric>_beyond_controls`.
    """
    rows: list[MetricRow] = []
    for aggregate in AGGREGATES:
        table = per_example_aggregates(faithfulness, aggregate).drop_nulls("value")
        found = {
            key: explained(group, "value", grouping, analysis)
            for key, group in groups_of(table, "kind", "operator", "ranking", "method", "role")
        }
        numbers = {key: of_key.numbers() for key, of_key in found.items()}
        for key, of_levels in numbers.items():
            kind, operator, ranking, method, role = key
            if role == METHOD:
                controls = [
                    of_control
                    for (*what, _, of_role), of_control in numbers.items()
                    if of_role == CONTROL and what == [kind, operator, "method"]
                ]
                of_levels = _with_reference(of_levels, controls)
            names = {"method": method, "role": role, "operator": operator, "ranking": ranking}
            rows += rows_of(found[key], of_levels, "faithfulness", f"{kind}_{aggregate}", names)
        rows += _beyond_controls(found, aggregate)
    return rows


def _beyond_controls(found: Mapping[tuple[str, ...], Explained], aggregate: str) -> list[MetricRow]:
    """Advantage of each method over the closest of all controls and its own reversed ranking.

    Differences are taken example by example, in the direction in which more is better; of several references the one
    with the smallest lower end counts at each level. With two separate intervals, equal methods would differ too often.
    """
    rows: list[MetricRow] = []
    for (kind, operator, ranking, method, role), own in found.items():
        if role != METHOD or ranking != "method":
            continue
        sign = 1.0 if kind == "comprehensiveness" else -1.0
        references = [
            other
            for (of_kind, of_operator, of_ranking, name, of_role), other in found.items()
            if (of_kind, of_operator) == (kind, operator)
            and (
                (of_role == CONTROL and of_ranking == "method")
                or (name == method and of_ranking == "reversed")
            )
        ]
        if not references:
            continue
        candidates = [paired_difference(own, other, sign) for other in references]
        closest = [
            min(of_level, key=lambda row: row.low or 0.0)
            for of_level in zip(*candidates, strict=True)
        ]
        names = {"method": method, "role": role, "operator": operator, "ranking": ranking}
        rows += rows_of(own, closest, "faithfulness", f"{kind}_{aggregate}_beyond_controls", names)
    return rows


def paired_difference(own: Explained, other: Explained, sign: float) -> list[Numbers]:
    """Means and intervals by level of `sign` times (own - other), without a change against the dense level.

    Raises:
        ValueError: the two explain different examples.
    """
    if own.example_ids != other.example_ids or own.comparison.levels != other.comparison.levels:
        raise ValueError("a method and its control explain different examples or levels")
    if own.by_seed.shape == other.by_seed.shape:
        # Also of two rankings with the same draws, such as a method's own and reversed one.
        noise = seed_noise(own.by_seed - other.by_seed, own.comparison.clusters)
    else:
        noise = own.noise + other.noise
    numbers = own.comparison.of_means(sign * (own.values - other.values), noise)
    return [Numbers(value=row.value, low=row.low, high=row.high) for row in numbers]


def rationale_rows(
    attributions: pl.DataFrame,
    examples: pl.DataFrame,
    grouping: Grouping,
    analysis: Analysis,
    metric: str = "r_precision",
) -> list[MetricRow]:
    """R-precision of the known rationale per method, with chance as reference, and its excess over chance.

    `attributions` may also hold scores of segments: those that share a character with the rationale are its.
    """
    table = r_precision(attributions, examples).with_columns(
        above=pl.col("r_precision") - pl.col("chance")
    )
    rows: list[MetricRow] = []
    for (method, role), group in groups_of(table, "method", "role"):
        names = {"method": method, "role": role}
        precision = explained(group, "r_precision", grouping, analysis)
        chance = explained(group, "chance", grouping, analysis).values.mean(axis=0)
        numbers = [
            replace(row, reference_low=x, reference_high=x)
            for row, x in zip(precision.numbers(), chance, strict=True)
        ]
        rows += rows_of(precision, numbers, "rationale", metric, names)
        above = explained(group, "above", grouping, analysis)
        rows += rows_of(above, above.numbers(), "rationale", f"{metric}_above_chance", names)
    return rows


def explained(
    table: pl.DataFrame, column: str, grouping: Grouping, analysis: Analysis
) -> Explained:
    """Arrange `column` of a table with level, example_id and seed by example and level.

    Raises:
        ValueError: a level or seed lacks an example that another has, or has it twice, or an explained example is not
            among the examples.
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
    comparison = Comparison(levels.to_list(), grouping.of(ids.to_list()), analysis)
    return Explained(comparison, tuple(ids), cube)


def groups_of(table: pl.DataFrame, *keys: str) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    """The rows of every combination of texts in these columns, with the combination, sorted by it."""
    groups = table.sort(keys).group_by(keys, maintain_order=True)
    return [(tuple(str(part) for part in key), group) for key, group in groups]


def _with_reference(rows: list[Numbers], controls: list[list[Numbers]]) -> list[Numbers]:
    """Rows by level, each with the span of the controls' intervals at that level."""
    found = []
    for row, *of_controls in zip(rows, *controls, strict=True):
        lows = [x for control in of_controls if (x := control.low) is not None and np.isfinite(x)]
        highs = [x for control in of_controls if (x := control.high) is not None and np.isfinite(x)]
        found.append(
            replace(
                row, reference_low=min(lows, default=None), reference_high=max(highs, default=None)
            )
        )
    return found


def rows_of(
    found: Explained,
    numbers: list[Numbers],
    family: str,
    metric: str,
    names: Mapping[str, str],
) -> list[MetricRow]:
    """Rows of METRICS, one per level of `found`, with these numbers and names (method, role, ...)."""
    return [
        {
            "level": level,
            "family": family,
            "metric": metric,
            **names,
            "examples": int(np.shape(found.values)[0]),
            "clusters": found.comparison.cluster_count,
            **row.row(),
        }
        for level, row in zip(found.comparison.levels, numbers, strict=True)
    ]
