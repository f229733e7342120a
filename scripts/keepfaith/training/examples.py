"""Conversion of EXAMPLES tables to the training examples of `train_on_tasks`."""

from collections.abc import Iterable, Iterator

import polars as pl

from keepfaith.training.train_on_tasks import TrainingExample


def examples_from(table: pl.DataFrame) -> list[TrainingExample]:
    """The rows of an EXAMPLES table as training examples; `texts` are the fields of the prompt."""
    return [
        TrainingExample(_fields(row), row["prompt"], tuple(row["options"]), row["label"])
        for row in table.iter_rows(named=True)
    ]


def evaluation_texts(tables: Iterable[pl.DataFrame]) -> Iterator[str]:
    """All field texts of EXAMPLES tables; a training row must not repeat any."""
    for table in tables:
        for row in table.select("prompt", "fields").iter_rows(named=True):
            yield from _fields(row)


def _fields(row: dict[str, object]) -> tuple[str, ...]:
    prompt, fields = row["prompt"], row["fields"]
    assert isinstance(prompt, str) and isinstance(fields, list)
    return tuple(prompt[field["start"] : field["end"]] for field in fields)
