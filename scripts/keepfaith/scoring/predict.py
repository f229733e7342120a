"""Predictions: the log-likelihood of every choice of every example at every level."""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import PREDICTIONS
from keepfaith.artifacts.shards import KeepShard, keep_nothing
from keepfaith.artifacts.tables import conform
from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder, ScoringInput
from keepfaith.scoring.errors import LEAVE_OUT, EncodingError, UnscorableError
from keepfaith.scoring.left_out import all_refused, first_ids, remaining
from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)

EXAMPLES_PER_SWEEP = 512
"""Most examples scored at once and written as one shard: bounds memory, and the work that a kill can lose."""


def predict(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    levels: Sequence[int],
    keep: KeepShard = keep_nothing,
    leave_out: bool = False,
) -> pl.DataFrame:
    """Score all choices of `examples` (EXAMPLES) at `levels`; returns PREDICTIONS, by level and example.

    Tuning examples are scored after the others and never in one batch with them, so that no digit of the others depends
    on how many there are.

    Args:
        scorer: scores choices at all levels.
        encoder: turns prompts and choices into token ids.
        examples: the examples; the table keeps their order, tuning examples last.
        levels: the levels.
        keep: makes the shard of some examples, or reads it back.
        leave_out: leave out examples that the tokenizer has no tokens for.

    Raises:
        EncodingError: an example cannot be scored; none is left out silently or without request.
    """
    # Encode all before any is scored: an example that cannot be scored is reported at once, not hours later.
    examples = _scorable(encoder, examples, leave_out)
    _log_counts(encoder, len(examples))
    progress = Progress(len(examples) * len(levels), "examples x levels", logger)
    shards: list[pl.DataFrame] = []
    start = 0
    for some in _sweeps(examples):
        shards.append(keep(f"{start:09d}", partial(_shard, scorer, encoder, some, levels)))
        progress.advance(len(some) * len(levels))
        start += len(some)
    if not shards:
        return pl.DataFrame(schema=dict(PREDICTIONS.columns))
    index = pl.col("level").replace_strict({level: i for i, level in enumerate(levels)})
    return pl.concat(shards).sort(index, maintain_order=True)


def _sweeps(examples: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Examples that are scored at once; tuning examples are among themselves."""
    tuning = pl.col("tuning") if "tuning" in examples.columns else pl.lit(value=False)
    for part in (examples.filter(~tuning), examples.filter(tuning)):
        if part.height:
            yield from part.iter_slices(EXAMPLES_PER_SWEEP)


def _scorable(encoder: PromptEncoder, examples: pl.DataFrame, leave_out: bool) -> pl.DataFrame:
    """The examples that the tokenizer has tokens for; an error for any other unless `leave_out`."""
    refused: dict[str, str] = {}
    for example in examples.iter_rows(named=True):
        try:
            encoded_example(encoder, example)
        except UnscorableError as error:
            refused[example["example_id"]] = str(error)
            encoder.apart.discard(example_name(example))
            encoder.cut.discard(example_name(example))
    if not refused:
        return examples
    if not leave_out:
        raise EncodingError(all_refused(refused, len(examples)))
    logger.warning(
        "%d of %d examples are left out, as the tokenizer has no tokens for them: %s",
        len(refused),
        len(examples),
        first_ids(list(refused)),
    )
    return remaining(examples, refused)


def _log_counts(encoder: PromptEncoder, examples: int) -> None:
    """Log the number of examples whose tokens are not simply those of prompt + choice."""
    if encoder.cut:
        logger.info(
            "%d of %d examples are longer than the %s tokens that the model accepts, and are cut at their start",
            len(encoder.cut),
            examples,
            encoder.maximum_tokens,
        )
    if encoder.apart:
        logger.info(
            "%d of %d examples have a choice that the tokenizer merges with the end of the prompt; there the choice "
            "is tokenised by itself (lm-evaluation-harness scores tokens that do not spell it)",
            len(encoder.apart),
            examples,
        )


def _shard(
    scorer: OptionScorer, encoder: PromptEncoder, examples: pl.DataFrame, levels: Sequence[int]
) -> pl.DataFrame:
    encoded = [encoded_example(encoder, example) for example in examples.iter_rows(named=True)]
    inputs = [ScoringInput(each.prompt_ids, each.option_ids) for item in encoded for each in item]
    scores = iter(scorer.log_likelihoods(inputs, levels))
    scored = [
        (
            example_id,
            np.concatenate([next(scores) for _ in item], axis=1),  # (levels, choices)
            [len(ids) for each in item for ids in each.option_ids],
        )
        for example_id, item in zip(examples["example_id"], encoded, strict=True)
    ]
    rows = [
        (level, example_id, option, float(score[index, option]), tokens)
        for index, level in enumerate(levels)
        for example_id, score, lengths in scored
        for option, tokens in enumerate(lengths)
    ]
    return conform(
        pl.DataFrame(rows, schema=list(PREDICTIONS.columns.items()), orient="row"), PREDICTIONS
    )


def encoded_example(encoder: PromptEncoder, example: dict[str, Any]) -> tuple[EncodedPrompt, ...]:
    """A row of EXAMPLES as token ids: a prompt with all choices after it, or a prompt for each with the continuation.

    Raises:
        UnscorableError: as `PromptEncoder.encode`, or the prompts of two choices are the same tokens.
        EncodingError: as `PromptEncoder.encode`.
    """
    name = example_name(example)
    if not example.get("contexts"):
        return (encoder.encode(example["prompt"], example["options"], name),)
    continuation = [example["continuation"]]
    found = [encoder.encode(context, continuation, name) for context in example["contexts"]]
    for one, other in combinations(range(len(found)), 2):
        if found[one].prompt_ids == found[other].prompt_ids:
            texts = [example["options"][index].strip() for index in (one, other)]
            raise UnscorableError(
                f"{name}: choices {texts[0]!r} and {texts[1]!r} make prompts of the same tokens, so no label can tell "
                "them apart; write one with other characters, use a model whose tokenizer tells them apart, or "
                f"{LEAVE_OUT}"
            )
    return tuple(found)


def example_name(example: dict[str, Any]) -> str:
    """The name of a row of EXAMPLES in messages."""
    return f"example {example['example_id']}"
