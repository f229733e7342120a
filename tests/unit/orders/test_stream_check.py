"""A model whose residual stream is read wrongly is refused before a criterion ranks it."""

import pytest
import torch
from small_models import byte_level_tokenizer
from zoo import COMMON, FAMILIES, from_settings, tiny_model

from keepfaith.models import families
from keepfaith.models.families import Family, UnsupportedModelError
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.rank import rank_layers
from keepfaith.orders.stream_check import check_stream

SAMPLE = torch.arange(3, 43).view(1, 40)
OTHERWISE = {"bloom_post"}
"""Passes on the normalised stream instead of the stream."""


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - OTHERWISE))
def test_every_architecture_passes(family, dtype):
    check_stream(PrunableModel(tiny_model(family, dtype=dtype)), SAMPLE)


@pytest.mark.parametrize(
    ("family", "wrong"),
    [
        ("olmo2", Family()),
        ("exaone4", Family()),
        ("granite", Family()),
        ("hyperclovax", Family(scale="residual_multiplier")),
        ("mpt", Family()),
        ("bloom", Family(residual_inside=frozenset({"attention"}))),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_wrong_entry_is_caught(family, wrong, dtype, monkeypatch):
    monkeypatch.setitem(families.FAMILIES, FAMILIES[family][0], wrong)
    with pytest.raises(UnsupportedModelError, match="layer 0 do not add up to it"):
        check_stream(PrunableModel(tiny_model(family, dtype=dtype)), SAMPLE)


@pytest.mark.parametrize(
    ("family", "parallel", "reads"),
    [
        ("codegen", False, "the layer's input"),
        ("cohere", False, "the layer's input"),
        ("llama", True, "the output of attention"),
    ],
)
def test_parallel_or_not_is_caught(family, parallel, reads, monkeypatch):
    monkeypatch.setitem(families.FAMILIES, family, Family(parallel=parallel))
    with pytest.raises(UnsupportedModelError, match=f"the MLP of layer 0 reads {reads}"):
        check_stream(PrunableModel(tiny_model(family)), SAMPLE)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("doge", {}),
        ("minimax", {"head_dim": 8, "num_local_experts": 4}),
        ("bloom", FAMILIES["bloom_post"][1]),
    ],
)
def test_an_architecture_that_adds_up_otherwise_is_refused_by_these_criteria_alone(kind, settings):
    settings = (settings if kind == "bloom" else COMMON | settings) | {"vocab_size": 300}
    model = PrunableModel(from_settings(kind, settings))
    given = (byte_level_tokenizer(), ["sometexttoread"])
    with pytest.raises(UnsupportedModelError, match="use a criterion that does not read"):
        rank_layers("cosine", model, *given)
    assert rank_layers("last_k", model, *given).height == 4
    assert rank_layers("cosine", model, *given, drop="block").height == 4
