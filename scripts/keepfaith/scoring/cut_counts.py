"""Prompts that are cut at their start because they are longer than the model admits, and the rationale lost with it."""

import polars as pl

from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import encoded_example, example_name


def cut_counts(encoder: PromptEncoder, examples: pl.DataFrame) -> dict[str, int]:
    """Numbers of evaluation examples: all, cut, with a rationale, and with one that is cut, wholly or in part.

    Args:
        encoder: has encoded all of them, and knows which were cut.
        examples: EXAMPLES.
    """
    evaluated = examples.filter("evaluation")
    cut = [row for row in evaluated.iter_rows(named=True) if example_name(row) in encoder.cut]
    return {
        "evaluated": len(evaluated),
        "cut": len(cut),
        "rationales": int((evaluated["rationale"].list.len() > 0).sum()),
        "rationales_cut": sum(_first_rationale(row) < _begin(encoder, row) for row in cut),
    }


def _first_rationale(example: dict[str, object]) -> int:
    """The first character of an example's rationale; beyond the prompt if it has none."""
    spans, prompt = example["rationale"], example["prompt"]
    assert isinstance(prompt, str)
    starts = [span["start"] for span in spans] if isinstance(spans, list) else []
    return min(starts, default=len(prompt) + 1)


def _begin(encoder: PromptEncoder, example: dict[str, object]) -> int:
    """The first character of a cut prompt that the model reads; of several prompts, where the shortest begins."""
    return max(
        next((start for start, _ in each.characters[each.special :]), len(each.text))
        for each in encoded_example(encoder, example)
    )
