"""Small worlds of coalitions: log-likelihoods of all subsets of made-up texts, and the tables made of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from made_predictions import examples_frame, predictions_frame

from keepfaith.artifacts.schemas import ATTRIBUTIONS, COALITIONS
from keepfaith.calibration.probabilities import Floats
from keepfaith.coalitions.explanations import JudgedSegments, judge_segments
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.coalition_metrics import SegmentTables
from keepfaith.statistics.settings import Analysis

World = Mapping[int, Sequence[Floats]]
"""By level and example, [options, 2^n]."""

ANALYSIS = Analysis(null_repetitions=100, repetitions=1000, seed=7)


def normalised_logits(logits: Floats) -> Floats:
    """Log-likelihoods [options, 2^n] of these logits."""
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=0, keepdims=True))


def logits_of_texts(
    rng: np.random.Generator, weights: Floats, noise: float, lead: float = 1.0
) -> Floats:
    """Logits [options, 2^n] of weights [options, n] that add up, with noise; the whole text speaks for option 1."""
    options, segments = weights.shape
    kept = np.arange(2**segments)[:, None] >> np.arange(segments) & 1
    logits = weights @ kept.T + noise * rng.normal(size=(options, 2**segments))
    logits[1] += lead * kept.mean(axis=1)
    return np.asarray(logits)


def coalitions_frame(world: World) -> pl.DataFrame:
    """COALITIONS of examples e000, e001, ..., whose segments are characters 0-4, 5-9, ..."""
    rows = [
        (level, f"e{row:03d}", "delete", option, _spans(values.shape[1]), values[option].tolist())
        for level, examples in world.items()
        for row, values in enumerate(examples)
        for option in range(len(values))
    ]
    return pl.DataFrame(rows, schema=dict(COALITIONS.columns), orient="row")


def _spans(coalitions: int) -> list[dict[str, int]]:
    return [{"start": 5 * i, "end": 5 * i + 4} for i in range(coalitions.bit_length() - 1)]


def attributions_frame(
    world: World,
    scores: Mapping[int, Sequence[Floats]],
    method: str = "mine",
    seed: int = 0,
    role: str = "method",
) -> pl.DataFrame:
    """ATTRIBUTIONS with one token per segment; `scores` by level and example, [n]."""
    rows = [
        (
            *(level, f"e{row:03d}", method, role, seed, int(world[level][row][:, -1].argmax())),
            *(token, 7, 5 * token, 5 * token + 4, float(score)),
        )
        for level, examples in scores.items()
        for row, of_example in enumerate(examples)
        for token, score in enumerate(of_example)
    ]
    return pl.DataFrame(rows, schema=dict(ATTRIBUTIONS.columns), orient="row")


def metrics_of(
    world: World, attributions: Sequence[pl.DataFrame] = ()
) -> tuple[pl.DataFrame, JudgedSegments]:
    """METRICS of a world as the workflow computes them, and the tables that they are computed from."""
    judged = judge_segments(coalitions_frame(world), attributions)
    (dense, *_) = world.values()
    examples = examples_frame([1] * len(dense), [len(values) for values in dense])
    predictions = predictions_frame(
        {
            level: [values[:, -1].tolist() for values in examples]
            for level, examples in world.items()
        }
    )
    metrics = compute_metrics(
        predictions,
        examples,
        [],
        attributions,
        group_examples(examples),
        ANALYSIS,
        segments=SegmentTables(judged.explanations, judged.limits, judged.swap),
        top=2,
    )
    return metrics, judged
