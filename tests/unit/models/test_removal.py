"""Every level equals the model whose attention outputs are zeroed, with and without a KV cache."""

import copy

import pytest
import torch
from transformers import StaticCache
from zoo import FAMILIES, LAYERS, VOCABULARY, tiny_model

from keepfaith.models.removal import PrunableModel

ORDER = [2, 0, 3, 1]
OUTPUTS = ("o_proj", "c_proj", "dense", "out_proj")
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def zeroed(name, layers):
    """The oracle: the same model, the attention output projections of `layers` set to zero."""
    oracle = tiny_model(name)
    kind = type(PrunableModel(copy.deepcopy(oracle)).sites[0].attention)
    modules = [module for module in oracle.modules() if type(module) is kind]
    assert len(modules) == LAYERS
    for layer in layers:
        output = next(getattr(modules[layer], n) for n in OUTPUTS if hasattr(modules[layer], n))
        with torch.no_grad():
            for parameter in output.parameters():
                parameter.zero_()
    return oracle


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def family(request):
    return request.param


@pytest.fixture(scope="module")
def prunable(family):
    return PrunableModel(tiny_model(family))


def ids(batch=2, length=9, seed=1):
    return torch.randint(
        3, VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(seed)
    )


def by_tokens(model, tokens, prefill, cache=None):
    """Prefill, then one token at a time with the KV cache; logits of all positions."""
    out = model(tokens[:, :prefill], use_cache=True, past_key_values=cache)
    logits = [out.logits]
    for step in range(prefill, tokens.shape[1]):
        out = model(tokens[:, step : step + 1], past_key_values=out.past_key_values, use_cache=True)
        logits.append(out.logits)
    return torch.cat(logits, 1)


@torch.inference_mode()
@pytest.mark.parametrize("level", range(LAYERS + 1))
def test_level_equals_zeroed_attention_uncached_and_cached(family, prunable, level):
    tokens = ids()
    oracle = zeroed(family, ORDER[:level])
    expected = oracle(tokens, use_cache=False).logits
    with prunable.at_level(ORDER, level) as model:
        torch.testing.assert_close(model(tokens, use_cache=False).logits, expected, **TOLERANCE)
        torch.testing.assert_close(by_tokens(model, tokens, 5), expected, **TOLERANCE)


@torch.inference_mode()
@pytest.mark.parametrize("layers", [(0,), (0, 1), (0, 2, 3), (1, 2)])
def test_left_padded_greedy_generation_equals_zeroed_attention(family, prunable, layers):
    tokens = ids(batch=2, length=6)
    mask = torch.ones_like(tokens)
    mask[0, :3] = 0
    tokens[0, :3] = 0
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    expected = zeroed(family, layers).generate(tokens, attention_mask=mask, **settings)
    with prunable.dropping(layers) as model:
        assert torch.equal(model.generate(tokens, attention_mask=mask, **settings), expected)


@torch.inference_mode()
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("name", ["llama", "mistral_window", "gemma2"])
def test_static_cache(name, early):
    prunable = PrunableModel(tiny_model(name))
    tokens = ids(batch=1)
    expected = zeroed(name, (0, 2))(tokens, use_cache=False).logits
    cache = StaticCache(config=prunable.model.config, max_cache_len=32)
    if early:
        cache.early_initialization(
            batch_size=1, num_heads=2, head_dim=8, dtype=torch.float32, device=torch.device("cpu")
        )
    with prunable.dropping((0, 2)) as model:
        torch.testing.assert_close(by_tokens(model, tokens, 4, cache), expected, **TOLERANCE)


@torch.inference_mode()
def test_dropped_layer_holds_almost_no_cache():
    prunable = PrunableModel(tiny_model("llama"))
    with prunable.dropping((0,)) as model:
        cache = model(ids(), use_cache=True).past_key_values
    assert cache.get_seq_length() == 9
    assert cache.layers[0].keys.shape == (2, 1, 9, 1)
    assert cache.layers[1].keys.shape == (2, 2, 9, 8)


@torch.inference_mode()
def test_removed_attention_is_not_run():
    prunable = PrunableModel(tiny_model("llama"))
    calls = []
    for site in prunable.sites:
        site.attention.q_proj.register_forward_hook(
            lambda *_, index=site.index: calls.append(index)
        )
    with prunable.dropping((1, 2)) as model:
        model(ids())
    assert calls == [0, 3]


def test_state_returns_after_an_error_and_nests():
    prunable = PrunableModel(tiny_model("llama"))
    with prunable.dropping((1,)):
        with pytest.raises(RuntimeError, match="boom"), prunable.at_level(ORDER, 2):
            assert prunable.dropped == ((0, "attention"), (2, "attention"))
            raise RuntimeError("boom")
        assert prunable.dropped == ((1, "attention"),)
    assert prunable.dropped == ()


def test_weights_keep_their_names():
    model = tiny_model("llama")
    names = set(model.state_dict())
    prunable = PrunableModel(model)
    assert set(model.state_dict()) == names
    for toggle in prunable.toggles.values():
        toggle.uninstall()
    assert all("forward" not in site.attention.__dict__ for site in prunable.sites)


def test_bad_layers_and_levels_are_refused():
    prunable = PrunableModel(tiny_model("llama"))
    with pytest.raises(ValueError, match="outside the model"), prunable.dropping((4,)):
        pass
    with (
        pytest.raises(ValueError, match="drops the attention of layer 1 twice"),
        prunable.at_level([1, 1], 1),
    ):
        pass
    with pytest.raises(ValueError, match=r"do not lie within 0\.\.2"), prunable.at_level([1, 0], 3):
        pass
