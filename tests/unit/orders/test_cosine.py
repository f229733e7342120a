"""The cosine criterion against a float64 computation that asks the model for its own residual streams."""

import pytest
import torch
from zoo import FAMILIES, VOCABULARY, tiny_model

from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criteria.cosine import rank


def batches():
    generator = torch.Generator().manual_seed(3)
    return [
        torch.randint(3, VOCABULARY, (rows, length), generator=generator)
        for rows, length in ((1, 11), (2, 7))
    ]


def brute_force(model, sites, tokens):
    """Cosines of all tokens by layer: attention's effect on the stream, found by taking attention away.

    X is the layer's input. Y - X is what the MLP-free layer adds, so the MLP is silenced by a hook
    and the layer runs alone.
    """
    cosines = {site.index: [] for site in sites}
    inputs = {}

    def keep(site):
        def hook(_, args, kwargs, output):
            inputs[site.index] = (args, kwargs)

        return site.layer.register_forward_hook(hook, with_kwargs=True)

    handles = [keep(site) for site in sites]
    model(tokens, use_cache=False)
    for handle in handles:
        handle.remove()
    for site in sites:
        args, kwargs = inputs[site.index]
        x = args[0] if args else kwargs["hidden_states"]
        (mlp,) = [m for n, m in site.layer.named_children() if n in ("mlp", "ffn", "feed_forward")]

        def silent(module, mlp_args, output):
            if len(mlp_args) > 1:  # BLOOM and MPT add the residual inside their MLP
                return mlp_args[1]
            return torch.zeros_like(output)

        handle = mlp.register_forward_hook(silent)
        out = site.layer(*args, **kwargs)
        handle.remove()
        y = out[0] if isinstance(out, tuple) else out
        for a, b in zip(x.flatten(0, 1).tolist(), y.flatten(0, 1).tolist(), strict=True):
            a, b = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
            cosines[site.index].append(float(a @ b / (a.norm() * b.norm())))
    return cosines


CASES = sorted(set(FAMILIES) - {"opt", "bloom_post", "mixtral", "gemma2", "gemma3", "olmo2"})


@torch.no_grad()
@pytest.mark.parametrize("family", CASES)
def test_scores_equal_brute_force(family):
    prunable = PrunableModel(tiny_model(family, dtype=torch.float64))
    expected = {}
    for tokens in batches():
        for layer, values in brute_force(prunable.model, prunable.sites, tokens).items():
            expected.setdefault(layer, []).extend(values)
    found = dict(rank(prunable, batches()))
    assert found == pytest.approx({k: 1 - sum(v) / len(v) for k, v in expected.items()}, abs=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("family", ["gemma2", "gemma3", "olmo2"])
def test_post_norm_is_part_of_what_is_added(family):
    """By hand: the stream behind attention is the input plus the normalised attention output."""
    prunable = PrunableModel(tiny_model(family, dtype=torch.float64))
    seen = {}
    for site in prunable.sites:
        site.layer.register_forward_pre_hook(
            lambda _, args, kwargs, i=site.index: seen.update(
                {(i, "x"): args[0] if args else kwargs["hidden_states"]}
            ),
            with_kwargs=True,
        )
        site.layer.post_attention_layernorm.register_forward_hook(
            lambda _, args, out, i=site.index: seen.update({(i, "added"): out})
        )
    tokens = batches()[0]
    prunable.model(tokens)
    expected = {}
    for index in range(prunable.layers):
        x, added = seen[index, "x"], seen[index, "added"]
        expected[index] = 1 - float(torch.cosine_similarity(x, x + added, dim=-1).mean())
    assert dict(rank(prunable, [tokens])) == pytest.approx(expected, abs=1e-12)


def test_smallest_first_and_hooks_leave():
    prunable = PrunableModel(tiny_model("llama"))
    ranked = rank(prunable, batches())
    assert [score for _, score in ranked] == sorted(score for _, score in ranked)
    assert sorted(layer for layer, _ in ranked) == [0, 1, 2, 3]
    assert not any(site.layer._forward_pre_hooks for site in prunable.sites)
    assert not any(site.attention._forward_hooks for site in prunable.sites)


def test_ties_go_to_the_lower_layer():
    model = tiny_model("llama")
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
    assert [layer for layer, _ in rank(PrunableModel(model), batches())] == [0, 1, 2, 3]


def test_level_of_the_caller_does_not_matter():
    prunable = PrunableModel(tiny_model("llama"))
    expected = rank(prunable, batches())
    with prunable.dropping((1,)):
        assert rank(prunable, batches()) == expected
        assert prunable.dropped == (1,)
