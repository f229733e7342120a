"""Probabilities of options and the predicted option: arrays and tables agree, ties go to the lowest index."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as peer

from keepfaith.artifacts.predictions import (
    log_softmax,
    predicted_option,
    predicted_options,
    softmax,
)

LOGS = st.lists(st.lists(st.floats(-60, 0), min_size=3, max_size=3), min_size=1, max_size=5)


@given(LOGS)
def test_probabilities_are_those_of_scipy(rows):
    values = np.array(rows)
    np.testing.assert_allclose(softmax(values), peer(values, axis=-1), atol=1e-12)
    np.testing.assert_allclose(np.exp(log_softmax(values[0])), softmax(values)[0], atol=1e-12)


def test_padded_options_have_no_probability():
    found = softmax(np.array([[-1.0, -1.0, -np.inf], [-900.0, -900.0, -900.0]]))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0], [1 / 3] * 3])


def test_what_softmax_rounds_to_a_tie_is_none():
    close = np.array([-1e-17, 0.0])
    assert softmax(close)[0] == softmax(close)[1]
    assert predicted_option(close) == 1


@given(
    st.lists(
        st.lists(st.sampled_from([-1.0, -2.0]), min_size=3, max_size=3), min_size=1, max_size=5
    )
)
def test_arrays_and_tables_predict_the_same(rows):
    table = pl.DataFrame(
        [
            (0, f"e{example}", option, value)
            for example, of_example in enumerate(rows)
            for option, value in enumerate(of_example)
        ],
        schema=["level", "example_id", "option", "log_likelihood"],
        orient="row",
    ).sample(fraction=1, shuffle=True, seed=0)
    found = predicted_options(table)["target"].to_list()
    assert found == predicted_option(np.array(rows)).tolist()
    assert found == [of_example.index(max(of_example)) for of_example in rows]
