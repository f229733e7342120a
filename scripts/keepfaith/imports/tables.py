"""Logs as the tables that the workflow makes itself: examples and predictions."""

from collections.abc import Mapping

import polars as pl

from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.imports.levels import Log


def examples_table(log: Log) -> pl.DataFrame:
    """EXAMPLES of one log: all of them are evaluated, none is explained.

    The only field is the longest text of the document that stands in the prompt: examples about the same passage
    belong together, as `statistics.clusters` finds them.
    """
    rows = [
        {
            "example_id": str(doc_id),
            "row": doc_id,
            "prompt": example.prompt,
            "fields": []
            if example.passage is None
            else [{"name": "passage", "start": example.passage[0], "end": example.passage[1]}],
            "options": list(example.options),
            "label": example.label,
            "evidence": None,
            "posterior": None,
            "evaluation": True,
            "explanation": False,
            "tuning": False,
        }
        for doc_id, example in log.items()
    ]
    return conform(pl.DataFrame(rows, schema=dict(EXAMPLES.columns)).sort("row"), EXAMPLES)


def predictions_table(levels: Mapping[int, Log]) -> pl.DataFrame:
    """PREDICTIONS of all levels. A log does not say how many tokens an option has: `tokens` is null."""
    rows = [
        {
            "level": level,
            "example_id": str(doc_id),
            "option": option,
            "log_likelihood": log_likelihood,
            "tokens": None,
        }
        for level, log in levels.items()
        for doc_id, example in log.items()
        for option, log_likelihood in enumerate(example.log_likelihoods)
    ]
    return conform(pl.DataFrame(rows, schema=dict(PREDICTIONS.columns)), PREDICTIONS)
