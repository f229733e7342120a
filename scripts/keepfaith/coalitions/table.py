"""The table of coalitions: log-likelihoods of all options for every subset of every example's segments, at all levels.

Its inputs depend on the example and the operator alone. So one sweep serves all levels, methods and seeds, and whatever
is asked of the table afterwards is arithmetic.
"""

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import COALITIONS
from keepfaith.artifacts.shards import KeepShard, keep_nothing
from keepfaith.artifacts.tables import conform
from keepfaith.coalitions.segmented import SegmentedPrompt
from keepfaith.coalitions.segments import SegmentError, segment
from keepfaith.coalitions.subsets import MAXIMUM_SEGMENTS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS
from keepfaith.scoring.encoding import EncodingError, PromptEncoder
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)

SCORED_AT_ONCE = 4
"""Examples scored and kept at once: up to 4,096 inputs each. Bounds memory, and what a kill can lose."""


def score_coalitions(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    examples: pl.DataFrame,
    levels: Sequence[int],
    segments: int,
    operators: Sequence[str],
    keep: KeepShard = keep_nothing,
) -> pl.DataFrame:
    """Score every coalition of every example at all levels.

    Args:
        scorer: scores options at all levels.
        encoder: turns prompts and options into token ids.
        examples: EXAMPLES to explain.
        levels: levels to score.
        segments: most segments of an example, at most `MAXIMUM_SEGMENTS`.
        operators: names of SEGMENT_OPERATORS.
        keep: makes or reads back the shard of some examples.

    Returns:
        A COALITIONS table.

    Raises:
        ValueError: too many segments, no such operator, or one that the model cannot be run with.
        EncodingError: an example cannot be cut into segments, or scored.
    """
    if not 1 <= segments <= MAXIMUM_SEGMENTS:
        raise ValueError(f"{segments} segments; type a number from 1 to {MAXIMUM_SEGMENTS}")
    whole = [
        segmented_prompt(encoder, example, segments) for example in examples.iter_rows(named=True)
    ]
    for name in operators:
        if SEGMENT_OPERATORS.load(name).needs_positions:
            _require_positions(scorer.packing, name, whole)
    progress = Progress(len(whole) * len(operators), "examples x operators", logger)
    shards = []
    for name in operators:
        for start in range(0, len(whole), SCORED_AT_ONCE):
            some = whole[start : start + SCORED_AT_ONCE]
            make = partial(_shard, scorer, encoder, some, levels, name)
            shards.append(keep(f"{name}-{start:09d}", make))
            progress.advance(len(some))
    empty = pl.DataFrame(schema=dict(COALITIONS.columns))
    return conform(pl.concat([empty, *shards]), COALITIONS)


def _require_positions(packing: Packing, operator: str, whole: Sequence[SegmentedPrompt]) -> None:
    instead = "use operator delete or replace"
    if not packing.possible:
        raise ValueError(
            f"operator {operator!r} needs a model that takes position numbers, and this one does not "
            f"({packing.reason}); {instead}"
        )
    for prompt in whole:
        # A window is counted in tokens that are fed, not in their positions.
        if packing.longest is not None and prompt.encoded.longest > packing.longest:
            raise ValueError(
                f"{prompt.name}: {prompt.encoded.longest} tokens, and operator {operator!r} cannot hide any beyond the "
                f"{packing.longest} that the model's sliding window holds; {instead}"
            )


def segmented_prompt(
    encoder: PromptEncoder, example: dict[str, object], count: int
) -> SegmentedPrompt:
    """One row of EXAMPLES, encoded and cut into at most `count` segments.

    Raises:
        EncodingError: its fields hold no word, more fields hold one than `count`, or it cannot be encoded.
    """
    name, prompt = f"example {example['example_id']}", str(example["prompt"])
    fields = tuple((field["start"], field["end"]) for field in example["fields"])  # type: ignore[attr-defined]
    options = tuple(example["options"])  # type: ignore[arg-type, var-annotated]
    encoded = encoder.encode(prompt, options, name)
    try:
        cut = segment(prompt, fields, count)
    except SegmentError as error:
        raise EncodingError(f"{name}: {error}") from error
    return SegmentedPrompt(name, encoded, options, fields, tuple(cut))


def _shard(
    scorer: OptionScorer,
    encoder: PromptEncoder,
    whole: Sequence[SegmentedPrompt],
    levels: Sequence[int],
    operator: str,
) -> pl.DataFrame:
    keep = SEGMENT_OPERATORS.load(operator).keep
    inputs = [
        keep(encoder, prompt, coalition) for prompt in whole for coalition in range(prompt.full + 1)
    ]
    answers = iter(scorer.log_likelihoods(inputs, levels))
    frames = []
    for prompt in whole:
        # [2^n, levels, options] -> rows by level and option, each with its 2^n values
        values = np.stack([next(answers) for _ in range(prompt.full + 1)]).transpose(1, 2, 0)
        options = len(prompt.options)
        frames.append(
            pl.DataFrame(
                {
                    "level": np.repeat(np.asarray(levels, dtype=np.int64), options),
                    "option": np.tile(np.arange(options), len(levels)),
                    "log_likelihoods": list(values.reshape(-1, prompt.full + 1)),
                },
                schema_overrides={"log_likelihoods": COALITIONS.columns["log_likelihoods"]},
            ).with_columns(
                example_id=pl.lit(prompt.name.removeprefix("example ")),
                operator=pl.lit(operator),
                segments=pl.lit(
                    [{"start": start, "end": end} for start, end in prompt.segments],
                    dtype=COALITIONS.columns["segments"],
                ),
            )
        )
    return pl.concat(frames).select(*COALITIONS.columns)
