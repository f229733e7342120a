"""E-AURC and AUGRC against brute force over thresholds."""

import numpy as np
import pytest
from made_predictions import binary_sample, random_sample
from sklearn.metrics import roc_auc_score

from keepfaith.calibration.draws import once, reweighted
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS


def value(name: str, sample: Sample) -> float:
    return float(PREDICTION_METRICS.load(name).values(once(sample))[0])


def cases() -> list[Sample]:
    random = np.random.default_rng(0)
    found = []
    for seed in range(200):
        sample = random_sample(seed, int(random.integers(1, 60)), int(random.integers(2, 5)))
        if seed % 2:  # equal confidences
            sample = sample_of(sample.log_probabilities.round(0), sample.labels)
        found.append(sample)
    return found


def risk(sample: Sample, confidence: np.ndarray) -> float:
    """Mean over examples of the error rate among those at least as confident."""
    wrong = ~sample.correct
    return float(np.mean([wrong[confidence >= own].mean() for own in confidence]))


def test_e_aurc_is_the_excess_over_a_ranking_that_knows_the_answers():
    for sample in cases():
        order = np.lexsort((np.arange(sample.size), sample.correct))
        best = np.empty(sample.size)
        best[order] = np.arange(sample.size)
        expected = risk(sample, sample.confidence) - risk(sample, best)
        assert value("e_aurc", sample) == pytest.approx(expected, abs=1e-12)
        assert value("e_aurc", sample) > -1e-12


def test_augrc_is_the_area_under_wrong_and_accepted():
    for sample in cases():
        thresholds = np.sort(np.unique(sample.confidence))[::-1]
        accepted = [(sample.confidence >= at) for at in thresholds]
        coverage = [0.0, *(row.mean() for row in accepted)]
        wrong = [0.0, *((row & ~sample.correct).mean() for row in accepted)]
        found = value("augrc", sample)
        assert found == pytest.approx(np.trapezoid(wrong, coverage), abs=1e-12)
        rate = sample.correct.mean()
        if 0 < rate < 1:
            area = roc_auc_score(sample.correct, sample.confidence)
            formula = rate * (1 - rate) * (1 - area) + (1 - rate) ** 2 / 2
            assert found == pytest.approx(formula, abs=1e-12)


@pytest.mark.parametrize(("right", "generalised"), [(True, 0.0), (False, 0.5)])
def test_all_right_and_all_wrong(right, generalised):
    sample = binary_sample([0.6, 0.7, 0.7, 0.9], [right] * 4)
    assert value("augrc", sample) == pytest.approx(generalised)
    assert value("e_aurc", sample) == pytest.approx(0, abs=1e-12)


def test_the_best_ranking_has_no_excess():
    assert value("e_aurc", binary_sample([0.9, 0.8, 0.7], [True, False, False])) == pytest.approx(
        0, abs=1e-12
    )


def test_resamples_of_other_sizes_are_compared_with_their_own_best_ranking():
    """Clusters of different sizes give resamples of different sizes."""
    sample = random_sample(3, size=20)
    weights = np.array([[2.0] * 20, [1.0] * 10 + [0.0] * 10])
    found = PREDICTION_METRICS.load("e_aurc").values(reweighted(sample, weights))
    rows = [np.repeat(np.arange(20), 2), np.arange(10)]
    alone = [
        value("e_aurc", sample_of(sample.log_probabilities[r], sample.labels[r])) for r in rows
    ]
    np.testing.assert_allclose(found, alone, atol=1e-12)
