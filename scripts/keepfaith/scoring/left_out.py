"""Examples that a model is not evaluated on, as its tokenizer has no tokens for them: asked for, and always said."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from keepfaith.artifacts.tables import read_provenance
from keepfaith.scoring.errors import EncodingError

IDS_SHOWN = 5
"""Names of examples in a sentence; the provenance of PREDICTIONS has them all."""


def without_left_out(examples: pl.DataFrame, predictions: Path | str) -> pl.DataFrame:
    """EXAMPLES without those that the table of predictions says it leaves out.

    Predictions that lack any other example stay incomplete.
    """
    ids: Any = read_provenance(Path(predictions)).measured.get("left_out", ())
    return examples.filter(~pl.col("example_id").is_in(list(ids)))


def left_out_notes(before: int, after: int) -> list[str]:
    """What a reader must know where `before` evaluation examples became `after`; nothing where none is left out."""
    if before == after:
        return []
    return [
        f"{before - after} of {before} evaluation examples are left out, as this model's tokenizer has no tokens that "
        "stand for them (scoring.unscorable: leave_out). All levels have the same examples; other models may have more."
    ]


def remaining(examples: pl.DataFrame, refused: Mapping[str, str]) -> pl.DataFrame:
    """EXAMPLES without those that are refused, by id and reason.

    Raises:
        EncodingError: nothing is left to evaluate, or to explain where something was to be.
    """
    left = examples.filter(~pl.col("example_id").is_in(list(refused)))
    for part, what in (("evaluation", "evaluate"), ("explanation", "explain")):
        if examples[part].any() and not left[part].any():
            raise EncodingError(
                f"{next(iter(refused.values()))}; scoring.unscorable: leave_out leaves no example to {what}: use a "
                "model whose tokenizer knows the characters of this task"
            )
    return left


def all_refused(refused: Mapping[str, str], examples: int) -> str:
    """One sentence on all examples that are refused: why the first is, and which others are."""
    first, *others = refused.values()
    return (
        f"{first}; {len(refused)} of {examples} are refused: {first_ids(list(refused))}"
        if others
        else first
    )


def first_ids(ids: Sequence[str]) -> str:
    """The first few ids in words."""
    return ", ".join(ids[:IDS_SHOWN]) + (", ..." if len(ids) > IDS_SHOWN else "")
