"""The methods' maths on functions whose explanation is known."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso

from keepfaith.attribution.methods import kernelshap, lime
from keepfaith.attribution.methods.integrated_gradients import PathSettings
from keepfaith.attribution.perturbation import perturb
from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.removed_token import STUDY_TOKEN

# Norms compute in float32 even in a float64 model: a smaller step would drown in their rounding.
STEP = 5e-3


def additive(masks, weights):
    return masks @ weights + 0.7


@pytest.mark.parametrize("features", [2, 3, 12, 40])
def test_kernelshap_recovers_an_additive_function(features):
    weights = np.random.default_rng(features).normal(size=(2, features))
    masks = kernelshap.shapley_masks(features, 3 * features, 0)
    values = np.stack([additive(masks, level) for level in weights])
    scores = kernelshap.fit_least_squares(masks, values, np.float64)
    if np.linalg.matrix_rank(masks[1:] - masks[:1].astype(int)) == features:
        np.testing.assert_allclose(scores, weights, atol=1e-6)
    np.testing.assert_allclose(kernelshap.fit_least_squares(masks, values), scores, atol=5e-3)


def test_kernelshap_scores_sum_to_the_whole_effect():
    rng = np.random.default_rng(0)
    masks = kernelshap.shapley_masks(15, 45, 0)
    values = rng.normal(size=(3, 45))
    sums = kernelshap.fit_least_squares(masks, values, np.float64).sum(axis=1)
    np.testing.assert_allclose(sums, values[:, 0] - values[:, 1], atol=1e-3)


def test_kernelshap_with_all_subsets_gives_shapley_values():
    """Every subset once, repeated as often as the Shapley kernel weighs it."""
    from itertools import permutations
    from math import comb

    rng = np.random.default_rng(3)
    count = 4
    masks = np.array([[bool(i >> j & 1) for j in range(count)] for i in range(2**count)])
    game = dict(zip(map(tuple, masks.tolist()), rng.normal(size=len(masks)), strict=True))
    shapley = np.zeros(count)
    orders = list(permutations(range(count)))
    for order in orders:
        inside = [False] * count
        for feature in order:
            before = game[tuple(inside)]
            inside[feature] = True
            shapley[feature] += (game[tuple(inside)] - before) / len(orders)
    rows = []
    for mask in masks:
        size = int(mask.sum())
        repeats = (
            1 if size in (0, count) else 12 // (size * (count - size) * comb(count, size) // 12)
        )
        rows += [mask] * repeats
    rows = np.array(rows)
    values = np.array([game[tuple(mask)] for mask in rows.tolist()])[None]
    np.testing.assert_allclose(
        kernelshap.fit_least_squares(rows, values, np.float64)[0], shapley, atol=1e-4
    )


def test_kernelshap_draws_sizes_by_the_shapley_kernel():
    features = 8
    sizes = kernelshap.shapley_masks(features, 20002, 0)[2:].sum(axis=1)
    sizes_possible = np.arange(1, features)
    expected = 1 / (sizes_possible * (features - sizes_possible))
    found = np.bincount(sizes, minlength=features)[1:] / len(sizes)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.015)


def test_a_single_feature_gets_its_whole_effect():
    masks = kernelshap.shapley_masks(1, 3, 0)
    assert masks.tolist() == [[True], [False]]
    assert kernelshap.fit_least_squares(masks, np.array([[2.0, 0.5]]))[0] == pytest.approx([1.5])


def test_lime_ranks_a_linear_function_and_zeroes_what_does_not_matter():
    weights = np.array([2.0, 0.0, -1.5, 0.0, 1.0, 0.0])
    masks = lime.bernoulli_masks(6, 400, 0)
    scores = lime.fit_lasso(masks, additive(masks, weights)[None])[0]
    # The Lasso shrinks by alpha / var(mask) = 0.01 / 0.25.
    np.testing.assert_allclose(scores, weights - np.sign(weights) * 0.04, atol=0.01)
    assert (scores[weights == 0] == 0).all()


def test_lime_is_the_weighted_lasso_with_weights_that_sum_to_the_samples():
    """Scaling all weights changes nothing: scikit-learn normalises them, so alpha means the same."""
    rng = np.random.default_rng(1)
    masks = lime.bernoulli_masks(7, 21, 2)
    values = rng.normal(size=21)
    weights = lime.cosine_weights(masks)
    plain = Lasso(alpha=0.01, tol=1e-10).fit(masks.astype(float), values, sample_weight=5 * weights)
    np.testing.assert_allclose(lime.fit_lasso(masks, values[None])[0], plain.coef_, atol=2e-3)


@pytest.mark.parametrize("draw", [lime.bernoulli_masks, kernelshap.shapley_masks])
def test_masks_depend_on_length_and_seed(draw):
    first = draw(11, 33, 0)
    assert first.shape == (33, 11) and first.dtype == bool
    np.testing.assert_array_equal(first, draw(11, 33, 0))
    assert (first != draw(11, 33, 1)).any()


@pytest.mark.parametrize(
    ("draw", "fit"),
    [
        (lime.bernoulli_masks, lime.fit_lasso),
        (lime.bernoulli_masks, lime.fit_standardised_lasso),
        (kernelshap.shapley_masks, kernelshap.fit_least_squares),
    ],
)
def test_levels_are_solved_independently(draw, fit):
    masks = draw(9, 27, 0)
    values = np.random.default_rng(0).normal(size=(4, 27))
    together = fit(masks, values)
    for level in range(4):
        np.testing.assert_allclose(together[level], fit(masks, values[[level]])[0], atol=1e-5)


def problem(
    encoder,
    example_id="a",
    text="The film was not good.\nAnswer:",
    targets=(0, 1, 0),
    explains="log_probability",
    options=(" yes", " no good"),
):
    return Problem(example_id, encoder.encode(text, options), targets, explains, STUDY_TOKEN)


def test_a_long_prompt_has_the_maximum_of_samples_and_a_short_one_does_not_notice(encoder, scorer):
    method = METHODS.load("lime")
    long, short = (
        problem(encoder, text="The film was not good. " * 5),
        problem(encoder, text="Good."),
    )
    limited = method.settings(samples_per_token=3, maximum_samples=20)
    assert 3 * short.features < 20 < 3 * long.features
    found = list(method.scores([long, short], [0, 1, 3], scorer, limited, 5))
    plain = list(
        method.scores([long, short], [0, 1, 3], scorer, method.settings(samples_per_token=3), 5)
    )
    np.testing.assert_array_equal(found[1], plain[1])
    masks = lime.bernoulli_masks(long.features, 20, 5)
    asked = [long.asked(perturb(long, mask)) for mask in masks]
    values = long.explained(np.stack(list(scorer.log_likelihoods(asked, [0, 1, 3])), axis=1))
    np.testing.assert_allclose(found[0], lime.fit_lasso(masks, values), atol=1e-3)


def test_input_x_gradient_is_the_derivative_of_scaling_a_token(encoder, scorer):
    """Against central differences of the plain model in float64, every token scaled up and down."""
    method = METHODS.load("input_x_gradient")
    item = problem(encoder)
    (found,) = method.scores([item], [0, 1, 3], scorer, NoSettings(), 0)
    model = scorer.model.model.double()
    try:
        for index, level in enumerate([0, 1, 3]):
            with scorer.model.at_level(scorer.order, level), torch.no_grad():
                expected = [
                    (
                        value(model, item, index, position, STEP)
                        - value(model, item, index, position, -STEP)
                    )
                    / (2 * STEP)
                    for position in range(item.encoded.special, len(item.encoded.prompt_ids))
                ]
            np.testing.assert_allclose(found[index], expected, atol=5e-4)
    finally:
        scorer.model.model.float()


def value(model, item, index, position, step):
    """log p(target string) with the embedding at `position` scaled by 1 + step."""
    option = item.encoded.option_ids[item.targets[index]]
    prompt = item.encoded.prompt_ids
    embeddings = model.get_input_embeddings()(torch.tensor([prompt + option]))
    embeddings[0, position] *= 1 + step
    log_p = model(inputs_embeds=embeddings).logits[0].log_softmax(-1)
    return float(sum(log_p[len(prompt) - 1 + i, token] for i, token in enumerate(option)))


def test_input_x_gradient_does_not_depend_on_the_other_examples(encoder, scorer):
    method = METHODS.load("input_x_gradient")
    items = [
        problem(encoder, str(n), "The film was not good. " * n + "Answer:") for n in range(1, 6)
    ]
    together = list(method.scores(items, [0, 1, 2], scorer, NoSettings(), 0))
    for item, expected in zip(items, together, strict=True):
        (alone,) = method.scores([item], [0, 1, 2], scorer, NoSettings(), 0)
        np.testing.assert_allclose(alone, expected, atol=1e-4)


def test_integrated_gradients_equal_captum(encoder, scorer):
    """LayerIntegratedGradients on the embedding layer, same baseline, same quadrature."""
    from captum.attr import LayerIntegratedGradients

    method = METHODS.load("integrated_gradients")
    item = problem(encoder)
    (found,) = method.scores([item], [0, 1, 3], scorer, PathSettings(steps=12), 0)
    prompt, special = item.encoded.prompt_ids, item.encoded.special
    baseline = prompt[:special] + (STUDY_TOKEN,) * item.features
    for index, level in enumerate([0, 1, 3]):
        option = item.encoded.option_ids[item.targets[index]]

        def summed(ids, option=option):
            log_p = model(ids).logits.log_softmax(-1)[:, len(prompt) - 1 : -1]
            return log_p.gather(2, torch.tensor(option).expand(len(ids), -1)[..., None]).sum((1, 2))

        with scorer.model.at_level(scorer.order, level) as model:
            captum = LayerIntegratedGradients(summed, model.get_input_embeddings())
            expected = captum.attribute(
                torch.tensor([prompt + option]),
                baselines=torch.tensor([baseline + option]),
                n_steps=12,
                method="gausslegendre",
            )
        features = slice(special, len(prompt))
        np.testing.assert_allclose(
            found[index], expected.sum(-1)[0, features].detach().numpy(), atol=2e-5
        )


def test_integrated_gradients_are_complete(encoder, scorer, caplog):
    """The scores sum to the whole effect, more exactly with more steps; the log states the error."""
    method = METHODS.load("integrated_gradients")
    item = problem(encoder, targets=(0, 0, 0))
    special = item.encoded.prompt_ids[: item.encoded.special]
    removed = special + (STUDY_TOKEN,) * item.features
    option = item.encoded.option_ids[0]
    inputs = [ScoringInput(prompt, (option,)) for prompt in (item.encoded.prompt_ids, removed)]
    whole, nothing = scorer.log_likelihoods(inputs, [0, 1, 3])
    deltas = []
    for steps in (2, 200):
        with caplog.at_level("INFO", "keepfaith.attribution"):
            (found,) = method.scores([item], [0, 1, 3], scorer, PathSettings(steps=steps), 0)
        deltas.append(float(np.abs(found.sum(1) - (whole - nothing)[:, 0]).max()))
    assert deltas[1] < 0.02 < deltas[0]
    assert f"largest {deltas[0]:.2g} nats" in caplog.messages[0]


def test_random_scores_are_reproducible_and_independent(encoder):
    method = METHODS.load("random")
    a, b = problem(encoder, "a"), problem(encoder, "b")
    first, second = method.scores([a, b], [0, 1, 2], NoSettings(), 0)
    (alone,) = method.scores([b], [2, 0], NoSettings(), 0)
    np.testing.assert_array_equal(alone, second[[2, 0]])
    (other_seed,) = method.scores([a], [0, 1, 2], NoSettings(), 1)
    rows = np.concatenate([first, second, other_seed])
    assert len({row.tobytes() for row in rows}) == 9


def test_random_ranking_is_fair(encoder):
    method = METHODS.load("random")
    items = [problem(encoder, f"e{i}") for i in range(600)]
    tops = [int(scores[0].argmax()) for scores in method.scores(items, [0], NoSettings(), 0)]
    counts = np.bincount(tops, minlength=items[0].features)
    expected = len(items) / items[0].features
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    degrees = items[0].features - 1
    assert chi_squared < degrees + 4 * np.sqrt(2 * degrees)
