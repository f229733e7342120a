"""Imported numbers come with the cautions of the report: guessing, texts that repeat, and what was passed over."""

import polars as pl
import pytest
from made_predictions import examples_of_documents, predictions_frame

from keepfaith.artifacts.schemas import CAUTIONS
from keepfaith.artifacts.summary import csv_text, stacked
from keepfaith.report.imported import cautions_of
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis

ROWS = 60
ANALYSIS = Analysis(repetitions=200, null_repetitions=20)
GUESSING = (
    "The dense model is not shown to do better than guessing (always giving one answer reaches "
)


def cautions(documents: list[dict[str, str]], right: int, swap: bool = False) -> list[str]:
    """Of a dense model that is right in so many rows, and a pruned one that always gives the first option.

    Labels are 0 and 1 in turn; with `swap` the two options change places with them, so that one text is always right.
    """
    labels = [row % 2 for row in range(ROWS)]
    examples = examples_of_documents(documents).with_columns(label=pl.Series(labels))
    if swap:
        options = [["yes", "no"] if label == 0 else ["no", "yes"] for label in labels]
        examples = examples.with_columns(options=pl.Series(options))
    dense = [
        [-0.1, -2.0] if (label == 0) == (row < right) else [-2.0, -0.1]
        for row, label in enumerate(labels)
    ]
    predictions = predictions_frame({0: dense, 4: [[-0.1, -2.0]] * ROWS})
    metrics = compute_metrics(predictions, examples, [], [], group_examples(examples), ANALYSIS)
    found: list[str] = cautions_of(metrics, group_examples(examples))["caution"].to_list()
    return found


def apart() -> list[dict[str, str]]:
    return [{"input": f"Orion kept its dividend in week {row}."} for row in range(ROWS)]


def test_nothing_to_know():
    assert cautions(apart(), 50) == []


@pytest.mark.parametrize("right", [20, 30, 34])
def test_a_dense_model_that_is_not_shown_to_know_anything(right):
    (caution,) = cautions(apart(), right)
    assert caution.startswith(f"{GUESSING}0.500)")


def test_guessing_sees_the_text_that_is_always_right():
    """50 of 60 are well above one half, and below the one text that is right everywhere."""
    (caution,) = cautions(apart(), 50, swap=True)
    assert caution.startswith(f"{GUESSING}1.000)")


def test_without_an_interval_the_value_is_held_against_guessing():
    passages = [
        {"passage": f"Passage {row // 20} is about the river.", "input": str(row)}
        for row in range(ROWS)
    ]
    sharing, guessing, few = cautions(passages, 30)
    assert sharing.startswith("60 examples, 3 different `passage`: ")
    assert guessing.startswith(GUESSING)
    assert few.startswith("Only 3 independent texts are evaluated")
    assert not any(caution.startswith(GUESSING) for caution in cautions(passages, 50))


def test_texts_that_were_passed_over_are_named():
    topics = [{"topic": f"topic {row % 6}"} | own for row, own in enumerate(apart())]
    (caution,) = cautions(topics, 50)
    assert "examples also share texts of `topic` (6)" in caution


def test_tables_of_tasks_without_a_caution_are_stacked():
    one = pl.DataFrame({"caution": ["Only 3."]}, schema=dict(CAUTIONS.columns))
    none = pl.DataFrame(schema=dict(CAUTIONS.columns))
    places = [("mine/a", none), ("mine/b", one)]
    assert (
        csv_text(stacked(places, ["imported", "task"])) == "imported,task,caution\nmine,b,Only 3.\n"
    )
    assert csv_text(stacked(places[:1], ["imported", "task"])) == "imported,task,caution\n"


def test_a_spreadsheet_has_no_columns_of_lists():
    table = pl.DataFrame({"level": [1], "holm_low": [[-0.1, -0.2]], "value": [0.5]})
    assert csv_text(table) == "level,value\n1,0.5\n"
