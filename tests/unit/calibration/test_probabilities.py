import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, predictions_frame

from keepfaith.calibration.probabilities import predicted, sample_of


def test_probabilities_are_the_softmax_of_the_summed_log_likelihoods():
    scores = np.array([[-700.0, -701.0, -703.0], [2.0, 1.0, -5.0]])
    sample = sample_of(scores, np.array([0, 1]))
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = shifted / shifted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(sample.probabilities, expected, rtol=1e-12)
    np.testing.assert_allclose(sample.confidence, expected[:, 0], rtol=1e-12)
    assert sample.correct.tolist() == [True, False]


def test_ties_go_to_the_lowest_option():
    sample = sample_of(np.array([[-1.0, -0.5, -0.5], [-2.0, -2.0, -2.0]]), np.array([2, 0]))
    assert sample.prediction.tolist() == [1, 0]
    assert sample.correct.tolist() == [False, True]


def test_options_that_softmax_cannot_tell_apart_still_have_an_order():
    sample = sample_of(np.array([[-1e9, -1e9 + 1e-6]]), np.array([1]))
    assert sample.prediction.tolist() == [1]


def test_ragged_options_are_padded_and_never_predicted():
    found = predicted(
        predictions_frame({0: [[-1.0, -2.0], [-3.0, -1.0, -2.0]]}), examples_frame([0, 1], [2, 3])
    )
    sample = found.levels[0]
    assert sample.probabilities[0, 2] == 0.0
    np.testing.assert_allclose(sample.probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(sample.confidence[0], 1 / (1 + np.exp(-1.0)))


def test_row_order_of_the_tables_does_not_matter():
    values = np.random.default_rng(0).normal(size=(8, 3)).tolist()
    predictions = predictions_frame({0: values, 2: values[::-1]})
    examples = examples_frame([0, 1, 2, 0, 1, 2, 0, 1], [3] * 8)
    straight = predicted(predictions, examples)
    shuffled = predicted(
        predictions.sample(fraction=1.0, shuffle=True, seed=1),
        examples.sample(fraction=1.0, shuffle=True, seed=2),
    )
    assert straight.example_ids == shuffled.example_ids
    assert list(straight.levels) == list(shuffled.levels) == [0, 2]
    for level in straight.levels:
        np.testing.assert_array_equal(
            straight.levels[level].confidence, shuffled.levels[level].confidence
        )


def test_only_the_chosen_part_counts():
    examples = examples_frame([0, 1], [2, 2]).with_columns(
        evaluation=pl.col("row") == 1, tuning=pl.col("row") == 0
    )
    predictions = predictions_frame({0: [[-1.0, -2.0], [-3.0, -1.0]]})
    assert predicted(predictions, examples).example_ids == ("e001",)


def test_posterior_is_there_only_where_every_example_has_one():
    predictions = predictions_frame({0: [[-1.0, -2.0], [-3.0, -1.0, -2.0]]})
    whole = examples_frame([0, 1], [2, 3], posterior=[[0.9, 0.1], [0.1, 0.7, 0.2]])
    found = predicted(predictions, whole).posterior
    np.testing.assert_array_equal(found, [[0.9, 0.1, 0.0], [0.1, 0.7, 0.2]])
    part = whole.with_columns(posterior=pl.when(pl.col("row") == 0).then("posterior"))
    assert predicted(predictions, part).posterior is None


@pytest.mark.parametrize(
    ("predictions", "examples", "message"),
    [
        ({0: [[-1.0, -2.0]]}, ([0, 1], [2, 2]), "level 0: example 'e001' has 0 scored choices"),
        ({3: [[-1.0], [-1.0, -1.0]]}, ([0, 1], [2, 2]), "level 3: example 'e000' has 1 scored"),
        ({0: [[-1.0, -2.0]]}, ([2], [2]), "label of example 'e000' is not one of its choices"),
    ],
)
def test_incomplete_predictions_are_refused(predictions, examples, message):
    with pytest.raises(ValueError, match=message):
        predicted(predictions_frame(predictions), examples_frame(*examples))


def test_an_empty_part_is_refused():
    examples = examples_frame([0], [2]).with_columns(evaluation=False)
    with pytest.raises(ValueError, match="no example in the evaluation subset"):
        predicted(predictions_frame({0: [[-1.0, -2.0]]}), examples)


def test_an_option_scored_twice_is_refused():
    predictions = predictions_frame({0: [[-1.0, -2.0]]}).with_columns(option=pl.lit(0))
    with pytest.raises(ValueError, match="choices of example 'e000' are not 0, 1, 2"):
        predicted(predictions, examples_frame([0], [2]))
