"""Where examples share texts, calibration is judged with the dependence that their labels admit."""

import numpy as np
import pytest

from keepfaith.calibration.dependence import (
    dependence_of,
    dependent_uniforms,
    effective_size,
    within_correlation,
)
from keepfaith.calibration.interval import corrected_error
from keepfaith.calibration.null_band import null_bands
from keepfaith.calibration.probabilities import Sample, sample_of


def sample(confidence: np.ndarray, right: np.ndarray, labels: np.ndarray) -> Sample:
    """Two options; the predicted one has `confidence` and is the label where `right`."""
    prediction = np.where(right, labels, 1 - labels)
    rows = np.arange(len(labels))
    scores = np.zeros((len(labels), 2))
    scores[rows, prediction] = np.log(confidence)
    scores[rows, 1 - prediction] = np.log(1 - confidence)
    return sample_of(scores, labels)


def passages(
    count: int, questions: int, correlation: float, seed: int
) -> tuple[Sample, np.ndarray]:
    """A calibrated model whose answers about one passage are right together with this correlation."""
    random = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(count), questions)
    confidence = random.uniform(0.55, 0.95, len(clusters))
    uniforms = dependent_uniforms(clusters, correlation, 1, random)[0]
    labels = random.integers(0, 2, len(clusters))
    return sample(confidence, uniforms < confidence, labels), clusters


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.7, 1.0])
def test_uniforms_have_the_correlation_that_was_asked_for(correlation):
    clusters = np.repeat(np.arange(2), 3)
    drawn = dependent_uniforms(clusters, correlation, 20_000, np.random.default_rng(1)) < 0.3
    found = np.corrcoef(drawn.T)
    same = clusters[:, None] == clusters
    assert found[same & ~np.eye(6, dtype=bool)] == pytest.approx(correlation, abs=0.03)
    assert found[~same] == pytest.approx(0.0, abs=0.03)
    assert drawn.mean() == pytest.approx(0.3, abs=0.01)


def test_single_examples_are_drawn_as_before():
    model, _ = passages(40, 5, 0.0, 3)
    alone = np.arange(200)
    assert within_correlation(model, alone) == 0.0
    assert (
        corrected_error(model, dependence=dependence_of(model, alone), repetitions=200).interval()
        == corrected_error(model, repetitions=200).interval()
    )
    assert null_bands(model, ("ece",), dependence=dependence_of(model, alone)) == null_bands(
        model, ("ece",)
    )
    assert effective_size(alone, 0.0) == 200


def test_the_limit_lies_above_the_true_correlation_in_most_samples():
    for correlation in (0.0, 0.2, 0.6):
        limits = [within_correlation(*passages(60, 5, correlation, seed)) for seed in range(100)]
        assert np.mean(np.array(limits) >= correlation) >= 0.8
    assert np.mean([within_correlation(*passages(60, 5, 0.0, seed)) for seed in range(100)]) < 0.15


def test_too_few_texts_to_tell_count_as_one_observation_each():
    model, clusters = passages(2, 30, 0.0, 1)
    assert within_correlation(model, clusters) > 0.5
    assert within_correlation(model, np.zeros(60, dtype=int)) == 1.0
    assert effective_size(clusters, 1.0) == pytest.approx(2.0)


def test_copies_of_a_prompt_count_as_one():
    """Eight prompts, forty copies each: the band is that of eight examples, not of 320."""
    random = np.random.default_rng(0)
    confidence, right = random.uniform(0.6, 0.9, 8), random.random(8) < 0.75
    labels = random.integers(0, 2, 8)
    clusters = np.repeat(np.arange(8), 40)
    once = sample(confidence, right, labels)
    copies = sample(*(np.repeat(part, 40) for part in (confidence, right, labels)))
    assert within_correlation(copies, clusters) == 1.0
    expected = null_bands(once, ("ece",), repetitions=2000)["ece"]
    found = null_bands(
        copies, ("ece",), dependence=dependence_of(copies, clusters), repetitions=2000
    )["ece"]
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)
    few, many = (
        corrected_error(model, dependence=groups, repetitions=2000).interval()
        for model, groups in ((once, None), (copies, dependence_of(copies, clusters)))
    )
    assert many == pytest.approx(few, abs=0.06)


@pytest.mark.parametrize(("count", "questions"), [(8, 40), (60, 5)])
@pytest.mark.parametrize("correlation", [0.0, 0.25, 1.0])
def test_a_calibrated_model_seldom_lies_above_its_band(count, questions, correlation):
    """Without the dependence 320 answers about 8 texts lay above it in most samples."""
    above = naive = 0
    for seed in range(40):
        model, clusters = passages(count, questions, correlation, seed)
        right = np.abs(corrected_error(model, repetitions=50).observed)
        band = null_bands(
            model, ("ece",), dependence=dependence_of(model, clusters), repetitions=400, seed=seed
        )["ece"]
        above += right > band.high
        naive += right > null_bands(model, ("ece",), repetitions=400, seed=seed)["ece"].high
    assert above <= 4
    assert naive >= 10 or correlation < 0.25 or questions < 40


def test_metrics_of_the_labels_are_drawn_from_the_same_probabilities():
    """Drawing "right" first leaves the probability of every label as it is, whatever the number of options."""
    random = np.random.default_rng(2)
    model = sample_of(np.log(random.dirichlet(np.ones(4), 12)), random.integers(0, 4, 12))
    clusters = np.repeat(np.arange(6), 2)
    names = ("brier", "nll", "accuracy")
    alone = null_bands(model, names, repetitions=4000)
    shared = null_bands(model, names, dependence=dependence_of(model, clusters), repetitions=4000)
    for name in names:
        assert shared[name].mean == pytest.approx(alone[name].mean, abs=0.03)
