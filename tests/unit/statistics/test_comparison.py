import numpy as np
import pytest

from keepfaith.statistics.comparison import Comparison, Numbers
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(repetitions=2000, seed=1)


def test_means_changes_and_tests_per_level():
    generator = np.random.default_rng(0)
    dense = generator.random(200)
    values = np.stack([dense, dense - 0.1 + 0.05 * generator.normal(size=200), dense], axis=1)
    level_0, level_1, level_2 = Comparison([0, 1, 2], np.arange(200), ANALYSIS).of_means(values)
    assert level_0.value == pytest.approx(dense.mean())
    assert (level_0.change, level_0.change_low, level_0.p_value) == (0.0, None, None)
    assert level_1.change == pytest.approx(values[:, 1].mean() - dense.mean())
    assert level_1.change_low < level_1.change < level_1.change_high < 0
    assert level_1.p_value < 0.001
    assert (level_2.change, level_2.change_low, level_2.change_high, level_2.p_value) == (
        0,
        0,
        0,
        1,
    )


def test_pairing_removes_what_the_levels_share():
    generator = np.random.default_rng(0)
    dense = 10 * generator.random(200)
    pruned = dense + 0.1
    _, found = Comparison([0, 4], np.arange(200), ANALYSIS).of_means(np.stack([dense, pruned], 1))
    assert found.high - found.low > 0.5
    assert found.change_high - found.change_low < 1e-9


def test_without_the_dense_level_there_is_no_change():
    found = Comparison([1, 2], np.arange(5), ANALYSIS).of_means(np.ones((5, 2)))
    assert all(row.change is None and row.value == 1.0 for row in found)


def test_undefined_numbers_become_null():
    assert Numbers(value=np.nan, low=1.0).row()["value"] is None
    assert Numbers(value=np.nan, low=1.0).row()["low"] == 1.0
