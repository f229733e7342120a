"""Rows of METRICS from tables of coalitions: faithfulness, drift, the swap, and what can be explained at all."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Floats
from keepfaith.coalitions.agreement import rank_correlation, top_overlap
from keepfaith.coalitions.swap import swap_effects
from keepfaith.statistics.clusters import Grouping
from keepfaith.statistics.comparison import DENSE, Comparison, MetricRow
from keepfaith.statistics.explanation_metrics import Explained, explained, groups_of, rows_of
from keepfaith.statistics.settings import Analysis

_FAMILY = "coalitions"
_LARGEST_TOP = 3


@dataclass(frozen=True)
class SegmentTables:
    """What explain_segments writes and metrics are made of: EXPLANATIONS, LIMITS and SWAP."""

    explanations: pl.DataFrame
    limits: pl.DataFrame
    swap: pl.DataFrame


def coalition_rows(
    tables: SegmentTables, grouping: Grouping, analysis: Analysis
) -> list[MetricRow]:
    """All rows of family coalitions."""
    return [
        *_faithfulness_rows(tables.explanations, grouping, analysis),
        *_raw_rows(tables, grouping, analysis),
        *_drift_rows(tables, grouping, analysis),
        *_effect_rows(tables.swap, grouping, analysis),
        *_limit_rows(tables.limits, grouping, analysis),
    ]


def _faithfulness_rows(
    explanations: pl.DataFrame, grouping: Grouping, analysis: Analysis
) -> list[MetricRow]:
    """Faithfulness and sufficiency on the table of coalitions per method; chance is 0, exactly.

    Only examples that some ranking can explain at every level count, so that levels stay comparable; the rows say how
    many these are.
    """
    rows: list[MetricRow] = []
    for column in ("faithfulness", "sufficiency"):
        table = known_everywhere(explanations, column)
        for (method, role), group in groups_of(table, "method", "role"):
            names = {"method": method, "role": role}
            found = explained(group, column, grouping, analysis)
            numbers = [
                replace(row, reference_low=0.0, reference_high=0.0) for row in found.numbers()
            ]
            rows += rows_of(found, numbers, _FAMILY, f"segment_{column}", names)
    return rows


def _raw_rows(tables: SegmentTables, grouping: Grouping, analysis: Analysis) -> list[MetricRow]:
    """The study's raw quantities, on the target's probability and over segments; the reference is exact chance."""
    rows: list[MetricRow] = []
    for metric, column, of_chance in (
        ("raw_comprehensiveness", "probability_removal_area", "probability_chance"),
        ("raw_sufficiency", "probability_retention_area", "probability_retention_chance"),
    ):
        chance = dict(tables.limits.group_by("level").agg(pl.col(of_chance).mean()).iter_rows())
        for (method, role), group in groups_of(tables.explanations, "method", "role"):
            found = explained(group, column, grouping, analysis)
            numbers = [
                replace(row, reference_low=chance[level], reference_high=chance[level])
                for level, row in zip(found.comparison.levels, found.numbers(), strict=True)
            ]
            rows += rows_of(found, numbers, _FAMILY, metric, {"method": method, "role": role})
    return rows


def _limit_rows(limits: pl.DataFrame, grouping: Grouping, analysis: Analysis) -> list[MetricRow]:
    """Per level: how additive the value is, how many examples nothing explains, and how many predictions flipped."""
    table = limits.with_columns(
        nothing_to_explain=(~pl.col("explainable")).cast(pl.Float64),
        flipped=pl.col("flipped").cast(pl.Float64),
        seed=pl.lit(0),
    )
    rows: list[MetricRow] = []
    for metric in ("additive_share", "nothing_to_explain", "flipped"):
        known = known_everywhere(table, metric)
        if known.height:
            found = explained(known, metric, grouping, analysis)
            rows += rows_of(found, found.numbers(), _FAMILY, metric, {})
    return rows


def known_everywhere(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The examples that have a value at every level."""
    unknown = table.filter(pl.col(column).is_null())["example_id"].unique()
    return table.filter(~pl.col("example_id").is_in(unknown.to_list()))


def _drift_rows(tables: SegmentTables, grouping: Grouping, analysis: Analysis) -> list[MetricRow]:
    """How alike the scores of a level and of the dense level are, over the examples with the same prediction.

    The overlap is that of the top quarter of the segments, at least 1 and at most `_LARGEST_TOP`; its reference is
    chance. Examples whose scores are all equal at one of the levels have no correlation.
    """
    drifts = {
        key: _drifts(group) for key, group in groups_of(tables.explanations, "method", "role")
    }
    flipped = set(tables.limits.filter("flipped").select("level", "example_id").iter_rows())
    rows: list[MetricRow] = []
    for metric in ("drift_correlation", "drift_overlap"):
        for level in sorted({level for of in drifts.values() for level in of["level"].unique()}):
            for (method, role), of in drifts.items():
                group = of.filter(
                    pl.col("level") == level,
                    pl.col(metric).is_not_nan(),
                    ~pl.col("example_id").is_in([name for at, name in flipped if at == level]),
                )
                names = {"method": method, "role": role}
                if not group.height:
                    continue
                found = explained(group, metric, grouping, analysis)
                (numbers,) = found.numbers()
                if metric == "drift_overlap":
                    chance = explained(group, "chance", grouping, analysis).values.mean()
                    numbers = replace(numbers, reference_low=chance, reference_high=chance)
                rows += rows_of(found, [numbers], _FAMILY, metric, names)
    return rows


def _drifts(table: pl.DataFrame) -> pl.DataFrame:
    """Correlation, overlap and its chance by level, example and seed of one method, each against the dense level.

    An example without a correlation with some seed (NaN) has none.
    """
    found = []
    for (example_id,), rows in groups_of(table, "example_id"):
        levels, seeds = (rows[name].unique().sort().to_list() for name in ("level", "seed"))
        if DENSE not in levels:
            continue
        scores = np.array(rows.sort("level", "seed")["scores"].to_list())
        scores = scores.reshape(len(levels), len(seeds), -1)  # [K, S, n]
        dense = np.broadcast_to(scores[[levels.index(DENSE)]], scores.shape)
        segments = scores.shape[-1]
        top = _top(segments)
        correlation = rank_correlation(scores, dense)
        correlation[np.isnan(correlation).any(axis=1)] = np.nan
        found.append(
            pl.DataFrame(
                {
                    "level": np.repeat(levels, len(seeds)),
                    "seed": np.tile(seeds, len(levels)),
                    "drift_correlation": correlation.ravel(),
                    "drift_overlap": top_overlap(scores, dense, top).ravel(),
                }
            ).with_columns(example_id=pl.lit(example_id), chance=pl.lit(top / segments))
        )
    empty = {"level": pl.Int64, "drift_correlation": pl.Float64, "drift_overlap": pl.Float64}
    return pl.concat(found) if found else pl.DataFrame(schema=empty)


def _top(segments: int) -> int:
    """The number of segments whose overlap is measured."""
    return min(_LARGEST_TOP, max(1, round(segments / 4)))


def _effect_rows(swap: pl.DataFrame, grouping: Grouping, analysis: Analysis) -> list[MetricRow]:
    """The change of faithfulness against the dense level, split in two: explanation and judge (`coalitions.swap`).

    Examples that flipped have rows of their own (`_flipped`), of exact methods. Every level has its own examples:
    those that it predicts as the dense one does (or does not), and that can be explained under both.
    """
    rows: list[MetricRow] = []
    for flipped, suffix in ((False, ""), (True, "_flipped")):
        table = _effects(swap, flipped)
        for (level,), of_level in table.sort("level").group_by("level", maintain_order=True):
            for (method, role), group in groups_of(of_level, "method", "role"):
                for effect in ("explanation_effect", "judge_effect"):
                    found = explained(group, effect, grouping, analysis)
                    comparison = Comparison(
                        [DENSE, int(str(level))], found.comparison.clusters, analysis
                    )
                    against = Explained(comparison, found.example_ids, _after_zero(found.by_seed))
                    numbers = against.numbers()[1]
                    names = {"method": method, "role": role}
                    rows += rows_of(found, [numbers], _FAMILY, effect + suffix, names)
    return rows


def _after_zero(values: Floats) -> Floats:
    """[n, 2, S] from [n, 1, S]: an effect is a change already, and that of the dense level on itself is 0."""
    return np.hstack([np.zeros_like(values), values])


def _effects(swap: pl.DataFrame, flipped: bool) -> pl.DataFrame:
    """Both effects per pruned level, method, seed and example, where all four of its terms are known."""
    keys = ["method", "role", "seed", "example_id"]
    known = swap.filter(pl.col("faithfulness").is_not_null())
    explaining, judging = pl.col("explaining"), pl.col("judging")
    alike = known.filter(pl.col("flipped") == flipped)
    own_dense = known.filter(explaining == DENSE, judging == DENSE, ~pl.col("flipped"))
    parts = (
        (alike.filter(explaining == judging), "own_pruned"),
        (alike.filter(judging == DENSE), "pruned_on_dense"),
        (alike.filter(explaining == DENSE).with_columns(explaining=judging), "dense_on_pruned"),
    )
    table = own_dense.select(*keys, own_dense="faithfulness")
    on = keys
    for rows, name in parts:
        pruned = rows.filter(explaining != DENSE)
        part = pruned.select(*keys, level="explaining", **{name: "faithfulness"})
        table, on = table.join(part, on=on), [*keys, "level"]
    terms = {name: table[name].to_numpy() for name in ("own_dense", *(name for _, name in parts))}
    found = swap_effects(
        terms["own_dense"],
        terms["own_pruned"],
        (terms["pruned_on_dense"], terms["dense_on_pruned"]),
    )
    return table.select(*keys, "level").with_columns(
        explanation_effect=found.explanation, judge_effect=found.judge
    )
