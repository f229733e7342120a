"""Agreement of the explanations of two levels: overlap of their top features, with its floor and chance level."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import OVERLAP
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.ranking import membership

TOPS = (5, 10, 20)


def overlap(
    attributions: pl.DataFrame,
    tops: Sequence[int] = TOPS,
    clusters: Mapping[str, int] | None = None,
) -> pl.DataFrame:
    """Share of the top features that every ordered pair of levels has in common, mean over examples.

    As in the study, the scores of all seeds are summed before two levels are compared. `floor` is the
    overlap of single seeds at one level (mean over pairs of seeds, then over the two levels); it is null
    with fewer than two seeds. Overlap below the floor shows drift. Overlap above it does not show that there
    is none: sums over seeds are less noisy than single seeds, and LIME and KernelSHAP draw the same masks
    at all levels, so levels share part of their noise, but seeds do not.
    `chance` is top / N. A prompt of N <= top features counts with overlap and chance 1.

    Ties count by expectation: a feature tied at the threshold is a member with the probability under random
    tie-breaking, independent at the two levels. So shared zeros do not count as agreement.
    A level compared with itself has overlap 1.

    Args:
        attributions: ATTRIBUTIONS of all seeds, concatenated.
        tops: numbers of top features to compare.
        clusters: the cluster of every example, as `statistics.clusters` groups them; without it, examples count as
            independent.

    Raises:
        ValueError: an example lacks a level, seed or feature that others of its method have.
    """
    rows = []
    for (method, role), of_method in _partitions(attributions, "method", "role"):
        levels = of_method["level"].unique().sort().to_list()
        seeds = of_method["seed"].n_unique()
        ids = of_method["example_id"].unique().to_list()
        independent = len({clusters[name] for name in ids}) if clusters else len(ids)
        arrays = [
            score_array(of_example, str(example_id), len(levels), seeds)
            for (example_id,), of_example in _partitions(of_method, "example_id")
        ]
        for top in tops:
            shared = np.mean([_shared(scores.sum(axis=1), top) for scores in arrays], axis=0)
            np.fill_diagonal(shared, 1.0)
            floor = np.mean([_seed_floor(scores, top) for scores in arrays], axis=0)
            chance = float(np.mean([min(1.0, top / scores.shape[-1]) for scores in arrays]))
            rows += [
                {
                    "method": method,
                    "role": role,
                    "top": top,
                    "level_a": level_a,
                    "level_b": level_b,
                    "overlap": float(shared[a, b]),
                    "floor": float(floor[a] + floor[b]) / 2 if seeds > 1 else None,
                    "chance": chance,
                    "examples": len(arrays),
                    "clusters": independent,
                }
                for a, level_a in enumerate(levels)
                for b, level_b in enumerate(levels)
            ]
    schema = dict(OVERLAP.columns.items())
    return conform(pl.DataFrame(rows, schema=schema), OVERLAP)


def _partitions(
    frame: pl.DataFrame, *columns: str
) -> Iterator[tuple[tuple[object, ...], pl.DataFrame]]:
    return iter(frame.group_by(columns, maintain_order=True))


def score_array(frame: pl.DataFrame, example_id: str, levels: int, seeds: int) -> np.ndarray:
    """Scores of one example, float64 [levels, seeds, features].

    Args:
        frame: ATTRIBUTIONS of one method and this example.
        example_id: what the error calls it.
        levels, seeds: how many of them the example must have.

    Raises:
        ValueError: it lacks a level, seed or feature that others have.
    """
    features = frame["feature"].n_unique()
    if len(frame) != levels * seeds * features:
        raise ValueError(
            f"example {example_id}: {len(frame)} scores, expected {levels} levels x {seeds} seeds x "
            f"{features} features"
        )
    scores = frame.sort("level", "seed", "feature")["score"].to_numpy()
    return np.array(scores).reshape((levels, seeds, features))


def _shared(scores: np.ndarray, top: int) -> np.ndarray:
    """Expected overlap of all pairs of rankings: scores [rankings, features] -> [rankings, rankings]."""
    members = membership(scores, top)
    return np.asarray(members @ members.T / min(top, scores.shape[-1]))


def _seed_floor(scores: np.ndarray, top: int) -> np.ndarray:
    """Mean overlap over pairs of seeds per level: scores [levels, seeds, features] -> [levels]."""
    pairs = list(combinations(range(scores.shape[1]), 2))
    if not pairs:
        return np.zeros(len(scores))
    shared = [_shared(of_level, top) for of_level in scores]
    return np.array([np.mean([matrix[a, b] for a, b in pairs]) for matrix in shared])
