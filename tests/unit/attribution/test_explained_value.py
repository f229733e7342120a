"""Attribution methods explain the margin: rankings that flat probabilities cannot change, and effects that add up."""

import numpy as np
import pytest
import torch
from relevance_by_hand import by_hand
from small_models import tiny_llama

from keepfaith.attribution.gradients import at_prompts
from keepfaith.attribution.methods import lime
from keepfaith.attribution.methods.integrated_gradients import PathSettings
from keepfaith.attribution.problem import Problem
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.removed_token import removed_token
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.scoring.values import margins

ORDER, LEVELS = (2, 0, 3, 1), [0, 1, 3, 4]
NAMES = [name for name in METHODS.names() if METHODS.load(name).role == "method"]
TEXT = "The film was not good, but the acting was wonderful.\nAnswer:"
ONE_TOKEN = [" positive", " negative", " yes"]
SEVERAL = [" the old city of", " good", " Paris", " green key"]

NORMS = 1e-5
"""Llama's norms compute in float32 even in a float64 model."""


def scorer_of(tokenizer, packing=None, factor=1.0):
    """In float64, with the final norm times a factor: all logits times this factor."""
    model = tiny_llama(len(tokenizer)).double()
    with torch.no_grad():
        model.model.norm.weight *= factor
    return OptionScorer(PrunableModel(model), ORDER, 2048, packing)


@pytest.fixture(scope="module")
def exact(tokenizer):
    return scorer_of(tokenizer)


def problem(scorer, encoder, options, explains="margin"):
    """Every level explains the option that it predicts."""
    encoded = encoder.encode(TEXT, options)
    asked = ScoringInput(encoded.prompt_ids, encoded.option_ids)
    (found,) = scorer.log_likelihoods([asked], LEVELS)
    targets = tuple(found.argmax(axis=1).tolist())
    return Problem("a", encoded, targets, explains, removed_token(encoder.tokenizer))


def scores(name, item, scorer, seed=0):
    method = METHODS.load(name)
    (found,) = method.scores([item], LEVELS, scorer, method.settings(), seed)
    return found


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("options", [ONE_TOKEN[:2], ONE_TOKEN], ids=["two", "three"])
@pytest.mark.parametrize("name", NAMES)
def test_a_temperature_changes_no_ranking(name, options, factor, exact, tokenizer, encoder):
    """Dividing all logits by a temperature divides the margin by it, and every score."""
    tempered = scorer_of(tokenizer, factor=factor)
    item, same = (problem(scorer, encoder, options) for scorer in (exact, tempered))
    assert item == same and all(len(ids) == 1 for ids in item.encoded.option_ids)
    expected, found = scores(name, item, exact), scores(name, item, tempered)
    largest = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(found / factor / largest, expected / largest, atol=1e-5)
    # At the last level, without attention, only the last token counts; the others' scores are 0 up to rounding.
    ranks, before = (np.argsort(-of_levels[:-1], kind="stable") for of_levels in (found, expected))
    np.testing.assert_array_equal(ranks, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_temperature_changes_log_probabilities(name, exact, tokenizer, encoder):
    """Otherwise the test above would say nothing: the normaliser runs over the vocabulary."""
    tempered = scorer_of(tokenizer, factor=0.5)
    item = problem(exact, encoder, ONE_TOKEN, "log_probability")
    expected, found = scores(name, item, exact), scores(name, item, tempered)
    assert (np.argsort(-found[:-1]) != np.argsort(-expected[:-1])).any()


def margin_gradient(scorer, item, index):
    """By autograd on one plain sequence per option: gradient by the prompt's embeddings, and these."""
    embed = scorer.model.model.get_input_embeddings()
    prompt = item.encoded.prompt_ids
    leaf = embed(torch.tensor(prompt)).detach().requires_grad_()
    with scorer.model.at_level(ORDER, LEVELS[index]) as model, torch.enable_grad():
        values = []
        for option in item.encoded.option_ids:
            tail = embed(torch.tensor(option)).detach()
            logits = model(inputs_embeds=torch.cat([leaf, tail])[None], use_cache=False).logits[0]
            rows = logits.log_softmax(-1)[len(prompt) - 1 : -1]
            values.append(rows[torch.arange(len(option)), torch.tensor(option)].sum())
        target = item.targets[index]
        others = torch.stack([value for n, value in enumerate(values) if n != target])
        (found,) = torch.autograd.grad(values[target] - others.max(), leaf)
    return found.numpy(), leaf.detach().numpy()


@pytest.mark.parametrize("packing", [None, Packing(False)], ids=["packed", "unpacked"])
@pytest.mark.parametrize("options", [SEVERAL[::3], SEVERAL], ids=["two", "four"])
@pytest.mark.parametrize("name", ["input_x_gradient", "gradient_norm"])
def test_gradients_are_those_of_the_margin(name, options, packing, tokenizer, encoder):
    scorer = scorer_of(tokenizer, packing)
    item = problem(scorer, encoder, options)
    assert max(map(len, item.encoded.option_ids)) > 3
    found = scores(name, item, scorer)
    for index in range(len(LEVELS)):
        gradient, embeddings = margin_gradient(scorer, item, index)
        expected = (
            (gradient * embeddings).sum(-1)
            if name == "input_x_gradient"
            else np.linalg.norm(gradient, axis=-1)
        )
        np.testing.assert_allclose(
            found[index], expected[list(item.encoded.features)], rtol=NORMS, atol=NORMS
        )


def test_the_best_other_option_depends_on_the_level(exact, encoder):
    """Without this, the tests above would not notice the wrong one."""
    item = problem(exact, encoder, SEVERAL)
    chosen = {inputs[0].weights.index(-1.0) for inputs in at_prompts([item], LEVELS, exact)}
    assert len(chosen) > 1


@pytest.mark.parametrize(
    ("options", "error"), [(SEVERAL[::3], 0.02), (SEVERAL, 0.05)], ids=["two", "four"]
)
def test_integrated_gradients_add_up_to_the_margin(options, error, exact, encoder, caplog):
    """Slower with several others: where another one becomes the best, the gradient jumps."""
    item = problem(exact, encoder, options)
    nothing = list(item.encoded.prompt_ids)
    for position in item.encoded.features:
        nothing[position] = item.removed_token
    asked = [
        ScoringInput(ids, item.encoded.option_ids)
        for ids in (item.encoded.prompt_ids, tuple(nothing))
    ]
    answers = exact.log_likelihoods(asked, LEVELS)
    effects = [
        margins(answers[0][index], target) - margins(answers[1][index], target)
        for index, target in enumerate(item.targets)
    ]
    deltas = []
    for steps in (2, 300):
        with caplog.at_level("INFO", "keepfaith.attribution"):
            (found,) = METHODS.load("integrated_gradients").scores(
                [item], LEVELS, exact, PathSettings(steps=steps), 0
            )
        deltas.append(np.abs(found.sum(axis=1) - effects).max())
    assert deltas[1] < error and deltas[0] > 1
    assert f"largest {deltas[0]:.2g} nats" in caplog.messages[0]


def test_kernelshap_adds_up_to_the_margin(exact, encoder):
    """The full and the empty subset weigh so much that the regression goes through them."""
    item = problem(exact, encoder, SEVERAL)
    found = scores("kernelshap", item, exact)
    nothing = list(item.encoded.prompt_ids)
    for position in item.encoded.features:
        nothing[position] = item.removed_token
    asked = [
        ScoringInput(ids, item.encoded.option_ids)
        for ids in (item.encoded.prompt_ids, tuple(nothing))
    ]
    whole, empty = exact.log_likelihoods(asked, LEVELS)
    for index, target in enumerate(item.targets):
        effect = margins(whole[index], target) - margins(empty[index], target)
        assert found[index].sum() == pytest.approx(effect, abs=1e-3)


def test_lime_scores_grow_with_the_values():
    rng = np.random.default_rng(0)
    masks = lime.bernoulli_masks(9, 40, 0)
    values = masks @ rng.normal(size=(9, 3)) + rng.normal(size=(40, 3)) / 10
    expected = lime.fit_standardised_lasso(masks, values.T)
    assert (expected != 0).sum() > 9
    for factor in (10.0, 1e-4):
        found = lime.fit_standardised_lasso(masks, factor * values.T)
        np.testing.assert_allclose(found, factor * expected, rtol=1e-6)
    shifted = lime.fit_standardised_lasso(masks, values.T + 5)
    np.testing.assert_allclose(shifted, expected, rtol=1e-6)


def test_lime_on_standardised_values_by_its_optimality():
    """Subgradients of the weighted Lasso on values of weighted deviation 1, without another solver."""
    rng = np.random.default_rng(1)
    masks = lime.bernoulli_masks(7, 60, 2)
    values = 30 * (masks @ np.array([1.0, 0, -0.5, 0, 0.2, 0, 0])) + rng.normal(size=60)
    (scores,) = lime.fit_standardised_lasso(masks, values[None])
    weights = lime.cosine_weights(masks)
    weights /= weights.sum()
    design = masks - weights @ masks
    centred = values - weights @ values
    deviation = np.sqrt(weights @ centred**2)
    pull = design.T @ (weights * (centred - design @ scores)) / deviation
    chosen = scores != 0
    assert 0 < chosen.sum() < 7
    np.testing.assert_allclose(pull[chosen], lime.ALPHA * np.sign(scores[chosen]), atol=1e-5)
    assert (np.abs(pull[~chosen]) <= lime.ALPHA + 1e-9).all()


def test_lime_finds_nothing_in_equal_values():
    masks = lime.bernoulli_masks(5, 20, 0)
    values = np.stack([np.full(20, -1.7), np.arange(20.0)])
    found = lime.fit_standardised_lasso(masks, values)
    assert (found[0] == 0).all() and (found[1] != 0).any()


def test_relevance_is_that_of_the_rules_by_hand(exact, encoder):
    item = problem(exact, encoder, ONE_TOKEN)
    found = scores("attnlrp", item, exact)
    (target,) = item.encoded.option_ids[item.targets[0]]
    (inputs,) = at_prompts([item], [0], exact)[0:1]
    (other,) = item.encoded.option_ids[inputs[0].weights.index(-1.0)]
    ids = torch.tensor([item.encoded.prompt_ids])
    expected = by_hand(exact.model.model, ids, target, other).numpy()
    np.testing.assert_allclose(found[0], expected[list(item.encoded.features)], rtol=1e-6)


def test_relevance_does_not_depend_on_packing(tokenizer, encoder):
    packed, plain = scorer_of(tokenizer), scorer_of(tokenizer, Packing(False))
    item = problem(packed, encoder, SEVERAL)
    np.testing.assert_allclose(
        scores("attnlrp", item, packed), scores("attnlrp", item, plain), rtol=NORMS, atol=NORMS
    )


def test_relevance_is_conserved_without_attention_and_its_gap_is_logged(exact, encoder, caplog):
    """Only softmax loses relevance of one-token choices; the last level has no attention."""
    item = problem(exact, encoder, ONE_TOKEN)
    with caplog.at_level("INFO", "keepfaith.attribution"):
        scores("attnlrp", item, exact)
    (of_inputs,) = exact.log_likelihoods(
        [ScoringInput(item.encoded.prompt_ids, item.encoded.option_ids)], [LEVELS[-1]]
    )
    level = len(LEVELS) - 1
    bare = Problem("a", item.encoded, (item.targets[level],), "margin", 0)
    caplog.clear()
    method = METHODS.load("attnlrp")
    with caplog.at_level("INFO", "keepfaith.attribution"):
        (found,) = method.scores([bare], [LEVELS[-1]], exact, method.settings(), 0)
    # Without attention all relevance is that of the last token, which is a feature.
    assert found.sum() == pytest.approx(margins(of_inputs[0], item.targets[level]), rel=1e-5)
    (message,) = (m for m in caplog.messages if m.startswith("conservation gap over 1 examples"))
    median, largest = (float(word.split()[1]) for word in message.split(": ")[1].split(", "))
    assert median == largest < 1e-5


def test_the_conservation_gap_counts_every_token(exact, encoder, caplog):
    """Against the relevance by hand of the whole prompt, special tokens included."""
    item = problem(exact, encoder, ONE_TOKEN)
    method = METHODS.load("attnlrp")
    dense = Problem("a", item.encoded, item.targets[:1], "margin", 0)
    with caplog.at_level("INFO", "keepfaith.attribution"):
        list(method.scores([dense], [0], exact, method.settings(), 0))
    (of_inputs,) = exact.log_likelihoods(
        [ScoringInput(item.encoded.prompt_ids, item.encoded.option_ids)], [0]
    )
    value = margins(of_inputs[0], item.targets[0])
    ((target,), (other,)) = (
        item.encoded.option_ids[option]
        for option in sorted(range(len(ONE_TOKEN)), key=lambda option: -of_inputs[0, option])[:2]
    )
    total = by_hand(exact.model.model, torch.tensor([item.encoded.prompt_ids]), target, other).sum()
    gap = abs(float(total) - value) / value
    assert gap > 1e-3
    assert f"largest {gap:.2g} of the explained value" in caplog.messages[-1]
