"""Every metric against an independent implementation, by hand, and in its properties."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from made_predictions import binary_sample, random_sample
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from keepfaith.calibration.draws import once, relabelled, reweighted
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS

CASES = 1000
BINNED = {"ece", "ece_mass", "debiased_squared_ce"}


def value(name: str, sample: Sample, bins: int = 10) -> float:
    return float(PREDICTION_METRICS.load(name).values(once(sample, bins))[0])


@pytest.fixture(scope="module")
def cases() -> list[Sample]:
    """1,000 samples of 2 to 5 options and 20 to 120 examples."""
    generator = np.random.default_rng(0)
    return [
        random_sample(
            seed,
            size=int(generator.integers(20, 120)),
            options=int(generator.integers(2, 6)),
            sharpness=float(generator.uniform(0.2, 4.0)),
        )
        for seed in range(CASES)
    ]


def test_every_metric_has_a_citation_and_a_file_of_its_name():
    assert set(PREDICTION_METRICS.names()) >= {
        "accuracy",
        "mean_confidence",
        "ece",
        "ece_mass",
        "brier",
        "nll",
    }
    assert all(metric.citation for metric in PREDICTION_METRICS.all().values())
    assert PREDICTION_METRICS.load("accuracy").family == "accuracy"


@pytest.mark.slow
def test_brier_nll_and_accuracy_equal_scikit_learn(cases):
    with warnings.catch_warnings(), sklearn.config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore")  # a case may lack an option among its labels
        for sample in cases:
            truth, p = sample.labels, sample.probabilities
            options = np.arange(p.shape[1])
            if len(options) == 2:  # scikit-learn looks at one option only: half of ours
                brier = 2 * brier_score_loss(truth, p[:, 1])
            else:
                brier = brier_score_loss(truth, p, labels=options, scale_by_half=False)
            nll = log_loss(truth, p, labels=options)
            assert value("brier", sample) == pytest.approx(brier, abs=1e-12)
            assert value("nll", sample) == pytest.approx(nll, abs=1e-12)
            assert value("accuracy", sample) == np.mean(p.argmax(axis=1) == truth)


def test_auroc_equals_scikit_learn(cases):
    mixed = [sample for sample in cases if 0 < sample.correct.sum() < sample.size]
    for sample in mixed[:100]:
        peer = roc_auc_score(sample.correct, sample.confidence)
        assert value("auroc", sample) == pytest.approx(peer, abs=1e-12)


@pytest.mark.slow
def test_ece_equals_torchmetrics(cases):
    # torchmetrics closes bins on the left; random confidences do not lie on an edge.
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    torch.set_num_threads(1)  # tiny tensors: more threads only wait for each other
    for sample in cases:
        peer = functional.multiclass_calibration_error(
            torch.tensor(sample.probabilities),
            torch.tensor(sample.labels),
            num_classes=sample.probabilities.shape[1],
            n_bins=10,
            norm="l1",
        )
        assert value("ece", sample) == pytest.approx(float(peer), abs=1e-6)


def test_ece_equals_netcal(cases):
    netcal = pytest.importorskip("netcal.metrics")
    for sample in cases:
        peer = netcal.ECE(bins=10, detection=True)
        found = peer.measure(sample.confidence, sample.correct.astype(int))
        assert value("ece", sample) == pytest.approx(float(found), abs=1e-12)


def test_brier_with_many_options_equals_torchmetrics_mean_squared_error(cases):
    torch = pytest.importorskip("torch")
    regression = pytest.importorskip("torchmetrics.functional")
    for sample in cases[:100]:
        hot = np.eye(sample.probabilities.shape[1])[sample.labels]
        peer = regression.mean_squared_error(torch.tensor(sample.probabilities), torch.tensor(hot))
        assert value("brier", sample) == pytest.approx(float(peer) * hot.shape[1], abs=1e-9)


def test_bin_metrics_equal_a_loop_over_the_definition(cases):
    for sample in cases[:100]:
        c, y, n = sample.confidence, sample.correct.astype(float), sample.size
        ece = debiased = 0.0
        for b in range(10):
            low, high = b / 10, (b + 1) / 10
            members = (c > low) & (c <= high) | ((c == 0) if b == 0 else False)
            count = members.sum()
            if count == 0:
                continue
            gap = y[members].mean() - c[members].mean()
            ece += count / n * abs(gap)
            if count > 1:
                rate = y[members].mean()
                debiased += count / n * (gap**2 - rate * (1 - rate) / (count - 1))
        assert value("ece", sample) == pytest.approx(ece, abs=1e-12)
        assert value("debiased_squared_ce", sample) == pytest.approx(debiased, abs=1e-12)
        order = np.argsort(c)
        mass = sum(abs((y - c)[part].sum()) for part in _mass_parts(order, 10)) / n
        assert value("ece_mass", sample) == pytest.approx(mass, abs=1e-12)
        ks = np.abs(np.cumsum((y - c)[order])).max() / n
        assert value("ks", sample) == pytest.approx(ks, abs=1e-12)
        risks = [(1 - y[order[::-1]][:k]).mean() for k in range(1, n + 1)]
        assert value("aurc", sample) == pytest.approx(np.mean(risks), abs=1e-12)


def _mass_parts(order: np.ndarray, bins: int) -> list[np.ndarray]:
    ends = [int(np.ceil(len(order) * b / bins)) for b in range(bins + 1)]
    return [order[a:b] for a, b in pairwise(ends)]


def test_ece_by_hand_on_edges_and_at_certainty():
    # Bins: .6 -> (.5, .6], .60..1 -> (.6, .7], 1.0 -> (.9, 1.0].
    sample = binary_sample(
        [0.6, 0.6, np.nextafter(0.6, 1), 1.0, 1.0], [True, False, True, True, False]
    )
    expected = (2 * abs(0.5 - 0.6) + 1 * abs(1 - 0.6) + 2 * abs(0.5 - 1.0)) / 5
    assert value("ece", sample) == pytest.approx(expected, abs=1e-12)


def test_torchmetrics_puts_an_edge_into_the_upper_bin_and_we_into_the_lower():
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    # .75 of four bins: alone with .8 on the right (left-closed), with .6 on the left (right-closed).
    confidence, correct = [0.6, 0.75, 0.8], [True, False, False]
    sample = binary_sample(confidence, correct)
    peer = functional.binary_calibration_error(
        torch.tensor(confidence, dtype=torch.float64), torch.tensor(correct).int(), n_bins=4
    )
    assert float(peer) == pytest.approx((0.4 + 0.75 + 0.8) / 3)
    assert value("ece", sample, bins=4) == pytest.approx((abs(1 - 1.35) + 0.8) / 3)


def test_overconfidence_is_mean_confidence_minus_accuracy(cases):
    for sample in cases[:20]:
        gap = value("mean_confidence", sample) - value("accuracy", sample)
        assert value("overconfidence", sample) == pytest.approx(gap, abs=1e-12)
        assert abs(gap) <= value("ks", sample) + 1e-12 <= value("ece", sample, 200) + 1


def test_auroc_without_any_error_is_undefined():
    assert np.isnan(value("auroc", binary_sample([0.6, 0.9], [True, True])))


@given(seed=st.integers(0, 10_000), options=st.integers(2, 5), size=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_order_of_examples_does_not_matter(seed, options, size):
    generator = np.random.default_rng(seed)
    # Coarse values make ties of confidence likely.
    scores = generator.integers(-2, 3, size=(size, options)).astype(float)
    labels = generator.integers(0, options, size)
    shuffle = generator.permutation(size)
    straight, shuffled = (
        sample_of(scores[rows], labels[rows], classes=True) for rows in (np.arange(size), shuffle)
    )
    for name in PREDICTION_METRICS.names():
        np.testing.assert_allclose(value(name, straight), value(name, shuffled), atol=1e-12)


@given(seed=st.integers(0, 10_000), size=st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_a_weight_of_two_is_the_example_twice(seed, size):
    generator = np.random.default_rng(seed)
    sample = random_sample(seed, size=size, options=3)
    weights = generator.integers(0, 4, size)
    if weights.sum() == 0:
        weights[0] = 1
    rows = np.repeat(np.arange(size), weights)
    doubled = sample_of(sample.log_probabilities[rows], sample.labels[rows], classes=True)
    for name, metric in PREDICTION_METRICS.all().items():
        if name == "ece_mass":  # keeps the bins of the sample itself
            continue
        weighted = metric.values(reweighted(sample, weights[None].astype(float)))[0]
        np.testing.assert_allclose(weighted, value(name, doubled), atol=1e-12)


def test_repetitions_of_weights_and_labels_are_independent_of_each_other():
    sample = random_sample(1, size=30, options=3)
    generator = np.random.default_rng(0)
    weights = generator.multinomial(30, np.full(30, 1 / 30), size=5).astype(float)
    labels = generator.integers(0, 3, size=(5, 30))
    for metric in PREDICTION_METRICS.all().values():
        together = metric.values(reweighted(sample, weights))
        alone = [metric.values(reweighted(sample, row[None]))[0] for row in weights]
        np.testing.assert_allclose(np.broadcast_to(together, 5), alone, atol=1e-12)
        together = np.broadcast_to(metric.values(relabelled(sample, labels)), 5)
        alone = [metric.values(relabelled(sample, row[None]))[0] for row in labels]
        np.testing.assert_allclose(together, alone, atol=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_ranges(seed):
    sample = random_sample(seed, size=25, options=3)
    assert 0 <= value("ece", sample) <= 1
    assert 0 <= value("ks", sample) <= 1
    assert 0 <= value("brier", sample) <= 2
    assert value("nll", sample) >= 0
    # Finer bins never lower ECE when they split the coarser ones (triangle inequality).
    assert value("ece", sample, 5) <= value("ece", sample, 10) + 1e-12
    assert value("ece", sample, 1) == pytest.approx(abs(value("overconfidence", sample)))


def test_ties_are_drawn():
    """Three options: the first two tie in half of the examples, all three in one; by hand."""
    scores = np.array(
        [[-1.0, -1.0, -3.0], [-1.0, -1.0, -3.0], [-2.0, -2.0, -2.0], [-3.0, -0.5, -1.0]]
    )
    found = value("accuracy_of_drawn_ties", sample_of(scores, np.array([0, 2, 1, 1])))
    assert found == pytest.approx((1 / 2 + 0 + 1 / 3 + 1) / 4)
    assert value("accuracy", sample_of(scores, np.array([0, 2, 1, 1]))) == pytest.approx(2 / 4)
    apart = random_sample(3)
    assert value("accuracy_of_drawn_ties", apart) == value("accuracy", apart)
