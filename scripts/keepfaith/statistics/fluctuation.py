"""Fluctuation: does a mean move from level to level by more than noise, up to each level?

Means of a few examples wiggle along any pruning path. With d_ik = x_ik - x_i,k-1, the step of example i to level k,
F = sum over k of (mean_i d_ik)^2 - s_k^2 / n estimates the sum of squared true steps without bias: it is 0 on average
if nothing moves, while an eye reads the first term alone off a curve. Under "nothing moves" all steps of an example may
as well have the other sign, all at once, as its levels depend on each other: flipping whole examples (or clusters,
where examples share texts) gives the distribution of the first term. In 2,000 simulated samples of 6 steps in which
nothing moved, the test at .05 passed in

    examples              16     50     200
    normal                .045   .042   .056
    skewed                .047   .059   .047

and in 1,000 where the means alternated by .03 at a standard deviation of .1 (steps of .14) in .22, .63, 1.00.

What the seeds of a sampled method shift alike in all examples is no movement: it is subtracted, and drawn once more in
every repetition (`statistics.seed_noise`). Few seeds do not tell it well: with 100 examples and a shift of .05 the test
passed in .16 / .12 / .07 of 500 samples with 2 / 3 / 5 seeds (without the correction in .96 / .94 / .83).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import FLUCTUATION, METHOD
from keepfaith.artifacts.tables import conform
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import Floats, Indices, Predicted, predicted
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS, Grouping, cluster_sums
from keepfaith.statistics.coalition_metrics import known_everywhere
from keepfaith.statistics.explanation_metrics import explained, groups_of
from keepfaith.statistics.paired import flips
from keepfaith.statistics.seed_noise import SeedNoise, seed_noise
from keepfaith.statistics.settings import Analysis

_ACCURACY = "accuracy"
_FAITHFULNESS = "segment_faithfulness"
_DECIMALS = 12


class Movement(NamedTuple):
    """Up to each pruned level, [K - 1]: the estimated sum of squared steps, and the p-value of "nothing moves"."""

    squared: Floats
    p_values: Floats


def movement(
    values: Floats, clusters: Indices, analysis: Analysis, noise: SeedNoise | None = None
) -> Movement:
    """Of the mean of `values` [n, K] over examples, from level to level.

    Args:
        values: by example and level, the dense one first.
        clusters: [n], examples of one cluster are flipped together.
        analysis: number of flips and seed.
        noise: of the K - 1 steps, by the seeds of a sampled method.

    Examples:
        >>> values = np.tile([0.0, 0.1, 0.0], (8, 1)) + 0.01 * np.arange(8)[:, None]
        >>> found = movement(values, np.arange(8), Analysis())
        >>> found.squared.round(6).tolist(), found.p_values.tolist()  # 2 of 256 signs
        ([0.01, 0.02], [0.0078125, 0.0078125])
    """
    steps = np.diff(values, axis=1)  # [n, K - 1]
    size, mean = len(steps), steps.mean(axis=0)
    sums = cluster_sums(steps, clusters)  # [c, K - 1]
    units = len(sums)
    residual = sums - np.bincount(clusters)[:, None] * mean
    variance = units / (units - 1) * (residual**2).sum(axis=0) / size**2
    by_seeds = np.zeros_like(mean) if noise is None else noise.variance
    signs = flips(units, analysis.repetitions, analysis.seed)  # [R, c]
    drawn = signs @ sums / size  # [R, K - 1]
    if by_seeds.any():
        random = np.random.default_rng(analysis.seed)
        drawn = drawn + np.sqrt(by_seeds) * random.normal(size=drawn.shape)
    observed = np.cumsum(mean**2)
    # Sums that differ only by the order of addition must count as equal.
    slack = 1e-12 * np.cumsum((np.abs(sums).sum(axis=0) / size) ** 2)
    extreme = (np.cumsum(drawn**2, axis=1) >= observed - slack).sum(axis=0)
    exact = len(signs) == 2**units and not by_seeds.any()
    p_values = extreme / len(signs) if exact else (extreme + 1) / (len(signs) + 1)
    return Movement(np.cumsum(mean**2 - variance - by_seeds), p_values)


def fluctuation(
    predictions: pl.DataFrame,
    examples: pl.DataFrame,
    explanations: pl.DataFrame | None,
    grouping: Grouping,
    analysis: Analysis,
) -> pl.DataFrame:
    """FLUCTUATION of every metric that is a mean over predictions, and of each method's faithfulness.

    Of crossing groupings, the one with the largest p-value counts at each level. Beside each is the movement of the
    accuracy on the same examples.

    Args:
        predictions: PREDICTIONS of all levels.
        examples: EXAMPLES; the evaluation subset is used.
        explanations: EXPLANATIONS, where coalitions were scored: examples that some order explains at every level.
        grouping, analysis: as for `compute_metrics`.
    """
    found = predicted(predictions, examples, unit=analysis.probabilities)
    ids = list(found.example_ids)
    values = _per_example(found, analysis.bins)
    correct = values[_ACCURACY]
    tables = [
        _rows(metric, None, ids, of_metric, correct, found, grouping, analysis)
        for metric, of_metric in values.items()
    ]
    if explanations is not None:
        known = known_everywhere(explanations, "faithfulness")
        rows = {name: row for row, name in enumerate(ids)}
        for (method, role), group in groups_of(known, "method", "role"):
            if role == METHOD:
                of_method = explained(group, "faithfulness", grouping, analysis)
                own = list(of_method.example_ids)
                same = correct[[rows[name] for name in own]]
                cube = of_method.by_seed
                tables.append(
                    _rows(
                        _FAITHFULNESS, method, own, of_method.values, same, found, grouping,
                        analysis, np.diff(cube, axis=1),
                    )
                )  # fmt: skip
    empty = pl.DataFrame(schema=dict(FLUCTUATION.columns))
    return pl.concat([empty, *tables])


def _per_example(found: Predicted, bins: int) -> dict[str, Floats]:
    """[n, K] of each metric of predictions that is a mean over examples."""
    values = {}
    for name, metric in PREDICTION_METRICS.all().items():
        if metric.per_example is not None:
            columns = [
                np.broadcast_to(metric.per_example(once(sample, bins)), (1, sample.size))[0]
                for sample in found.levels.values()
            ]
            values[name] = np.stack(columns, axis=1)
    return values


def _rows(
    metric: str,
    method: str | None,
    ids: Sequence[str],
    values: Floats,
    correct: Floats,
    found: Predicted,
    grouping: Grouping,
    analysis: Analysis,
    steps: Floats | None = None,
) -> pl.DataFrame:
    """Rows of one metric and method; `steps` [n, K - 1, S] are those of the seeds, if it has any."""
    pruned = list(found.levels)[1:]
    groupings = [each.of(list(ids)) for each in (grouping, *grouping.crossing)]
    independent = min(int(clusters.max()) + 1 for clusters in groupings)
    frame: dict[str, object] = {
        "metric": pl.Series([metric] * len(pruned), dtype=pl.String),
        "method": pl.Series([method] * len(pruned), dtype=pl.String),
        "last_level": pl.Series(pruned, dtype=pl.Int64),
        "steps": pl.Series(range(1, len(pruned) + 1), dtype=pl.Int64),
        "examples": pl.Series([len(ids)] * len(pruned), dtype=pl.Int64),
        "clusters": pl.Series([independent] * len(pruned), dtype=pl.Int64),
    }
    nothing = pl.Series([None] * len(pruned), dtype=pl.Float64)
    for prefix, of, seeds in (("", values, steps), ("accuracy_", correct, None)):
        if independent < MINIMUM_CLUSTERS or not pruned:
            frame |= {f"{prefix}movement": nothing, f"{prefix}p_value": nothing}
            continue
        moved = [
            movement(of, each, analysis, None if seeds is None else seed_noise(seeds, each))
            for each in groupings
        ]
        frame[f"{prefix}movement"] = np.min([one.squared for one in moved], axis=0)
        frame[f"{prefix}p_value"] = np.max([one.p_values for one in moved], axis=0)
    table = pl.DataFrame(frame).with_columns(pl.col(pl.Float64).round(_DECIMALS))
    return conform(table, FLUCTUATION)
