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
from keepfaith.attribution.problem import AttributionError, ExplainedValue, Problem
from keepfaith.config.schema.study import Explains
from keepfaith.config.strict import Strict
from keepfaith.plugins.method import METHODS, Method
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.removed_token import removed_token
from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)

EXPLAINED_AT_ONCE = 16
"""Examples explained at once and written as one shard: bounds memory, and the work that a kill can lose."""

BY_MARGIN = ExplainedValue()
"""The default of `explain`."""


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
    explained: ExplainedValue = BY_MARGIN,
) -> pl.DataFrame:
    """Score the prompt tokens of every example at every level.

    The target at each level is the choice that the level itself predicts (ties to the lowest index). The
    explained value is the target's margin over the best other choice, or its log-probability, in nats and summed over
    the tokens of a choice.

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
        explained: what all methods explain, and what stands in the place of a removed token.

    Returns:
        An ATTRIBUTIONS table, ordered by example, level and feature.

    Raises:
        ValueError: there is no such method, or it needs a model and there is no scorer.
        AttributionError: an example cannot be explained, and the message names it; the method has no rules for the
            model; or it needs a token in the place of removed ones, and the tokenizer has none.
    """
    declared = METHODS.load(method)
    name = name or method
    if declared.needs_model:
        _check_model(declared, name, scorer)
    replacement = _replacement(declared, encoder, explained)
    levels = list(levels)
    problems = _problems(encoder, examples, levels, predictions, explained.explains, replacement)
    if declared.needs_model and explained.explains == "margin":
        _require_choices(problems)
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


def _check_model(method: Method, name: str, scorer: OptionScorer | None) -> None:
    if scorer is None:
        raise ValueError(f"attribution method {name!r} needs a model; pass a scorer")
    config = scorer.model.model.config.get_text_config(decoder=True)
    if wrong := method.refusal(name, config.model_type):
        raise AttributionError(wrong)


def _replacement(method: Method, encoder: PromptEncoder, explained: ExplainedValue) -> int | None:
    """The token in the place of removed ones, logged where the method says that it needs one."""
    try:
        token = removed_token(encoder.tokenizer, explained.removed_token)
    except ValueError as error:
        if method.replaces_tokens:
            raise AttributionError(str(error)) from error
        return None
    if method.replaces_tokens:
        text = encoder.tokenizer.convert_ids_to_tokens(token)
        logger.info("token %d (%r) takes the place of removed tokens", token, text)
    return token


def _require_choices(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if len(problem.encoded.option_ids) < 2:
            raise AttributionError(
                f"example {problem.example_id}: one choice has no margin over another; type "
                "faithfulness.explains: log_probability"
            )


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
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    levels: Sequence[int],
    predictions: pl.DataFrame,
    explains: Explains,
    replacement: int | None,
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
        encoded = encoder.encode(prompt, options, f"example {example_id}")
        problem = Problem(example_id, encoded, targets, explains, replacement)
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
