"""Rows of METRICS on seeded methods: how far two runs of one method agree, and how many draws would make them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Floats
from keepfaith.coalitions.agreement import draws_for_agreement, rank_correlation, top_overlap
from keepfaith.faithfulness.agreement import score_array
from keepfaith.statistics.clusters import Grouping
from keepfaith.statistics.comparison import MetricRow, Numbers
from keepfaith.statistics.explanation_metrics import explained, groups_of, rows_of
from keepfaith.statistics.settings import Analysis

_FAMILY = "reliability"


def reliability_rows(
    attributions: Sequence[pl.DataFrame],
    explanations: pl.DataFrame | None,
    top: int,
    grouping: Grouping,
    analysis: Analysis,
) -> list[MetricRow]:
    """Agreement between the seeds of every method that has two or more, at every level.

    `seed_correlation`: Spearman's, of token scores, mean over pairs of seeds; `seed_overlap`: of the `top` tokens, with
    chance as reference; `draws_needed`: how many times as many draws would make two runs correlate by 0.9;
    `segment_seed_correlation`: of segment scores. Examples where some level has only equal scores with a seed have no
    correlation, and are left out at all levels.

    Args:
        attributions: ATTRIBUTIONS, each of one method with any of its seeds.
        explanations: EXPLANATIONS, where coalitions were scored.
        top: number of top tokens.
        grouping: which examples depend on each other.
        analysis: draws and confidence.
    """
    rows: list[MetricRow] = []
    by_method: dict[tuple[str, str], list[pl.DataFrame]] = {}
    for table in attributions:
        for key, group in groups_of(table, "method", "role"):
            by_method.setdefault((key[0], key[1]), []).append(group)
    for (method, role), tables in sorted(by_method.items()):
        names = {"method": method, "role": role}
        found = _token_agreement(pl.concat(tables), top)
        rows += _correlation_rows(found, "seed_correlation", names, grouping, analysis)
        rows += _overlap_rows(found, names, grouping, analysis)
    if explanations is not None:
        for (method, role), group in groups_of(explanations, "method", "role"):
            names = {"method": method, "role": role}
            found = _segment_agreement(group)
            rows += _correlation_rows(found, "segment_seed_correlation", names, grouping, analysis)
    return rows


def _correlation_rows(
    table: pl.DataFrame,
    metric: str,
    names: dict[str, str],
    grouping: Grouping,
    analysis: Analysis,
) -> list[MetricRow]:
    undefined = table.filter(pl.col("correlation").is_nan())["example_id"].unique()
    known = table.filter(~pl.col("example_id").is_in(undefined.to_list()))
    if not known.height:
        return []
    found = explained(known, "correlation", grouping, analysis)
    numbers = found.numbers()
    rows = rows_of(found, numbers, _FAMILY, metric, names)
    if metric == "seed_correlation":
        rows += rows_of(found, [_draws(row) for row in numbers], _FAMILY, "draws_needed", names)
    return rows


def _draws(row: Numbers) -> Numbers:
    """The same as numbers of draws: the higher the correlation the fewer, and without one no number is enough."""

    def of(correlation: float | None) -> float | None:
        if correlation is None or np.isnan(correlation):
            return None
        found = draws_for_agreement(correlation)
        return found if np.isfinite(found) else None

    return Numbers(value=of(row.value), low=of(row.high), high=of(row.low))


def _overlap_rows(
    table: pl.DataFrame, names: dict[str, str], grouping: Grouping, analysis: Analysis
) -> list[MetricRow]:
    if not table.height:
        return []
    found = explained(table, "overlap", grouping, analysis)
    chance = explained(table, "chance", grouping, analysis).values.mean(axis=0)
    numbers = [
        replace(row, reference_low=x, reference_high=x)
        for row, x in zip(found.numbers(), chance, strict=True)
    ]
    return rows_of(found, numbers, _FAMILY, "seed_overlap", names)


def _token_agreement(table: pl.DataFrame, top: int) -> pl.DataFrame:
    """`correlation`, `overlap` and `chance` by level and example of one method; no rows with one seed."""
    levels = table["level"].unique().sort().to_list()
    seeds = table["seed"].n_unique()
    if seeds < 2:
        return _agreement([], levels, top)
    scores = (
        (str(name), score_array(rows, str(name), len(levels), seeds))
        for (name,), rows in table.group_by("example_id", maintain_order=True)
    )
    return _agreement(scores, levels, top)


def _segment_agreement(table: pl.DataFrame) -> pl.DataFrame:
    """The same of the segment scores of one method, with the top segment."""
    levels = table["level"].unique().sort().to_list()
    seeds = table["seed"].n_unique()
    if seeds < 2:
        return _agreement([], levels, 1)
    ranked = table.sort("example_id", "level", "seed")
    scores = (
        (str(name), np.array(rows["scores"].to_list()).reshape(len(levels), seeds, -1))
        for (name,), rows in ranked.group_by("example_id", maintain_order=True)
    )
    return _agreement(scores, levels, 1)


def _agreement(
    examples: Sequence[tuple[str, Floats]] | Iterator[tuple[str, Floats]],
    levels: Sequence[int],
    top: int,
) -> pl.DataFrame:
    """Means over pairs of seeds, from scores [K, S, features] by example."""
    rows = []
    for example_id, scores in examples:
        pairs = list(combinations(range(scores.shape[1]), 2))
        one, other = (scores[:, [pair[side] for pair in pairs]] for side in (0, 1))
        correlation = rank_correlation(one, other).mean(axis=1)  # NaN where a pair has none
        overlap = top_overlap(one, other, top).mean(axis=1)
        chance = min(1.0, top / scores.shape[-1])
        rows += [
            (level, example_id, 0, float(a), float(b), chance)
            for level, a, b in zip(levels, correlation, overlap, strict=True)
        ]
    schema = {
        "level": pl.Int64,
        "example_id": pl.String,
        "seed": pl.Int64,
        "correlation": pl.Float64,
        "overlap": pl.Float64,
        "chance": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
