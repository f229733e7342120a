"""Matthews correlation and macro F1 against scikit-learn, by hand, and in tables."""

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, predictions_frame, random_sample
from sklearn.metrics import f1_score, matthews_corrcoef

from keepfaith.calibration.draws import once, relabelled, reweighted
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis

NAMES = ("matthews_correlation", "macro_f1")


def peer(name: str, labels: np.ndarray, prediction: np.ndarray) -> float:
    if name == "matthews_correlation":
        return float(matthews_corrcoef(labels, prediction))
    return float(f1_score(labels, prediction, average="macro"))


def value(name: str, sample: Sample) -> float:
    return float(PREDICTION_METRICS.load(name).values(once(sample))[0])


def case(seed: int) -> Sample:
    """Of 3 to 80 examples and 2 to 6 classes, often unbalanced; small ones lack classes, or have a single one."""
    generator = np.random.default_rng(seed)
    options = int(generator.integers(2, 7))
    size = int(generator.integers(3, 80))
    favoured = generator.normal(size=options) * generator.uniform(0, 3)
    labels = (favoured + generator.gumbel(size=(size, options))).argmax(axis=1)
    scores = favoured + generator.normal(size=(size, options))
    scores[np.arange(size), labels] += generator.uniform(0, 2)
    return sample_of(scores, labels, classes=True)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of a single class
@pytest.mark.parametrize("name", NAMES)
def test_200_cases_equal_scikit_learn(name: str) -> None:
    cases = [case(seed) for seed in range(200)]
    assert min(len(np.unique(each.labels)) for each in cases) == 1
    for each in cases:
        assert value(name, each) == pytest.approx(peer(name, each.labels, each.prediction), abs=1e-12)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_resamples_and_other_labels_equal_scikit_learn(name: str) -> None:
    sample = random_sample(3, size=40, options=4)
    generator = np.random.default_rng(0)
    metric = PREDICTION_METRICS.load(name)
    counts = generator.multinomial(40, np.full(40, 1 / 40), size=50)
    rows = [np.repeat(np.arange(40), each) for each in counts]
    expected = [peer(name, sample.labels[each], sample.prediction[each]) for each in rows]
    found = metric.values(reweighted(sample, counts.astype(float)))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    labels = generator.integers(0, 4, size=(50, 40))
    expected = [peer(name, each, sample.prediction) for each in labels]
    np.testing.assert_allclose(metric.values(relabelled(sample, labels)), expected, atol=1e-12)


def test_by_hand() -> None:
    """Labels 0 0 0 1, predictions 0 0 1 1: two hits of class 0, one of class 1, one label 0 taken for 1."""
    scores = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    sample = sample_of(scores, np.array([0, 0, 0, 1]), classes=True)
    assert value("macro_f1", sample) == pytest.approx((4 / 5 + 2 / 3) / 2)
    # (1 * 2 - 1 * 0) / sqrt(2 * 1 * 3 * 2)
    assert value("matthews_correlation", sample) == pytest.approx(2 / np.sqrt(12))


def test_a_constant_prediction_has_the_correlation_0() -> None:
    sample = sample_of(np.array([[1.0, 0]] * 4), np.array([0, 0, 0, 1]), classes=True)
    assert value("matthews_correlation", sample) == 0
    assert value("macro_f1", sample) == pytest.approx((6 / 7 + 0) / 2)


def metrics(examples: pl.DataFrame) -> pl.DataFrame:
    generator = np.random.default_rng(5)
    levels = {level: generator.normal(size=(len(examples), 3)).tolist() for level in (0, 2)}
    levels[0] = [
        (np.array(row) + 2 * np.eye(3)[label]).tolist()
        for row, label in zip(levels[0], examples["label"], strict=True)
    ]
    analysis = Analysis(null_repetitions=50, repetitions=500)
    return compute_metrics(
        predictions_frame(levels), examples, [], [], group_examples(examples), analysis
    )


def test_rows_of_a_task_with_fixed_choices_have_intervals_and_changes() -> None:
    generator = np.random.default_rng(4)
    labels = generator.choice(3, size=120, p=[0.8, 0.15, 0.05]).tolist()
    table = metrics(examples_frame(labels, [3] * 120))
    for name in NAMES:
        dense, pruned = table.filter(metric=name).sort("level").iter_rows(named=True)
        assert dense["family"] == "accuracy" and dense["examples"] == 120
        assert dense["low"] < dense["value"] < dense["high"]
        assert pruned["change"] == pytest.approx(pruned["value"] - dense["value"], abs=1e-6)
        assert pruned["change_low"] < pruned["change"] < pruned["change_high"] < 0
        assert pruned["p_value"] < 0.05


def test_choices_of_their_own_have_no_classes() -> None:
    """Null where one example has other choices, or the same ones in another order."""
    examples = examples_frame([0, 1, 2] * 10, [3] * 30)
    options = examples["options"].to_list()
    for other in ([" option 0", " option 2", " option 1"], [" a", " b", " c"]):
        changed = examples.with_columns(options=pl.Series([other, *options[1:]]))
        rows = metrics(changed).filter(pl.col("metric").is_in(NAMES))
        assert len(rows) == 4
        assert rows["value"].null_count() == rows["low"].null_count() == 4
    assert metrics(examples).filter(metric="macro_f1")["value"].null_count() == 0
