"""Examples left out because the tokenizer has no tokens for them: only on request, and always reported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from keepfaith.artifacts.tables import read_provenance
from keepfaith.scoring.errors import EncodingError

IDS_SHOWN = 5
"""Upper bound on the ids named in a sentence; the provenance of PREDICTIONS has all."""


def without_left_out(examples: pl.DataFrame, predictions: Path | str) -> pl.DataFrame:
    """EXAMPLES without those that the provenance of the predictions lists as left out.

    Predictions that lack any other example stay incomplete.
    """
    ids: Any = read_provenance(Path(predictions)).measured.get("left_out", ())
    return examples.filter(~pl.col("example_id").is_in(list(ids)))


def left_out_notes(before: int, after: int) -> list[str]:
    """A note for readers if `before` evaluation examples became `after`; empty if none is left out."""
    if before == after:
        return []
    return [
        f"{before - after} of {before} evaluation examples are left out, as this model's tokenizer has no tokens that "
        "stand for them (scoring.unscorable: leave_out). All levels have the same examples; other models may have more."
    ]


def remaining(examples: pl.DataFrame, refused: Mapping[str, str]) -> pl.DataFrame:
    """EXAMPLES without the refused ones.

    Args:
        examples: EXAMPLES.
        refused: reason by id.

    Raises:
        EncodingError: no example is left to evaluate, or none to explain although there were some.
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
    """One sentence on all refused examples: the reason for the first, and the ids of all."""
    first, *others = refused.values()
    return (
        f"{first}; {len(refused)} of {examples} are refused: {first_ids(list(refused))}"
        if others
        else first
    )


def first_ids(ids: Sequence[str]) -> str:
    """The first few ids as text."""
    return ", ".join(ids[:IDS_SHOWN]) + (", ..." if len(ids) > IDS_SHOWN else "")
