"""Prompts that are cut at their start are counted, and the rationale that is lost with it."""

import polars as pl
import pytest
from small_models import byte_level_tokenizer

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import conform
from keepfaith.scoring.cut import cut_notes
from keepfaith.scoring.cut_counts import cut_counts
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import encoded_example

SHORT = "A good film.\nAnswer:"
LONG = "It was late. " * 8 + SHORT


def table(*rows: tuple[str, list[tuple[int, int]] | None, bool]) -> pl.DataFrame:
    return conform(
        pl.DataFrame(
            [
                {
                    "example_id": f"e{number}",
                    "row": number,
                    "prompt": prompt,
                    "fields": [],
                    "outside": None,
                    "options": [" yes", " no"],
                    "label": 0,
                    "rationale": None
                    if spans is None
                    else [{"start": s, "end": e} for s, e in spans],
                    "posterior": None,
                    "evaluation": evaluated,
                    "explanation": False,
                    "tuning": not evaluated,
                }
                for number, (prompt, spans, evaluated) in enumerate(rows)
            ],
            schema=dict(EXAMPLES.columns),
        ),
        EXAMPLES,
    )


def counted(maximum: int, examples: pl.DataFrame) -> dict[str, int]:
    encoder = PromptEncoder(byte_level_tokenizer(), maximum, cut_left=True)
    for row in examples.iter_rows(named=True):
        encoded_example(encoder, row)
    return cut_counts(encoder, examples)


def test_counts() -> None:
    whole = PromptEncoder(byte_level_tokenizer()).encode(SHORT, [" yes", " no"])
    end = len(LONG)
    examples = table(
        (LONG, [(0, 6)], True),  # its rationale is cut
        (LONG, [(end - 7, end)], True),  # its rationale is left
        (LONG, [(0, 6), (end - 7, end)], True),  # a part of it is cut
        (LONG, None, True),
        (LONG, [], True),
        (SHORT, [(0, 6)], True),
        (LONG, [(0, 6)], False),  # tuned on
    )
    assert counted(whole.longest, examples) == {
        "evaluated": 6,
        "cut": 5,
        "rationales": 4,
        "rationales_cut": 2,
    }
    assert counted(10_000, examples) == {
        "evaluated": 6,
        "cut": 0,
        "rationales": 4,
        "rationales_cut": 0,
    }


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((6, 0, 4, 0), None),
        (
            (6, 5, 0, 0),
            "5 of 6 prompts are longer than this model admits and are cut at their start",
        ),
        ((6, 5, 4, 2), "2 of 4 rationales lie in what is cut, wholly or in part."),
    ],
)
def test_note(counts: tuple[int, ...], expected: str | None) -> None:
    keys = ("evaluated", "cut", "rationales", "rationales_cut")
    notes = cut_notes(dict(zip(keys, counts, strict=True)))
    assert len(notes) == (expected is not None)
    assert all(expected in note for note in notes if expected)
    assert ("rationales" in "".join(notes)) == bool(counts[1] and counts[2])


def test_a_prompt_for_each_choice_is_counted_once() -> None:
    """Two prompts of one example are cut; another's are short enough."""
    whole = PromptEncoder(byte_level_tokenizer()).encode(SHORT, [" it was"])
    examples = table((LONG, None, True), (SHORT, None, True)).with_columns(
        contexts=pl.Series([[LONG + " Ann", LONG + " Eve"], [SHORT, SHORT[1:]]]),
        continuation=pl.lit(" it was"),
    )
    found = counted(whole.longest, examples)
    assert (found["evaluated"], found["cut"]) == (2, 1)
