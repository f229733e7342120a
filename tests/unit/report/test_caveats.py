"""A verdict about a model that knows nothing comes with a warning."""

import polars as pl
import pytest
from figures import synthetic

from keepfaith.report.caveats import caveats


def with_dense(metric: str, **columns: float | int):
    """Tables of a sound unit of 200 explained examples, with one metric's dense row changed."""
    tables = synthetic.unit()
    chosen = (pl.col("metric") == metric) & (pl.col("level") == 0)
    changed = tables.metrics.with_columns(
        pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in columns.items()
    )
    object.__setattr__(tables, "metrics", changed)
    return tables


def test_a_sound_unit_needs_none():
    assert caveats(synthetic.unit()) == []
    assert caveats(synthetic.unit(methods=())) == []


@pytest.mark.parametrize(("low", "warned"), [(0.51, False), (0.5, True), (0.42, True)])
def test_accuracy_at_guessing(low, warned):
    found = caveats(with_dense("accuracy", low=low))
    assert any("guessing" in sentence for sentence in found) == warned


def test_explanations_no_better_than_random_scores():
    (sentence,) = caveats(with_dense("comprehensiveness_study", reference_high=0.22))
    assert "LIME" in sentence and "KernelSHAP" not in sentence


def test_few_examples():
    (sentence,) = caveats(with_dense("comprehensiveness_study", examples=16))
    assert sentence.startswith("Only 16 examples")
