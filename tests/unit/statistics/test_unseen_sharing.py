"""What examples share and no field tells is said, with the number of texts that it would leave; and nothing else is."""

import random
import time

import polars as pl
import pytest
from made_predictions import examples_of_documents

from keepfaith.statistics.clusters import group_examples

ROWS = 120


def story(number: int) -> str:
    return f"In the year {1600 + number * 13} the town of number {number} declared that all duties be abolished."


def question(row: int) -> str:
    return f"Which of the following number {row} best explains it?"


def frame(prompts: list[str]) -> pl.DataFrame:
    """EXAMPLES of a task with one field, the whole prompt."""
    return examples_of_documents([{"text": prompt} for prompt in prompts])


def notes(prompts: list[str]) -> list[str]:
    return group_examples(frame(prompts)).notes


GROWING = [
    f"{story(row // 15)} " + " ".join(f"A: turn {k}." for k in range(row % 15 + 1))
    for row in range(ROWS)
]


@pytest.mark.parametrize(
    "prompts",
    [
        [f"{story(row % 8)}\n{question(row)}\nAnswer:" for row in range(ROWS)],
        [f"{story(row % 8)} {question(row)} Answer:" for row in range(ROWS)],
        [f"Read this.\n\n{question(row)}\n\n{story(row % 8)}\nAnswer:" for row in range(ROWS)],
        [f"{story(row % 8).replace('duties', '*duties*')}\n{question(row)}" for row in range(ROWS)],
        GROWING,
        [turns.replace(".", "") for turns in GROWING],
    ],
    ids=[
        "line",
        "sentence",
        "behind the question",
        "marked",
        "dialogue",
        "dialogue without full stops",
    ],
)
def test_a_passage_within_one_field(prompts: list[str]) -> None:
    (note,) = notes(prompts)
    assert note.startswith(
        "120 independent texts were counted; prompts also share pieces, such as "
    )
    assert (
        '..." (8)' in note
        and ": grouped by the pieces at that position, this many would be left." in note
    )
    assert note.endswith("if the examples are independent, type passage: none.")
    assert group_examples(frame(prompts), "none").notes == []


def test_two_pieces_are_told_apart() -> None:
    traits = ["cynical", "dishonest", "loyal", "ignorant", "grumpy"]
    prompts = [
        f"Sentence: {story(row // 5)}\nQuestion: Does this exhibit the trait {traits[row % 5]}?\nAnswer:"
        for row in range(ROWS)
    ]
    (note,) = notes(prompts)
    assert '"Question: Does this exhibit the trait..." (5), "Sentence: In the year' in note
    assert '..." (24)' in note


def shot(number: int) -> str:
    return f"The vessel of number {number} was unloaded at the quay.\nGood or bad?\ngood"


@pytest.mark.parametrize(
    "before",
    [
        lambda row: "",
        lambda row: "Read the following text with care and answer the question.\n",
        lambda row: "\n\n".join(map(shot, range(5))) + "\n\n",
        # Drawn for every prompt, from few and from many.
        lambda row: "\n\n".join(map(shot, random.Random(row).sample(range(10), 5))) + "\n\n",
        lambda row: "\n\n".join(map(shot, random.Random(row).sample(range(2000), 5))) + "\n\n",
    ],
    ids=["nothing", "instruction", "fixed examples", "few examples", "many examples"],
)
def test_plain_prompts_share_nothing(before) -> None:
    prompts = [
        f"{before(row)}The ship of number {row} lay there.\nGood or bad?" for row in range(ROWS)
    ]
    assert notes(prompts) == []


def test_few_examples_that_share_a_line_are_not_worth_a_word() -> None:
    prompts = [f"{question(row if row > 5 else 0)}\n{story(row)}\nAnswer:" for row in range(ROWS)]
    assert notes(prompts) == []


def test_a_field_that_groups_already_is_named() -> None:
    documents = [
        {"passage": story(row // 5), "question": f"{question(row % 4)} ({row})"}
        for row in range(ROWS)
    ]
    (note,) = group_examples(examples_of_documents(documents)).notes
    assert note.startswith("24 independent texts were counted; prompts also share pieces, such as ")
    assert note.endswith("name it as passage:; if `passage` is, type passage: passage.")


def outside(texts: list[str], name: str = "doc.text") -> pl.DataFrame:
    """EXAMPLES with a text each that stands in their document alone."""
    found = pl.Series([[{"name": name, "text": text}] for text in texts])
    return frame([f"Ship {row}:" for row in range(len(texts))]).with_columns(outside=found)


def test_texts_outside_the_prompt_are_said_and_group_where_they_are_named() -> None:
    examples = outside([story(row % 12) for row in range(ROWS)])
    grouping = group_examples(examples)
    assert grouping.clusters == ROWS
    (note,) = grouping.notes
    assert note.startswith(
        "120 independent texts were counted; examples also share the texts of `doc.text` (12) in their logged"
    )
    named = group_examples(examples, "doc.text")
    assert (named.clusters, named.field, named.notes) == (12, "doc.text", [])


def test_what_most_documents_share_is_no_passage() -> None:
    assert group_examples(outside([story(max(row, 100)) for row in range(ROWS)])).notes == []


def test_a_named_text_in_some_prompts_and_not_in_others() -> None:
    inside = examples_of_documents(
        [{"passage": story(row % 6)} | {"q": question(row)} for row in range(12)]
    )
    beyond = pl.Series([[{"name": "passage", "text": story(row % 6).lower()}] for row in range(12)])
    examples = inside.with_columns(
        fields=pl.when(pl.int_range(12) < 6).then("fields").otherwise([]), outside=beyond
    )
    assert group_examples(examples, "passage").clusters == 6


@pytest.mark.slow
def test_many_long_prompts_take_seconds() -> None:
    text = "\n".join(
        f"Line {n} of a long instruction that stands in every prompt." for n in range(40)
    )
    examples = frame([f"{text}\n{story(row % 500)}\n{question(row)}" for row in range(5000)])
    grouping = group_examples(examples)
    started = time.monotonic()
    assert "(500)" in grouping.notes[0]
    assert time.monotonic() - started < 10
