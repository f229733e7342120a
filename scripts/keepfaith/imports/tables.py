"""Conversion of logs to the workflow's tables of examples and predictions."""

from collections.abc import Mapping

import polars as pl

from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.config.passages import NO_PASSAGE
from keepfaith.imports.log import Log


def examples_table(log: Log) -> pl.DataFrame:
    """EXAMPLES of one log: all of them are evaluated, none is explained.

    The fields are the texts of the document that are in the prompt, by their key in the document; `statistics.clusters`
    finds the one that is a passage of several examples.
    """
    rows = [
        {
            "example_id": str(doc_id),
            "row": doc_id,
            "prompt": example.prompt,
            "fields": [
                {"name": name, "start": start, "end": end} for name, start, end in example.fields
            ],
            "outside": [{"name": name, "text": text} for name, text in example.outside],
            "options": list(example.options),
            "contexts": None,
            "continuation": None,
            "label": example.label,
            "rationale": None,
            "posterior": None,
            "evaluation": True,
            "explanation": False,
            "tuning": False,
        }
        for doc_id, example in log.items()
    ]
    return conform(pl.DataFrame(rows, schema=dict(EXAMPLES.columns)).sort("row"), EXAMPLES)


def passage_of_task(passage: str | None, examples: pl.DataFrame) -> str | None:
    """The passage that an import names, for one of its tasks: None where no example has it.

    Args:
        passage: a key of the documents, NO_PASSAGE, or None.
        examples: EXAMPLES of the task.
    """
    names = {
        name
        for column in ("fields", "outside")
        for name in examples.select(pl.col(column).explode().struct.field("name"))["name"]
    }
    return passage if passage == NO_PASSAGE or passage in names else None


def predictions_table(levels: Mapping[int, Log]) -> pl.DataFrame:
    """PREDICTIONS of all levels. A log does not give the tokens of a choice: `tokens` is null."""
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
