"""LIME and KernelSHAP against Captum's own LLMAttribution, masks, values and regression included."""

from functools import cache

import numpy as np
import polars as pl
import pytest
import torch
from captum.attr import KernelShap, Lime, LLMAttribution, TextTokenInput
from captum.attr._core.lime import get_exp_kernel_similarity_function

from keepfaith.attribution.explain import explain
from keepfaith.attribution.methods import kernelshap, lime
from keepfaith.attribution.perturbation import SamplingSettings
from keepfaith.attribution.problem import ExplainedValue

PROMPT = "The acting was not good, but moving.\nAnswer:"
OPTIONS = [" negative", " the old city of"]


PEERS = {"lime": Lime, "kernelshap": KernelShap}
MASKS = {"lime": lime.bernoulli_masks, "kernelshap": kernelshap.shapley_masks}
FITS = {"lime": lime.fit_lasso, "kernelshap": kernelshap.fit_least_squares}
SEED = 1


@pytest.fixture(scope="module", params=["lime", "kernelshap"])
def method(request):
    return request.param


def predictions(target, levels):
    rows = [
        (level, "a", option, 0.0 if option == target else -1.0, 1)
        for level in levels
        for option in range(len(OPTIONS))
    ]
    names = ["level", "example_id", "option", "log_likelihood", "tokens"]
    return pl.DataFrame(rows, schema=names, orient="row")


EXAMPLES = pl.DataFrame({"example_id": ["a"], "prompt": [PROMPT], "options": [OPTIONS]})


@cache
def captum_run(name, scorer, encoder, encoded, target, level):
    """Captum's scores, and the masks and values that its regression was fitted to."""
    model, tokenizer = scorer.model.model, encoder.tokenizer
    explainer = PEERS[name](model)
    attribution = LLMAttribution(explainer, tokenizer)
    special = list(encoded.prompt_ids[: encoded.special])
    text = TextTokenInput(PROMPT, tokenizer, skip_tokens=special or None)
    seen = {}
    fit = attribution.attr_method.interpretable_model.fit

    def spy(loader):
        seen["masks"], seen["values"], seen["weights"] = (t.numpy() for t in loader.dataset.tensors)
        return fit(loader)

    attribution.attr_method.interpretable_model.fit = spy
    torch.manual_seed(SEED)
    with scorer.model.at_level(scorer.order, level):
        result = attribution.attribute(
            text,
            target=torch.tensor(encoded.option_ids[target]),
            n_samples=3 * text.n_itp_features,
            # The default, cached path is wrong from the second target token on with transformers 5.
            use_cached_outputs=False,
        )
    return result.seq_attr.numpy(), seen


@pytest.mark.parametrize("target", [0, 1], ids=["short", "long"])
def test_scores_equal_captums(method, target, scorer, encoder):
    levels = [0, 2]
    encoded = encoder.encode(PROMPT, OPTIONS)
    table = explain(
        method,
        SamplingSettings(),
        SEED,
        scorer,
        encoder,
        EXAMPLES,
        levels,
        predictions(target, levels),
        explained=ExplainedValue("log_probability", "study"),
    )
    for level in levels:
        expected, seen = captum_run(method, scorer, encoder, encoded, target, level)
        masks = MASKS[method](len(expected), 3 * len(expected), SEED)
        np.testing.assert_array_equal(masks, seen["masks"].astype(bool))
        ours = table.filter(level=level).sort("feature")["score"].to_numpy()
        assert np.abs(expected).max() > 0.02
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_option_lengths_cover_one_and_several_tokens(encoder):
    lengths = [len(ids) for ids in encoder.encode(PROMPT, OPTIONS).option_ids]
    assert lengths[0] == 1 and lengths[1] >= 4


def test_regression_on_captums_own_masks_and_values(method, scorer, encoder):
    encoded = encoder.encode(PROMPT, OPTIONS)
    expected, seen = captum_run(method, scorer, encoder, encoded, 1, 0)
    ours = FITS[method](seen["masks"].astype(bool), seen["values"][None])[0]
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    if method == "lime":
        np.testing.assert_allclose(
            lime.cosine_weights(seen["masks"].astype(bool)), seen["weights"], atol=1e-6
        )


@pytest.mark.parametrize("features", [2, 3, 17, 60])
def test_masks_are_captums_for_any_length(method, features):
    seen = []

    def value(mask):
        seen.append(mask.numpy()[0].astype(bool))
        return torch.tensor([float(mask.sum())])

    torch.manual_seed(7)
    PEERS[method](value).attribute(torch.ones(1, features), n_samples=3 * features)
    np.testing.assert_array_equal(MASKS[method](features, 3 * features, 7), np.stack(seen))


def test_lime_weights_are_captums():
    kernel = get_exp_kernel_similarity_function()
    masks = np.random.default_rng(0).random((20, 9)) < 0.5
    masks[0], masks[1] = False, True
    ones = torch.ones(1, 9)
    expected = [kernel(ones, torch.tensor(mask)[None].float(), None) for mask in masks]
    np.testing.assert_allclose(lime.cosine_weights(masks), expected, atol=1e-6)


def test_drawing_masks_leaves_the_global_stream_alone(method):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    MASKS[method](10, 30, 5)
    assert torch.equal(before, torch.get_rng_state())
