"""Explanation of every example of a task at every level of a pruning path, with one method and one seed."""

import logging
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl

from keepfaith.artifacts.predictions import predicted_options
from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import ATTRIBUTIONS
from keepfaith.artifacts.shards import KeepShard, keep_nothing
from keepfaith.artifacts.tables import conform
from keepfaith.attribution.problem import AttributionError, Problem
from keepfaith.config.strict import Strict
from keepfaith.plugins.method import METHODS, Method
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)

EXPLAINED_AT_ONCE = 16
"""Examples explained at once and written as one shard: bounds memory, and the work that a kill can lose."""


def explain(
    method: str,
    settings: Strict,
    seed: int,
    scorer: OptionScorer | None,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    levels: Sequence[int],
    predictions: pl.DataFrame,
    name: str | None = None,
    keep: KeepShard = keep_nothing,
) -> pl.DataFrame:
    """Score the prompt tokens of every example at every level.

    The target at each level is the choice that the level itself predicts (ties to the lowest index). The
    explained quantity is log p(target | prompt) in nats, summed over the target's tokens.

    Args:
        method: the attribution method, by the name of its module.
        settings: the settings that the method declares.
        seed: seed of the method's random choices.
        scorer: scores choices at all levels; may be None if the method needs no model.
        encoder: turns prompts and choices into token ids.
        examples: EXAMPLES rows to explain.
        levels: levels to explain.
        predictions: PREDICTIONS of at least these examples and levels.
        name: the method's name in the table; by default that of its module.
        keep: makes the shard of some examples, or reads it back.

    Returns:
        An ATTRIBUTIONS table, ordered by example, level and feature.

    Raises:
        ValueError: there is no such method, or it needs a model and there is no scorer.
        AttributionError: an example cannot be explained; the message names it.
    """
    declared = METHODS.load(method)
    if declared.needs_model and scorer is None:
        raise ValueError(f"attribution method {method!r} needs a model; pass a scorer")
    name = name or method
    levels = list(levels)
    problems = _problems(encoder, examples, levels, predictions)
    progress = Progress(
        len(problems) * len(levels), f"examples x levels by {name}, seed {seed}", logger
    )
    shards = []
    for start in range(0, len(problems), EXPLAINED_AT_ONCE):
        some = problems[start : start + EXPLAINED_AT_ONCE]
        shards.append(
            keep(f"{start:09d}", partial(_shard, declared, some, levels, scorer, settings, seed))
        )
        progress.advance(len(some) * len(levels))
    if not shards:
        return conform(pl.DataFrame(schema=dict(ATTRIBUTIONS.columns)), ATTRIBUTIONS)
    table = pl.concat(shards).with_columns(
        method=pl.lit(name), role=pl.lit(declared.role), seed=pl.lit(seed, dtype=pl.Int64)
    )
    return conform(table, ATTRIBUTIONS)


def _shard(
    method: Method,
    problems: Sequence[Problem],
    levels: Sequence[int],
    scorer: OptionScorer | None,
    settings: Strict,
    seed: int,
) -> pl.DataFrame:
    asked = (scorer,) if method.needs_model else ()
    scores = _checked(method.scores(problems, levels, *asked, settings, seed), problems)
    return pl.concat(
        _rows(problem, levels, of_problem)
        for problem, of_problem in zip(problems, scores, strict=True)
    )


def _problems(
    encoder: PromptEncoder, examples: pl.DataFrame, levels: Sequence[int], predictions: pl.DataFrame
) -> list[Problem]:
    predicted = {
        (level, example_id): target
        for level, example_id, target in predicted_options(predictions).iter_rows()
    }
    problems = []
    for example_id, prompt, options in examples.select(
        "example_id", "prompt", "options"
    ).iter_rows():
        missing = [level for level in levels if (level, example_id) not in predicted]
        if missing:
            raise AttributionError(f"example {example_id}: no prediction at levels {missing}")
        targets = tuple(predicted[level, example_id] for level in levels)
        problem = Problem(
            example_id, encoder.encode(prompt, options, f"example {example_id}"), targets
        )
        if problem.features < 1:
            raise AttributionError(f"example {example_id}: its prompt has no tokens to explain")
        problems.append(problem)
    return problems


def _checked(scores: Iterator[np.ndarray], problems: Sequence[Problem]) -> Iterator[np.ndarray]:
    """Yield the scores if they are finite; name the example at which the method failed."""
    for problem in problems:
        try:
            of_problem = next(scores)
        except AttributionError:
            raise
        except Exception as error:
            raise AttributionError(
                f"example {problem.example_id} or one scored with it: {error}"
            ) from error
        if not np.isfinite(of_problem).all():
            raise AttributionError(f"example {problem.example_id}: a token score is not finite")
        yield of_problem


def _rows(problem: Problem, levels: Sequence[int], scores: np.ndarray) -> pl.DataFrame:
    """One row per level and feature of one example; `scores` is [levels, features]."""
    spans = problem.encoded.feature_spans
    count = len(levels)
    return pl.DataFrame(
        {
            "level": np.repeat(np.asarray(levels, dtype=np.int64), problem.features),
            "target": np.repeat(np.asarray(problem.targets, dtype=np.int64), problem.features),
            "feature": np.tile(np.arange(problem.features), count),
            "token_id": np.tile(np.asarray(problem.feature_ids, dtype=np.int64), count),
            "start": np.tile(np.asarray([start for start, _ in spans], dtype=np.int64), count),
            "end": np.tile(np.asarray([end for _, end in spans], dtype=np.int64), count),
            "score": scores.reshape(-1),
        }
    ).with_columns(example_id=pl.lit(problem.example_id))
