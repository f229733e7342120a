"""Lengths of choices, and the agreement of the largest quotient with lm-evaluation-harness, example by example."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, predictions_frame

from keepfaith.artifacts.predictions import predicted_options
from keepfaith.calibration.normalised import by_length, choice_lengths

WORDS = ("no", "yes", "perhaps", "não", "日本", "a longer choice", "ß", "it is")


def drawn_choices(count: int, delimiter: str) -> list[list[str]]:
    """Two to four different choices of each example."""
    random = np.random.default_rng(0)
    return [
        [delimiter + word for word in random.choice(WORDS, int(random.integers(2, 5)), False)]
        for _ in range(count)
    ]


def frames(options: list[list[str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    random = np.random.default_rng(1)
    scores = [(-5 * random.random(len(own))).tolist() for own in options]
    examples = examples_frame([0] * len(options), [len(own) for own in options])
    return predictions_frame({0: scores}), (examples.with_columns(options=pl.Series(options)))


@pytest.mark.parametrize("delimiter", [" ", "\n", ""])
def test_the_largest_quotient_is_the_choice_of_the_harness(delimiter):
    """`acc_norm` and `acc_bytes` of the harness' own `process_results`, with each choice as the label in turn."""
    task = pytest.importorskip("lm_eval.api.task")
    options = drawn_choices(200, delimiter)
    predictions, examples = frames(options)
    chosen = {}
    for unit in ("character", "byte"):
        table = by_length(predictions, examples, unit)
        assert table is not None
        chosen[unit] = predicted_options(table)["target"].to_list()
    sums = predictions.sort("option").group_by("example_id", maintain_order=True)
    sums = sums.agg("log_likelihood").sort("example_id")
    for row, (own, scores) in enumerate(zip(options, sums["log_likelihood"], strict=True)):
        texts = [text.removeprefix(delimiter) for text in own]
        for label in range(len(texts)):
            harness = _harness(task, texts, label)
            found = harness.process_results({}, [(score, False) for score in scores])
            assert found["acc_norm"] == (chosen["character"][row] == label)
            assert found["acc_bytes"] == (chosen["byte"][row] == label)


def _harness(task, texts: list[str], label: int):
    """A multiple choice of the harness with these choices, without its data set."""

    class Choice(task.ConfigurableTask):
        def __init__(self) -> None:
            self._config = SimpleNamespace(process_results=None)
            self.OUTPUT_TYPE = "multiple_choice"
            self._metric_fn_list = {"acc": None, "acc_norm": None, "acc_bytes": None}
            self.multiple_input = self.multiple_target = 0

        def doc_to_choice(self, doc, doc_to_choice=None):
            return texts

        def doc_to_target(self, doc, doc_to_target=None):
            return label

    return Choice()


def test_units_differ_where_letters_take_several_bytes_or_tokens():
    predictions, examples = frames([[" não", " no"], [" yes", " perhaps"]])
    predictions = predictions.with_columns(tokens=pl.Series([2, 1, 1, 3]))
    sums = predictions["log_likelihood"].to_numpy()
    for unit, lengths in (
        ("character", [3, 2, 3, 7]),
        ("byte", [4, 2, 3, 7]),
        ("token", [2, 1, 1, 3]),
    ):
        table = by_length(predictions, examples, unit)
        assert table is not None and table.columns == predictions.columns
        found = table.sort("example_id", "option")["log_likelihood"].to_numpy()
        np.testing.assert_allclose(found, sums / lengths)


def test_without_tokens_there_is_nothing_per_token():
    predictions, examples = frames([[" a", " b"]])
    imported = predictions.with_columns(tokens=pl.lit(None, dtype=pl.Int64))
    assert by_length(imported, examples, "token") is None
    assert by_length(imported, examples, "byte") is not None


def test_rows_of_other_examples_are_left_out():
    predictions, examples = frames([[" a", " b"], [" c", " d"]])
    for unit in ("token", "byte"):
        table = by_length(predictions, examples.head(1), unit)
        assert table is not None and set(table["example_id"]) == {"e000"}


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ([" a", " bc"], [1, 2]),
        (["\n a", "\n bc"], [1, 2]),
        (["  a", " bc"], [2, 2]),  # the delimiter is one space
        (["\ta", " bc"], [2, 3]),
        (["a", "bc "], [1, 3]),
        ([" ", " b"], [1, 1]),
    ],
)
def test_the_delimiter_is_the_white_space_that_all_choices_begin_with(options, lengths):
    assert choice_lengths(options, "byte") == choice_lengths(options, "character") == lengths
