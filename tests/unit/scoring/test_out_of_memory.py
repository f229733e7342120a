"""Memory that runs out at random points, in the middle of a pass: the tables are the same."""

from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest
import torch

from keepfaith.attribution.explain import explain
from keepfaith.faithfulness.measure import measure
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer

LEVELS = [0, 1, 3]
SETTINGS = {"kernelshap": {}, "integrated_gradients": {"steps": 4}}
EXAMPLES = pl.DataFrame(
    {
        "example_id": [str(number) for number in range(6)],
        "prompt": [
            f"The film was {word}, but the story was moving.\nQuestion: positive or negative?\nAnswer:"
            for word in ("not good", "dull", "wonderful", "boring", "never funny", "predictable")
        ],
        "options": [[" yes", " no"], [" positive", " negative", " the old city"]] * 3,
    }
)


@contextmanager
def running_out(model, seed):
    """Every third batch of several rows fails at a layer drawn at random; yields the failures so far."""
    generator = np.random.default_rng(seed)
    state = {"failing": None, "failures": 0}

    def before_batch(_, args, kwargs):
        fed = kwargs.get("input_ids", kwargs.get("inputs_embeds"))
        fails = len(fed) > 1 and generator.random() < 1 / 3
        state["failing"] = int(generator.integers(len(model.sites))) if fails else None

    def before_layer(index):
        def hook(*_):
            if state["failing"] == index:
                state["failures"] += 1
                raise torch.OutOfMemoryError("made up")

        return hook

    handles = [model.model.register_forward_pre_hook(before_batch, with_kwargs=True)]
    for site in model.sites:
        handles.append(site.layer.mlp.register_forward_pre_hook(before_layer(site.index)))
    try:
        yield state
    finally:
        for handle in handles:
            handle.remove()


def tables(scorer, encoder, method, predictions=None):
    """Predictions, explanations and faithfulness of one method."""
    predicted = predict(scorer, encoder, EXAMPLES, LEVELS)
    # The same targets, so that the tables can be compared.
    known = predicted if predictions is None else predictions
    settings = METHODS.load(method).settings(**SETTINGS[method])
    explained = explain(method, settings, 0, scorer, encoder, EXAMPLES, LEVELS, known)
    measured = measure(
        scorer, encoder, EXAMPLES, explained, predicted, LEVELS, [0.1, 0.4], ["delete"]
    )
    return predicted, explained, measured


@pytest.mark.parametrize("method", ["kernelshap", "integrated_gradients"])
@pytest.mark.parametrize("seed", range(3))
def test_the_tables_are_the_same(scorer, encoder, method, seed):
    expected = tables(OptionScorer(scorer.model, scorer.order, 4096), encoder, method)
    starved = OptionScorer(scorer.model, scorer.order, 4096)
    with running_out(scorer.model, seed) as state:
        found = tables(starved, encoder, method, expected[0])
    assert state["failures"] >= 3
    assert starved.budget_used < 4096
    for table, reference in zip(found, expected, strict=True):
        assert table.schema == reference.schema and len(table) == len(reference)
        for column in table.columns:
            if table.schema[column] == pl.Float64:
                # Kernel regressions magnify the rounding of their inputs.
                allowed = 2e-3 if column == "score" and method == "kernelshap" else 2e-5
                np.testing.assert_allclose(
                    table[column].to_numpy(),
                    reference[column].to_numpy(),
                    rtol=1e-5,
                    atol=allowed,
                    err_msg=column,
                )
            else:
                assert table[column].equals(reference[column]), column
