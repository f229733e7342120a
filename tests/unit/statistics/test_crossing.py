"""Texts that are shared crosswise: which of them makes examples depend on each other is not known."""

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_of_documents, predictions_frame

from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(null_repetitions=100, repetitions=400)
PASSAGES, QUESTIONS = 24, 10


def documents() -> list[dict[str, str]]:
    """Every passage with every question."""
    return [
        {
            "review": f"Review number {passage}: I saw film {passage * 7 + 3} on a rainy evening.",
            "question": f"Does the author of the review like part {question} of it?",
        }
        for passage in range(PASSAGES)
        for question in range(QUESTIONS)
    ]


def answers(seed: int) -> pl.DataFrame:
    """The pruned level fails on a quarter of the passages."""
    random = np.random.default_rng(seed)
    broken = np.repeat(random.random(PASSAGES) < 0.25, QUESTIONS)
    rows = {
        0: random.random(len(broken)) < 0.9,
        4: random.random(len(broken)) < np.where(broken, 0.3, 0.9),
    }
    return predictions_frame(
        {
            level: [[-0.2, -1.7] if right else [-1.7, -0.2] for right in of_level]
            for level, of_level in rows.items()
        }
    )


def changes(seed: int, passage: str | None, metric: str) -> dict:
    examples = examples_of_documents(documents())
    grouping = group_examples(examples, passage)
    table = compute_metrics(answers(seed), examples, [], [], grouping, ANALYSIS)
    return table.filter(metric=metric, level=4).row(0, named=True)


def test_groupings_that_cross_are_named():
    grouping = group_examples(examples_of_documents(documents()))
    assert (grouping.field, grouping.clusters) == ("question", QUESTIONS)
    assert [(other.field, other.clusters) for other in grouping.crossing] == [("review", PASSAGES)]
    (note,) = grouping.notes
    assert "`question` (10 different) and `review` (24)" in note and "type passage:" in note


@pytest.mark.parametrize("metric", ["accuracy", "brier", "ece", "nll"])
def test_the_widest_interval_of_all_is_given(metric):
    both = changes(3, None, metric)
    alone = [changes(3, name, metric) for name in ("question", "review")]
    assert both["change"] == alone[0]["change"] == alone[1]["change"]
    assert both["change_low"] == min(row["change_low"] for row in alone)
    assert both["change_high"] == max(row["change_high"] for row in alone)
    assert both["p_value"] == max(row["p_value"] for row in alone)
    for steps, choose in (("holm_low", min), ("curve_low", min), ("curve_high", max)):
        assert both[steps] == list(map(choose, *(row[steps] for row in alone)))
    assert both["clusters"] == QUESTIONS


@pytest.mark.slow
def test_the_interval_holds_the_truth_where_examples_depend_by_passage():
    """By the questions alone, the fewest, it held it in 24 of 40. The true loss: a quarter of the passages, .6 each."""
    found = [changes(seed, None, "accuracy") for seed in range(40)]
    held = sum(row["change_low"] <= -0.15 <= row["change_high"] for row in found)
    assert held >= 34


def test_a_field_within_another_adds_nothing():
    """Sections of chapters: examples of one section are of one chapter, too."""
    rows = [
        {
            "chapter": f"The chapter about river number {row // 6} and its mills.",
            "section": f"The section about mill number {row // 2} and its wheel.",
            "question": f"What is told in place {row}?",
        }
        for row in range(60)
    ]
    grouping = group_examples(examples_of_documents(rows))
    assert (grouping.field, grouping.clusters, grouping.crossing) == ("chapter", 10, ())
    assert grouping.notes == []


def test_where_one_grouping_gives_no_interval_there_is_none():
    rows = [
        {
            "instruction": f"Instruction {row % 4}: choose the one that fits the text best.",
            "passage": f"Passage {row // 6} is about the river and its mill.",
        }
        for row in range(60)
    ]
    table = compute_metrics(
        predictions_frame({0: [[-0.1, -2.0]] * 60, 1: [[-0.2, -2.0]] * 60}),
        examples_of_documents(rows),
        [],
        [],
        group_examples(examples_of_documents(rows)),
        ANALYSIS,
    )
    row = table.filter(metric="brier", level=1).row(0, named=True)
    assert row["clusters"] == 4 and row["change_low"] is None and row["p_value"] is None
