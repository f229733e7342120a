"""Scores equal a batch-1 float64 forward of every pair at every level, whatever the batches look like."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import FAMILIES, LAYERS, VOCABULARY, tiny_model

from keepfaith.models.finite import NotFiniteError
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.budget import CPU_TOKENS
from keepfaith.scoring.encoding import GradientInput, ScoringInput
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.pool import ScoringError
from keepfaith.scoring.scorer import OptionScorer

ORDER = (2, 0, 3, 1)
LEVELS = list(range(LAYERS + 1))
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
# These compute parts in float32 whatever they are given (Bloom its softmax, whose last bit depends on the processor);
# Mixtral's experts do not run in float64 at all.
PARTLY_FLOAT32 = {"bloom", "bloom_post", "codegen", "gemma2", "gptj", "mixtral", "mpt"}


def exact_model(family):
    """A float64 model where the architecture has one, and the tolerance that then holds."""
    dtype = torch.float32 if family == "mixtral" else torch.float64
    tolerance = CLOSE if family in PARTLY_FLOAT32 else {"rtol": 1e-10, "atol": 1e-10}
    return PrunableModel(tiny_model(family, dtype=dtype)), tolerance


def random_inputs(count, seed=0, longest=12):
    generator = np.random.default_rng(seed)

    def ids(low, high):
        return tuple(
            int(i) for i in generator.integers(3, VOCABULARY, generator.integers(low, high))
        )

    return [
        ScoringInput(ids(1, longest), tuple(ids(1, 5) for _ in range(generator.integers(1, 5))))
        for _ in range(count)
    ]


@torch.inference_mode()
def reference(prunable, inputs, levels, order=ORDER):
    """One full forward per pair and level, batch 1, no cache, no mask."""
    results = []
    for item in inputs:
        values = np.zeros((len(levels), len(item.option_ids)))
        for index, level in enumerate(levels):
            with prunable.at_level(order, level) as model:
                for number, option in enumerate(item.option_ids):
                    logits = model(
                        torch.tensor([item.prompt_ids + option]), use_cache=False
                    ).logits[0]
                    found = logits.double().log_softmax(-1)[len(item.prompt_ids) - 1 : -1]
                    values[index, number] = sum(
                        float(row[t]) for row, t in zip(found, option, strict=True)
                    )
        results.append(values)
    return results


def assert_close(found, expected, **tolerance):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **(tolerance or CLOSE))


@pytest.mark.parametrize("order", [ORDER, (3, 2, 1, 0)], ids=["mixed", "upper_first"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_float64_equals_batch_one_reference(family, order):
    """In float64 there is no rounding to hide behind: packed or not, swept or not, all is exact."""
    prunable, tolerance = exact_model(family)
    inputs = random_inputs(5)
    expected = reference(prunable, inputs, LEVELS, order)
    automatic = OptionScorer(prunable, order, 40)
    assert_close(automatic.log_likelihoods(inputs, LEVELS), expected, **tolerance)
    alone = OptionScorer(prunable, order, 40, Packing(False))
    assert_close(alone.log_likelihoods(inputs, LEVELS), expected, **tolerance)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_shared_prefix_changes_nothing(family):
    """Prompts after one copy of their common prefix score as each does alone."""
    prunable, tolerance = exact_model(family)
    prefix = tuple(int(i) for i in np.random.default_rng(9).integers(3, VOCABULARY, 33))
    inputs = [
        ScoringInput(prefix + item.prompt_ids, item.option_ids)
        for item in random_inputs(7, seed=3, longest=8)
    ]
    found = OptionScorer(prunable, ORDER, 400).log_likelihoods(inputs, LEVELS)
    assert_close(found, reference(prunable, inputs, LEVELS), **tolerance)


def test_a_shared_prefix_is_fed_once_per_row(prunable):
    fed = []
    handle = prunable.model.register_forward_pre_hook(
        lambda _, args, kwargs: fed.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    scorer = OptionScorer(prunable, ORDER, 1000)
    fed.clear()
    prefix = tuple(range(3, 43))
    scorer.log_likelihoods([ScoringInput((*prefix, i), ((8, 9),)) for i in range(50, 60)], [0, 2])
    handle.remove()
    assert fed == [40 + 10 * 2]


@pytest.mark.parametrize("family", ["mistral_window", "gemma2", "gemma3"])
def test_inputs_beyond_the_sliding_window(family):
    prunable, tolerance = exact_model(family)
    inputs = random_inputs(6, seed=4, longest=40)
    assert max(len(item.prompt_ids) for item in inputs) > 24
    found = OptionScorer(prunable, ORDER, 200).log_likelihoods(inputs, LEVELS)
    assert_close(found, reference(prunable, inputs, LEVELS), **tolerance)


@pytest.fixture(scope="module")
def prunable():
    return PrunableModel(tiny_model("llama"))


def test_float32_equals_float64(prunable):
    inputs = random_inputs(20)
    exact = PrunableModel(tiny_model("llama", dtype=torch.float64))
    found = OptionScorer(prunable, ORDER, 100).log_likelihoods(inputs, LEVELS)
    assert_close(found, reference(exact, inputs, LEVELS))


def test_sweep_equals_level_by_level_exactly(prunable):
    scorer = OptionScorer(prunable, ORDER, 100)
    inputs = random_inputs(10)
    together = scorer.log_likelihoods(inputs, LEVELS)
    for level in LEVELS:
        for one, all_levels in zip(scorer.log_likelihoods(inputs, [level]), together, strict=True):
            np.testing.assert_allclose(one[0], all_levels[level], rtol=1e-6, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 12),
    budget=st.integers(1, 300),
    packed=st.booleans(),
    data=st.data(),
)
def test_budget_order_padding_and_company_do_not_matter(
    prunable, seed, count, budget, packed, data
):
    inputs = random_inputs(count, seed)
    expected = OptionScorer(prunable, ORDER, 64, Packing(True)).log_likelihoods(inputs, [0, 2, 4])
    chosen = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=count + 3))
    scorer = OptionScorer(prunable, ORDER, budget, Packing(packed))
    found = scorer.log_likelihoods([inputs[i] for i in chosen], [4, 0, 2])
    assert_close(found, [expected[i][[2, 0, 1]] for i in chosen])
    assert scorer.budget_used == budget


def test_equal_inputs_are_fed_once_and_only_asked_options_cost(prunable):
    fed = []
    handle = prunable.model.register_forward_pre_hook(
        lambda _, args, kwargs: fed.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    scorer = OptionScorer(prunable, ORDER, 1000)
    item = ScoringInput((5, 6, 7), ((8, 9), (10,), (11, 12, 13)))
    alone = ScoringInput((5, 6, 7), ((8, 9),))
    fed.clear()
    first, second, third = scorer.log_likelihoods([item, alone, item], [0, 1])
    assert fed == [3 + 1 + 2]
    np.testing.assert_array_equal(first, third)
    np.testing.assert_array_equal(first[:, :1], second)
    fed.clear()
    scorer.log_likelihoods([alone], [0])
    assert fed == [4]
    handle.remove()


def test_levels_may_come_in_any_order_and_twice(prunable):
    scorer = OptionScorer(prunable, ORDER, 100)
    (values,) = scorer.log_likelihoods(random_inputs(1), [3, 1, 3])
    np.testing.assert_array_equal(values[0], values[2])
    assert values.dtype == np.float64


def test_lower_layers_are_shared(prunable):
    """Attention of a layer runs once per group of levels that agree below it, never once per level."""
    runs = dict.fromkeys(range(LAYERS), 0)

    def count(index):
        def hook(*_):
            runs[index] += 1

        return hook

    handles = [s.attention.q_proj.register_forward_hook(count(s.index)) for s in prunable.sites]
    OptionScorer(prunable, (3, 1), 1000, Packing(True)).log_likelihoods(random_inputs(1), [0, 1, 2])
    for handle in handles:
        handle.remove()
    # Order 3, 1: levels 0 and 1 agree up to layer 3, level 2 parts from them at layer 1.
    assert runs == {0: 1, 1: 1, 2: 2, 3: 1}


@pytest.mark.parametrize("seed", range(5))
def test_out_of_memory_halves_the_budget_and_keeps_finished_batches(prunable, seed):
    inputs = random_inputs(30, seed)
    expected = OptionScorer(prunable, ORDER, 200).log_likelihoods(inputs, [0, 2])
    generator = np.random.default_rng(seed)
    fed = []

    def failing(_, args, kwargs):
        size = kwargs["input_ids"].numel()
        if len(kwargs["input_ids"]) > 1 and (size > 120 or generator.random() < 0.1):
            raise torch.OutOfMemoryError("made up")
        fed.append(size)

    scorer = OptionScorer(prunable, ORDER, 200, Packing(True))
    handle = prunable.model.register_forward_pre_hook(failing, with_kwargs=True)
    found = scorer.log_likelihoods(inputs, [0, 2])
    handle.remove()
    assert_close(found, expected)
    assert scorer.budget_used < 200
    assert all(toggle.on for toggle in prunable.toggles.values())


def test_a_row_that_never_fits_is_an_error(prunable):
    def failing(*_):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    handle = prunable.model.register_forward_pre_hook(failing)
    with pytest.raises(ScoringError, match="out of memory on a single row of"):
        OptionScorer(prunable, ORDER, 100, Packing(True)).log_likelihoods(random_inputs(4), [0])
    handle.remove()


def test_other_errors_are_not_taken_for_memory(prunable):
    def failing(*_):
        raise RuntimeError("something else")

    handle = prunable.model.register_forward_pre_hook(failing)
    with pytest.raises(RuntimeError, match="something else"):
        OptionScorer(prunable, ORDER, 100, Packing(True)).log_likelihoods(random_inputs(4), [0])
    handle.remove()
    assert "forward" not in prunable.sites[0].layer.__dict__


def test_empty_prompts_and_options_and_levels_outside_are_refused(prunable):
    scorer = OptionScorer(prunable, ORDER[:2], 100, Packing(True))
    with pytest.raises(ScoringError, match="input 1 has an empty prompt"):
        scorer.log_likelihoods([ScoringInput((5,), ((6,),)), ScoringInput((), ((6,),))], [0])
    with pytest.raises(ScoringError, match="input 0 has an option without tokens"):
        scorer.log_likelihoods([ScoringInput((5,), ((),))], [0])
    with pytest.raises(ValueError, match=r"within 0\.\.2"):
        scorer.log_likelihoods(random_inputs(1), [3])
    with pytest.raises(ValueError, match="budget"):
        OptionScorer(prunable, ORDER, 0)
    assert scorer.log_likelihoods([], [0]) == []


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_effects_equal_batch_one_autograd(family, level):
    prunable, _ = exact_model(family)
    scorer = OptionScorer(prunable, ORDER, 40)
    rng = np.random.default_rng(0)
    inputs = []
    for item in random_inputs(4):
        baseline = tuple(rng.integers(3, VOCABULARY, len(item.prompt_ids)).tolist())
        inputs.append(GradientInput(item.prompt_ids, item.option_ids[-1:], (1.0,)))
        inputs.append(GradientInput(item.prompt_ids, item.option_ids[-1:], (1.0,), baseline, 0.3))
    found = scorer.embedding_effects(inputs, level)
    embed = prunable.model.get_input_embeddings()
    for item, effects in zip(inputs, found, strict=True):
        length = len(item.prompt_ids)
        (option,) = item.option_ids
        whole = embed(torch.tensor([item.prompt_ids + option])).detach()
        baseline = torch.zeros_like(whole[0, :length])
        if item.baseline_ids is not None:
            baseline = embed(torch.tensor(item.baseline_ids)).detach()
        difference = whole[0, :length] - baseline
        leaf = whole.clone()
        leaf[0, :length] = baseline + item.share * difference
        leaf.requires_grad_()
        with prunable.at_level(ORDER, level) as model, torch.enable_grad():
            rows = model(inputs_embeds=leaf).logits[0].log_softmax(-1)[length - 1 : -1]
            rows[torch.arange(len(option)), torch.tensor(option)].sum().backward()
        expected = (leaf.grad[0, :length] * difference).sum(-1)
        allowed = 1e-4 if family in PARTLY_FLOAT32 else 1e-10
        np.testing.assert_allclose(effects, expected, rtol=allowed, atol=allowed)


def test_the_budget_is_found_where_none_is_given(prunable):
    scorer = OptionScorer(prunable, ORDER)
    assert scorer.budget_used == CPU_TOKENS
    inputs = random_inputs(5)
    assert_close(
        scorer.log_likelihoods(inputs, LEVELS),
        OptionScorer(prunable, ORDER, 50).log_likelihoods(inputs, LEVELS),
    )


def test_damaged_weights_are_refused_and_the_level_is_named():
    model = PrunableModel(tiny_model("llama"))
    scorer = OptionScorer(model, ORDER)
    inputs = random_inputs(3)
    with torch.no_grad():
        model.model.model.layers[2].self_attn.o_proj.weight[0, 0] = float("nan")
    with pytest.raises(
        NotFiniteError, match=r"level 0: .* contain NaN or infinity; its weights are damaged"
    ):
        scorer.log_likelihoods(inputs, LEVELS)
    # Level 1 drops the damaged attention.
    assert all(np.isfinite(found).all() for found in scorer.log_likelihoods(inputs, [1]))
    with pytest.raises(NotFiniteError, match="level 0: the gradients"):
        scorer.embedding_effects([GradientInput((5, 6, 7), ((8,),), (1.0,))], 0)
