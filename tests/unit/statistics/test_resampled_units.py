"""From answers to the verdict: what is resampled is counted, and too little of it decides nothing."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_of_documents, predictions_frame

from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.proportions import mcnemar, tango
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

ANALYSIS = Analysis()
MARGINS = {"accuracy": 0.02, "ece": 0.02, "brier": 0.02}
ROWS, LOST, GAINED = 60, 16, 2
INSTRUCTION = (
    "Decide what the sentiment of this piece of financial news is, and answer with one word."
)


def answers() -> pl.DataFrame:
    """60 rows, two options, label 0: the dense model is right in 50, level 4 in 36 (16 lost, 2 gained)."""
    dense = [[-0.1, -2.4] if row < 50 else [-2.4, -0.1] for row in range(ROWS)]
    pruned = [
        [-2.0, -0.2] if row < LOST else [-0.2, -2.0] if row < 50 + GAINED else [-2.4, -0.1]
        for row in range(ROWS)
    ]
    return predictions_frame({0: dense, 4: pruned})


def news(row: int) -> str:
    return f"Orion kept its dividend in week {row}."


def metrics(texts: list[dict[str, str]], passage: str | None = None) -> pl.DataFrame:
    examples = examples_of_documents(texts)
    grouping = group_examples(examples, passage)
    return compute_metrics(answers(), examples, [], [], grouping, ANALYSIS)


def of(table: pl.DataFrame, metric: str) -> dict:
    return table.filter(metric=metric, level=4).row(0, named=True)


@pytest.fixture(scope="module")
def independent() -> pl.DataFrame:
    return metrics([{"input": news(row)} for row in range(ROWS)])


def test_independent_rows(independent):
    accuracy = of(independent, "accuracy")
    assert accuracy["change"] == pytest.approx(-14 / 60)
    # By arithmetic on the 18 rows that differ: 2 (1 + 18 + 153) / 2^18, and Tango's score interval.
    assert accuracy["p_value"] == pytest.approx(344 / 2**18) == pytest.approx(0.001312, abs=1e-6)
    assert accuracy["change_low"] == pytest.approx(-0.365287, abs=1e-6)
    assert accuracy["change_high"] == pytest.approx(-0.107289, abs=1e-6)
    assert (accuracy["examples"], accuracy["clusters"]) == (60, 60)
    judged = verdict(independent, MARGINS).filter(quantity="accuracy")
    assert judged["status"].to_list() == ["degraded"]


def test_a_column_with_one_instruction_changes_nothing(independent):
    column = metrics([{"instruction": INSTRUCTION, "input": news(row)} for row in range(ROWS)])
    assert column.equals(independent, null_equal=True)


def test_wordings_of_an_instruction_decide_nothing_and_the_way_out_is_exact(independent):
    wordings = [
        {"instruction": f"Wording {row % 3} of what is to be decided here.", "input": news(row)}
        for row in range(ROWS)
    ]
    found = metrics(wordings)
    for name in ("accuracy", "brier", "ece", "flips", "mean_confidence", "auroc"):
        row = of(found, name)
        assert row["value"] == pytest.approx(of(independent, name)["value"])
        assert (row["examples"], row["clusters"], row["cluster_field"]) == (60, 3, "instruction")
        for column in ("low", "high", "change_low", "change_high", "p_value"):
            assert row[column] is None, (name, column)
    judged = verdict(found, MARGINS)
    assert set(judged["status"]) == {"undecided"}
    assert judged["reason"].to_list()[0].startswith("60 examples rest on 3 independent texts")
    assert metrics(wordings, passage="none").equals(independent, null_equal=True)


def test_six_passages_are_six_draws(independent):
    six = metrics(
        [
            {
                "passage": f"Passage {row // 10} is about the river and its mill.",
                "question": news(row),
            }
            for row in range(ROWS)
        ]
    )
    brier, single = of(six, "brier"), of(independent, "brier")
    assert (brier["clusters"], brier["cluster_field"]) == (6, "passage")
    assert brier["change"] == pytest.approx(single["change"])
    sums = np.array([brier_change(number) for number in range(6)])
    flipped = [
        abs(np.dot(signs, sums)) >= abs(sums.sum()) - 1e-9 for signs in product((1, -1), repeat=6)
    ]
    assert brier["p_value"] == pytest.approx(np.mean(flipped))
    assert brier["p_value"] > single["p_value"]
    accuracy = of(six, "accuracy")
    low, high = tango(GAINED, LOST, ROWS)
    assert accuracy["change_low"] <= low and accuracy["change_high"] >= high
    assert accuracy["p_value"] >= mcnemar(GAINED, LOST)


def brier_change(passage: int) -> float:
    """Rise of the summed Brier score of one passage, by hand from the probabilities."""
    table = answers().pivot("option", index=["level", "example_id"], values="log_likelihood")
    wrong = table.with_columns(
        level=pl.col("level"),
        row=pl.col("example_id").str.slice(1).cast(pl.Int64),
        score=2 * (1 - 1 / (1 + (pl.col("1") - pl.col("0")).exp())) ** 2,
    ).filter(pl.col("row") // 10 == passage)
    sums = dict(wrong.group_by("level").agg(pl.col("score").sum()).iter_rows())
    return sums[4] - sums[0]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_few_rows_have_no_interval_and_no_verdict(rows):
    examples = examples_of_documents([{"input": news(row)} for row in range(ROWS)]).tail(rows)
    found = compute_metrics(
        answers().filter(pl.col("example_id").str.slice(1).cast(pl.Int64) >= ROWS - rows),
        examples, [], [], group_examples(examples), ANALYSIS,
    )  # fmt: skip
    assert found["change_low"].null_count() == found["low"].null_count() == found.height
    judged = verdict(found, MARGINS)
    assert set(judged["status"]) == {"undecided"}
    assert set(judged["clusters"]) == {rows}


def wrong_at(levels: int) -> pl.DataFrame:
    """A dense model that is right at confidence .998, and pruned levels that are always wrong at it."""
    right, wrong = [-0.002, -6.2], [-6.2, -0.002]
    return predictions_frame(
        {level: [wrong if level else right] * 40 for level in range(levels + 1)}
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("levels", "confidence"), [(25, 0.95), (26, 0.95), (40, 0.95), (6, 0.99), (80, 0.95)]
)
def test_a_collapse_of_calibration_is_shown_at_any_number_of_levels(levels, confidence):
    texts = examples_of_documents([{"input": news(row)} for row in range(40)])
    analysis = Analysis(confidence=confidence, repetitions=8000)
    found = compute_metrics(wrong_at(levels), texts, [], [], group_examples(texts), analysis)
    judged = verdict(found, MARGINS, confidence=confidence)
    assert judged.group_by("quantity", "status").len().sort("quantity").rows() == [
        (quantity, "degraded", levels) for quantity in ("accuracy", "brier", "ece")
    ]


def test_guessing_is_what_one_answer_for_all_reaches():
    """A constant "yes" on a task of 37 to 23: accuracy is that of guessing, not above one half of it."""
    examples = examples_of_documents([{"input": news(row)} for row in range(ROWS)]).with_columns(
        label=pl.Series([1] * 37 + [0] * 23)
    )
    constant = predictions_frame({0: [[-2.0, -0.2]] * ROWS})
    row = (
        compute_metrics(constant, examples, [], [], group_examples(examples), ANALYSIS)
        .filter(metric="accuracy")
        .row(0, named=True)
    )
    assert (
        row["reference_low"]
        == row["reference_high"]
        == pytest.approx(37 / 60)
        == pytest.approx(row["value"])
    )
    # With an option of its own in every row, "not the first text" is right as often as before.
    own = examples.with_columns(
        options=pl.concat_list(pl.lit(" a"), pl.format(" {}", "example_id"))
    )
    row = (
        compute_metrics(constant, own, [], [], group_examples(own), ANALYSIS)
        .filter(metric="accuracy")
        .row(0, named=True)
    )
    assert row["reference_low"] == pytest.approx(37 / 60) == pytest.approx(row["value"])


@pytest.mark.parametrize("copies", [1, 40])
def test_copies_of_a_prompt_add_nothing_to_what_is_known_of_ece(copies):
    """Eight prompts of which the pruned level gets another one wrong; forty copies of each used to be "kept"."""
    confidence = [0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
    wrong = {0: {0, 2, 5}, 4: {0, 2, 6}}
    levels = {
        level: [
            list(np.log([1 - p, p] if row in of_level else [p, 1 - p]))
            for row, p in enumerate(confidence)
            for _ in range(copies)
        ]
        for level, of_level in wrong.items()
    }
    texts = [{"input": news(row)} for row in range(8) for _ in range(copies)]
    examples = examples_of_documents(texts)
    table = compute_metrics(
        predictions_frame(levels), examples, [], [], group_examples(examples), ANALYSIS
    )
    row = of(table, "ece")
    assert (row["examples"], row["clusters"]) == (8 * copies, 8)
    assert row["change_high"] - row["change_low"] > 0.3
    assert row["reference_high"] > 0.3
    assert verdict(table, {"ece": 0.1})["status"].to_list() == ["undecided"]
