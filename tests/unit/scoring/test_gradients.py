"""Gradients of weighted sums of log-likelihoods against autograd on one plain sequence per option, in float64."""

import numpy as np
import pytest
import torch
from zoo import VOCABULARY, tiny_model

from keepfaith.models.relevance import relevance_rules
from keepfaith.models.relevance_types import SUPPORTED
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.inputs import GradientInput, ScoringInput
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.pool import ScoringError
from keepfaith.scoring.scorer import OptionScorer

ORDER = (2, 0, 3, 1)
CLOSE = {"rtol": 1e-9, "atol": 1e-10}


@pytest.fixture(scope="module")
def prunable():
    # Its norms compute in float64 too.
    return PrunableModel(tiny_model("gpt2", dtype=torch.float64))


@pytest.fixture(scope="module", params=[True, False], ids=["packed", "unpacked"])
def scorer(request, prunable):
    return OptionScorer(prunable, ORDER, 60, Packing(request.param))


def made(options, seed=0, count=4):
    """Inputs whose options have one to four tokens, and weights that leave some out."""
    rng = np.random.default_rng(seed)

    def ids(length):
        return tuple(rng.integers(3, VOCABULARY, length).tolist())

    found = []
    for number in range(count):
        prompt = ids(int(rng.integers(2, 9)))
        weights = np.zeros(options)
        weights[number % options], weights[(number + 1) % options] = 1.0, -1.0
        found.append(
            GradientInput(
                prompt,
                tuple(ids(int(length)) for length in 1 + (np.arange(options) + number) % 4),
                tuple(weights.tolist()),
                ids(len(prompt)) if number % 2 else None,
                0.4 if number % 2 else 1.0,
            )
        )
    return found


def point(prunable, item):
    embed = prunable.model.get_input_embeddings()
    whole = embed(torch.tensor(item.prompt_ids)).detach()
    baseline = torch.zeros_like(whole)
    if item.baseline_ids is not None:
        baseline = embed(torch.tensor(item.baseline_ids)).detach()
    return baseline + item.share * (whole - baseline), whole - baseline


def log_likelihood(model, prompt, option):
    """Of an option after a prompt given as embeddings, [tokens, hidden]."""
    tail = model.get_input_embeddings()(torch.tensor(option, dtype=torch.long)).detach()
    logits = model(inputs_embeds=torch.cat([prompt, tail])[None], use_cache=False).logits[0]
    rows = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return rows[torch.arange(len(option)), torch.tensor(option)].sum()


def gradient(prunable, item, level):
    leaf, difference = point(prunable, item)
    leaf.requires_grad_()
    with prunable.at_level(ORDER, level) as model, torch.enable_grad():
        total = sum(
            weight * log_likelihood(model, leaf, option)
            for option, weight in zip(item.option_ids, item.weights, strict=True)
        )
        (found,) = torch.autograd.grad(total, leaf)
    return found, difference


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("options", [2, 4])
def test_effects_and_norms_are_those_of_the_weighted_sum(options, level, scorer, prunable):
    inputs = made(options)
    effects = scorer.embedding_effects(inputs, level)
    norms = scorer.gradient_norms(inputs, level)
    for item, effect, norm in zip(inputs, effects, norms, strict=True):
        expected, difference = gradient(prunable, item, level)
        np.testing.assert_allclose(effect, (expected * difference).sum(-1), **CLOSE)
        np.testing.assert_allclose(norm, expected.norm(dim=-1), **CLOSE)


@pytest.mark.parametrize("options", [2, 4])
def test_log_likelihoods_at_a_point_are_those_of_all_options(options, scorer, prunable):
    inputs = made(options, seed=1)
    found = scorer.log_likelihoods_at(inputs, 2)
    for item, values in zip(inputs, found, strict=True):
        place, _ = point(prunable, item)
        with prunable.at_level(ORDER, 2) as model, torch.no_grad():
            expected = [float(log_likelihood(model, place, option)) for option in item.option_ids]
        np.testing.assert_allclose(values, expected, **CLOSE)


def test_the_prompt_itself_is_scored_as_ever(scorer):
    inputs = made(3)[::2]
    asked = [ScoringInput(item.prompt_ids, item.option_ids) for item in inputs]
    for at_point, plain in zip(
        scorer.log_likelihoods_at(inputs, 1), scorer.log_likelihoods(asked, [1]), strict=True
    ):
        np.testing.assert_allclose(at_point, plain[0], **CLOSE)


def test_effects_of_the_options_tokens_come_last(scorer, prunable):
    """Of all embeddings that are fed; the last token of an option is not."""
    inputs = made(3)[::2]
    found = scorer.embedding_effects(inputs, 0, with_options=True)
    for item, effects in zip(inputs, found, strict=True):
        embed, total = prunable.model.get_input_embeddings(), 0.0
        for option, weight in zip(item.option_ids, item.weights, strict=True):
            fed = embed(torch.tensor([item.prompt_ids + option[:-1]])).detach().requires_grad_()
            rows = prunable.model(inputs_embeds=fed, use_cache=False).logits[0].log_softmax(-1)
            read = rows[len(item.prompt_ids) - 1 :][torch.arange(len(option)), torch.tensor(option)]
            (of_option,) = torch.autograd.grad(weight * read.sum(), fed)
            total += float((of_option * fed).sum().detach())
        assert len(effects) == len(item.prompt_ids) + 1
        assert effects.sum() == pytest.approx(total, rel=1e-9, abs=1e-10)
        plain = scorer.embedding_effects([item], 0)[0]
        np.testing.assert_allclose(effects[:-1], plain, **CLOSE)


def test_equal_options_add_their_weights(scorer):
    one = GradientInput((5, 6, 7), ((8, 9),), (2.5,))
    two = GradientInput((5, 6, 7), ((8, 9), (8, 9)), (2.0, 0.5))
    for first, second in zip(
        scorer.embedding_effects([one], 1), scorer.embedding_effects([two], 1), strict=True
    ):
        np.testing.assert_allclose(first, second, **CLOSE)
    (same, again) = scorer.log_likelihoods_at([two], 1)[0]
    assert same == again


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        (GradientInput((), ((8,),), (1.0,)), ScoringError, "input 0 has an empty prompt or choice"),
        (GradientInput((5,), ((),), (1.0,)), ScoringError, "input 0 has an empty prompt or choice"),
        (GradientInput((5,), ((8,),), (0.0,)), ValueError, "input 0 weighs none of its choices"),
        (GradientInput((5,), ((8,), (9,)), (1.0,)), ValueError, "shorter"),
    ],
)
def test_what_cannot_be_differentiated_is_refused(item, error, message, scorer):
    with pytest.raises(error, match=message):
        scorer.embedding_effects([item], 0)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_rows_may_branch_under_the_rules_of_relevance(kind):
    """Each architecture makes its own masks for rows that do not branch."""
    model = PrunableModel(tiny_model({"gemma3_text": "gemma3"}.get(kind, kind)))
    inputs = made(4)[::2]
    with relevance_rules(model):
        packed, plain = (
            OptionScorer(model, ORDER, 200, Packing(possible)).embedding_effects(
                inputs, 1, with_options=True
            )
            for possible in (True, False)
        )
    for one, other in zip(packed, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_relevance_in_bfloat16_is_near_that_in_float32(kind):
    inputs = made(2)[::2]
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        model = PrunableModel(tiny_model(kind, dtype=dtype))
        with relevance_rules(model):
            found.append(OptionScorer(model, ORDER, 200).embedding_effects(inputs, 1))
    for one, other in zip(*found, strict=True):
        assert np.abs(one - other).max() < 0.2 * np.abs(one).max()
