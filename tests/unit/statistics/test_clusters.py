"""What is drawn for an interval: independent texts, however they share passages, instructions or prompts."""

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, examples_of_documents

from keepfaith.config.passages import NO_PASSAGE
from keepfaith.statistics.clusters import all_single, cluster_sums, group_examples

INSTRUCTION = (
    "Decide what the sentiment of this piece of financial news is, and answer with one word."
)
WORDINGS = (
    "What is the sentiment of this news? Answer with one word, please.",
    "Choose the sentiment of this news out of negative, neutral, positive.",
    "Tell whether an investor would take this news as good or as bad.",
)


def clusters(examples: pl.DataFrame, passage: str | None = None) -> tuple[list[int], str | None]:
    found = group_examples(examples, passage)
    return found.of(examples["example_id"].to_list()).tolist(), found.field


def news(row: int) -> str:
    return f"Orion kept its dividend in week {row}."


def passage(number: int) -> str:
    return f"Passage {number} is about the river and its mill."


def test_equal_prompts_are_one_cluster_however_short():
    examples = examples_frame([0] * 4, [2] * 4, texts=["a b", "c d", "a b", "a"])
    assert clusters(examples) == ([0, 1, 0, 2], "prompt")


def test_without_shared_texts_every_example_is_its_own():
    assert clusters(examples_frame([0] * 3, [2] * 3)) == ([0, 1, 2], None)


def test_without_fields_the_prompt_decides():
    examples = examples_frame([0] * 3, [2] * 3, texts=["one", "two", "one"])
    empty = examples.with_columns(fields=pl.lit([], dtype=examples.schema["fields"]))
    assert clusters(empty) == ([0, 1, 0], "prompt")


@pytest.mark.parametrize("instruction", [INSTRUCTION, INSTRUCTION + " " * 40])
def test_an_instruction_in_every_row_is_no_passage(instruction):
    rows = [{"instruction": instruction, "input": news(row)} for row in range(60)]
    assert clusters(examples_of_documents(rows)) == (list(range(60)), None)


def test_an_instruction_in_more_than_half_of_the_rows_is_no_passage():
    rows = [
        {"instruction": INSTRUCTION if row < 31 else news(-row), "input": news(row)}
        for row in range(60)
    ]
    assert clusters(examples_of_documents(rows)) == (list(range(60)), None)


def test_blanks_around_a_text_do_not_make_it_another():
    rows = [
        {"passage": passage(row % 6) + " " * (row // 6), "question": f"Who came {row}?"}
        for row in range(60)
    ]
    numbers, field = clusters(examples_of_documents(rows))
    assert numbers == [row % 6 for row in range(60)] and field == "passage"


@pytest.mark.parametrize("words", [1, 40])
def test_a_passage_is_found_whether_or_not_it_is_the_longest_field(words):
    rows = [
        {
            "passage": passage(row // 10),
            "question": f"Number {row}: " + "what did the miller say " * words,
        }
        for row in range(60)
    ]
    numbers, field = clusters(examples_of_documents(rows))
    assert numbers == [row // 10 for row in range(60)] and field == "passage"


def test_three_wordings_cannot_be_told_from_three_passages_but_are_named_and_can_be_denied():
    examples = examples_of_documents(
        [*({"instruction": WORDINGS[row % 3], "input": news(row)} for row in range(60))]
    )
    assert clusters(examples) == ([row % 3 for row in range(60)], "instruction")
    assert clusters(examples, NO_PASSAGE) == (list(range(60)), None)
    assert clusters(examples, "input") == (list(range(60)), None)


def test_a_short_topic_is_no_passage_unless_the_task_says_so():
    examples = examples_of_documents(
        [*({"topic": f"topic {row % 4}", "input": news(row)} for row in range(12))]
    )
    assert clusters(examples) == (list(range(12)), None)
    assert clusters(examples, "topic") == ([0, 1, 2, 3] * 3, "topic")


def test_a_named_passage_counts_even_where_most_rows_share_it():
    examples = examples_of_documents(
        [*({"passage": passage(0), "question": news(row)} for row in range(8))]
    )
    assert clusters(examples, "passage") == ([0] * 8, "passage")


def test_a_row_without_the_passage_stands_alone():
    rows = [{"passage": passage(row % 2), "question": news(row)} for row in range(6)]
    examples = examples_of_documents([*rows, {"question": news(6)}, {"question": news(7)}])
    assert clusters(examples, "passage")[0] == [0, 1, 0, 1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    "spell",
    [
        lambda text, row: text.upper() if row % 4 > 1 else text,
        lambda text, row: text.replace(" ", " " * (1 + row // 6)),
        lambda text, row: text.replace(" ", "\n") if row % 4 > 1 else text,
        lambda text, row: text.replace("r", "r" + "\u200b" * (row // 6)),
        lambda text, row: text.replace("m", "\uff4d") if row % 4 > 1 else text,
    ],
    ids=["case", "blanks", "lines", "no width", "wide"],
)
def test_spellings_of_a_passage_are_one_passage(spell):
    rows = [
        {"passage": spell(passage(row % 6), row), "question": f"Who came {row}?"}
        for row in range(60)
    ]
    assert len({row["passage"] for row in rows}) > 6
    assert clusters(examples_of_documents(rows)) == ([row % 6 for row in range(60)], "passage")
    alone = [{"text": row["passage"]} for row in rows]
    assert clusters(examples_of_documents(alone), "text")[0] == [row % 6 for row in range(60)]
    prompts = examples_frame([0] * 60, [2] * 60, texts=[row["passage"] for row in rows])
    empty = prompts.with_columns(fields=pl.lit([], dtype=prompts.schema["fields"]))
    assert clusters(empty) == ([row % 6 for row in range(60)], "prompt")


def test_a_blank_passage_is_no_text_that_rows_share():
    rows = [
        {"passage": " \n" if row % 2 else passage(0), "question": news(row)} for row in range(6)
    ]
    assert clusters(examples_of_documents(rows), "passage")[0] == [0, 1, 0, 2, 0, 3]
    blank = examples_of_documents([{"passage": " ", "question": news(row)} for row in range(6)])
    assert clusters(blank, "passage") == (list(range(6)), None)


def test_a_text_that_stands_now_in_this_field_and_now_in_that():
    """Pairs of sentences, each of which is the first of one pair and the second of another: a ring of ten."""
    rows = [{"one": passage(row), "other": passage((row + 1) % 10)} for row in range(10)]
    apart = [{"one": passage(20 + row), "other": news(row)} for row in range(10)]
    numbers, field = clusters(examples_of_documents(rows + apart))
    assert numbers == [0] * 10 + list(range(1, 11)) and field == "one + other"


def test_a_sentence_or_two_in_both_fields_do_not_make_them_one():
    """Ten premises with three hypotheses each; one premise is a hypothesis elsewhere, as are three of general use."""
    said = [
        "A person stands at the quay.",
        "Nobody is standing at the quay.",
        "It is raining at the quay.",
    ]
    rows = [
        {"premise": passage(row // 3), "hypothesis": said[row % 3] if row < 9 else news(row)}
        for row in range(30)
    ]
    rows[20]["hypothesis"] = passage(2)
    numbers, field = clusters(examples_of_documents(rows))
    assert numbers == [row // 3 for row in range(30)] and field == "premise"


def several(texts: list[list[str]]) -> pl.DataFrame:
    """EXAMPLES whose field `parts` has several texts each."""
    examples = examples_of_documents([dict(enumerate(own)) for own in texts])
    named = [
        [{**field, "name": "parts"} for field in fields] for fields in examples["fields"].to_list()
    ]
    return examples.with_columns(fields=pl.Series(named, dtype=examples.schema["fields"]))


def test_several_texts_of_one_field_link_examples_wherever_they_stand():
    texts = [
        [passage(0), news(0)],
        [news(1), passage(0), passage(1)],
        [passage(1)],
        [news(3)],
        [news(4), passage(5)],
        [passage(5), news(5)],
    ]
    assert clusters(several(texts)) == ([0, 0, 0, 1, 2, 2], "parts")


@pytest.mark.parametrize(
    ("first", "count"),
    [
        (lambda row: f"topic {row % 4}", 4),  # short
        (lambda row: passage(0 if row < 8 else 1), 2),  # usual, and another one beside it
        (lambda row: "yes" if row else "no", 2),
    ],
)
def test_shared_texts_that_group_nothing_are_named(first, count):
    rows = [{"first": first(row), "input": news(row)} for row in range(12)]
    examples = examples_of_documents(rows)
    found = group_examples(examples)
    assert found.passed_over == {"first": count}
    (note,) = found.notes
    assert note.startswith(f"{found.clusters} independent texts were counted; examples also share")
    assert f"`first` ({count})" in note
    assert group_examples(examples, "first").clusters == count
    assert group_examples(examples, "first").notes == []
    assert group_examples(examples, NO_PASSAGE).notes == []


def test_what_all_examples_share_needs_no_word():
    rows = [{"instruction": INSTRUCTION, "lang": "en", "input": news(row)} for row in range(12)]
    assert group_examples(examples_of_documents(rows)).notes == []


def test_a_note_names_a_few_fields():
    rows = [
        {f"f{k}": f"{k}.{row % 4}" for k in range(9)} | {"input": news(row)} for row in range(12)
    ]
    (note,) = group_examples(examples_of_documents(rows)).notes
    assert "`f0` (4), `f1` (4), `f2` (4), `f3` (4), `f4` (4) and 4 more" in note


def test_an_unknown_passage_is_refused():
    with pytest.raises(ValueError, match=r"no example has a field 'context'; there are: text"):
        group_examples(examples_frame([0], [2]), "context")


def test_a_subset_is_grouped_as_the_whole():
    """Two of three explained examples share a passage, more than half of them; of the whole it is a sixth."""
    rows = [{"passage": passage(row // 2), "question": news(row)} for row in range(12)]
    found = group_examples(examples_of_documents(rows))
    assert found.of(["e004", "e005", "e011"]).tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match="'other' is not among the examples"):
        found.of(["other"])


def test_all_single():
    assert all_single(np.arange(3))
    assert not all_single(np.array([0, 1, 0]))


def test_sums_over_clusters():
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert cluster_sums(values, np.array([0, 1, 0])).tolist() == [[6.0, 8.0], [3.0, 4.0]]


@pytest.mark.parametrize("prompt", ["", "Which sentence is correct?"])
def test_where_the_prompt_is_the_same_the_options_are_the_texts(prompt):
    """As in tasks that compare two sentences: nothing, or one question, stands before them."""
    examples = examples_frame([0] * 12, [2] * 12, texts=[prompt] * 12)
    pairs = [[f" The cat {row % 9} sleeps.", f" The cat {row % 9} sleep."] for row in range(12)]
    told = examples.with_columns(options=pl.Series(pairs))
    assert clusters(told) == ([*range(9), 0, 1, 2], "prompt")
    assert clusters(told[:9]) == (list(range(9)), None)
    same = examples.with_columns(options=pl.Series([[" A", " B"]] * 12))
    assert clusters(same) == ([0] * 12, "prompt")


def test_prompts_that_several_examples_share_group_them_whatever_their_options():
    """Three beginnings, four endings each: no beginning stands in more than half of the examples."""
    examples = examples_frame([0] * 12, [2] * 12, texts=[f"She {row % 3}" for row in range(12)])
    pairs = [[f" ends {row}", f" stops {row}"] for row in range(12)]
    assert clusters(examples.with_columns(options=pl.Series(pairs)))[0] == [0, 1, 2] * 4
