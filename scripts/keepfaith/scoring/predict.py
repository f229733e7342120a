"""Predictions: the log-likelihood of every option of every example at every level."""

from collections.abc import Sequence

import polars as pl

from keepfaith.artifacts.schemas import PREDICTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.scoring.encoding import PromptEncoder, ScoringInput
from keepfaith.scoring.scorer import OptionScorer


def predict(
    scorer: OptionScorer, encoder: PromptEncoder, examples: pl.DataFrame, levels: Sequence[int]
) -> pl.DataFrame:
    """Score all options of `examples` (EXAMPLES) at `levels`; returns PREDICTIONS, by level and example.

    Raises:
        EncodingError: an example cannot be scored; nothing is left out silently.
    """
    encoded = [
        encoder.encode(example["prompt"], example["options"], f"example {example['example_id']}")
        for example in examples.iter_rows(named=True)
    ]
    inputs = [ScoringInput(item.prompt_ids, item.option_ids) for item in encoded]
    scores = scorer.log_likelihoods(inputs, levels)
    rows = [
        (level, example_id, option, float(score[place, option]), len(item.option_ids[option]))
        for place, level in enumerate(levels)
        for example_id, item, score in zip(examples["example_id"], encoded, scores, strict=True)
        for option in range(len(item.option_ids))
    ]
    return conform(
        pl.DataFrame(rows, schema=list(PREDICTIONS.columns.items()), orient="row"), PREDICTIONS
    )
