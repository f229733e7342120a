"""Every architecture's attention sub-layers are found, or the model is refused by name."""

import pytest
import torch
from transformers import MambaConfig, MambaForCausalLM
from zoo import FAMILIES, LAYERS, tiny_model

from keepfaith.models.families import UnsupportedModelError, layer_sites


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_one_site_per_layer_in_order(family):
    sites = layer_sites(tiny_model(family))
    assert [site.index for site in sites] == list(range(LAYERS))
    assert len({id(site.layer) for site in sites}) == LAYERS
    assert all("Attention" in type(site.attention).__name__ for site in sites)


def test_models_without_attention_are_refused():
    torch.manual_seed(0)
    model = MambaForCausalLM(MambaConfig(vocab_size=20, hidden_size=8, num_hidden_layers=2))
    with pytest.raises(UnsupportedModelError, match="mamba: found no list of 2 decoder layers"):
        layer_sites(model)


def test_models_with_attention_in_some_layers_are_refused():
    model = tiny_model("llama")
    del model.model.layers[2].self_attn
    with pytest.raises(UnsupportedModelError, match=r"decoder layer 2 .* has no attention"):
        layer_sites(model)
