import numpy as np
import pytest
from made_predictions import examples_frame, predictions_frame

from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import predicted
from keepfaith.calibration.reliability import reliability
from keepfaith.plugins.metric import PREDICTION_METRICS


@pytest.fixture
def tables():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(2, 80, 3)) * 2
    return predictions_frame(dict(enumerate(values.tolist()))), examples_frame(
        generator.integers(0, 3, 80).tolist(), [3] * 80
    )


def test_bins_add_up_to_the_sample_and_to_ece(tables):
    table = reliability(*tables)
    samples = predicted(*tables).levels
    assert table.height == 20
    for level, sample in samples.items():
        rows = table.filter(level=level)
        assert rows["count"].sum() == 80
        filled = rows.drop_nulls()
        gaps = (filled["accuracy"] - filled["confidence"]).abs() * filled["count"] / 80
        assert gaps.sum() == pytest.approx(PREDICTION_METRICS.load("ece").values(once(sample))[0])
        assert rows["lower"].to_list() == [b / 10 for b in range(10)]
        assert rows["bin"].to_list() == list(range(10))


def test_an_empty_bin_has_no_confidence_and_no_accuracy(tables):
    empty = reliability(*tables).filter(count=0)
    assert empty.height > 0  # three options: no confidence below 1/3
    assert empty["confidence"].null_count() == empty["accuracy"].null_count() == empty.height


def test_confidences_lie_inside_their_bin(tables):
    table = reliability(*tables, bins=7).drop_nulls()
    assert (table["confidence"] > table["lower"]).all()
    assert (table["confidence"] <= table["upper"]).all()
