import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.statistics.multiple import holm


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.5, 0.9])), [1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_rejections_are_those_of_the_step_down_rule(p_values, alpha):
    found = holm(np.array(p_values))
    rejected = np.zeros(len(p_values), dtype=bool)
    for step, place in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[place] * (len(p_values) - step) > alpha:
            break
        rejected[place] = True
    np.testing.assert_array_equal(found <= alpha, rejected)
    assert np.all(found >= np.array(p_values))
