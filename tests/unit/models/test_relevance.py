"""AttnLRP against relevance propagated by hand, layer by layer in float64; forward passes stay as they were."""

import pytest
import torch
from relevance_by_hand import by_hand
from zoo import tiny_model

from keepfaith.models.components import Component
from keepfaith.models.families import UnsupportedModelError
from keepfaith.models.relevance import relevance_rules
from keepfaith.models.relevance_types import SUPPORTED
from keepfaith.models.removal import PrunableModel

ZOO = {"gemma3_text": "gemma3"}


def model_of(kind, **options):
    return PrunableModel(tiny_model(ZOO.get(kind, kind), dtype=torch.float64, **options))


def relevance(prunable, ids, target, other):
    """Gradient times input of a difference of two logits under the rules, [T], and the difference."""
    model = prunable.model
    embeddings = model.get_input_embeddings()(ids).detach().requires_grad_()
    with relevance_rules(prunable):
        logits = model(inputs_embeds=embeddings, use_cache=False).logits[0, -1]
        margin = logits[target] - logits[other]
        (gradient,) = torch.autograd.grad(margin, embeddings)
    return (gradient * embeddings).sum(-1)[0].detach(), margin.item()


@pytest.mark.parametrize("kind", ["llama", "mistral"])
def test_relevance_is_that_of_the_rules_applied_by_hand(kind):
    prunable = model_of(kind)
    ids = torch.tensor([[5, 9, 3, 17, 11, 4]])
    found, _ = relevance(prunable, ids, 7, 12)
    expected = by_hand(prunable.model, ids, 7, 12)
    assert found == pytest.approx(expected.numpy(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_forward_passes_stay_as_they_were_and_the_model_is_given_back(kind):
    prunable = model_of(kind)
    ids = torch.tensor([[5, 9, 3, 17, 11, 4], [8, 2, 6, 3, 3, 9]])
    with torch.no_grad():
        before = prunable.model(ids, use_cache=False).logits
        with relevance_rules(prunable):
            inside = prunable.model(ids, use_cache=False).logits
        after = prunable.model(ids, use_cache=False).logits
    assert torch.equal(before, after)
    assert inside == pytest.approx(before.numpy(), rel=1e-6, abs=1e-6)
    assert not any(
        "forward" in vars(module)
        for module in prunable.model.modules()
        if type(module).__name__.endswith("RMSNorm")
    )


@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen3"])
def test_relevance_adds_up_to_the_margin_but_for_softmax(kind):
    """Without biases only softmax loses relevance: with attention removed the sum is exact."""
    prunable = model_of(kind)
    ids = torch.tensor([[5, 9, 3, 17]])
    order = list(range(prunable.layers))
    with prunable.at_level(order, len(order)):
        found, margin = relevance(prunable, ids, 7, 12)
    # Transformers normalises in float32 whatever the model's dtype is.
    assert found.sum().item() == pytest.approx(margin, rel=1e-6, abs=1e-6)


def test_other_architectures_are_refused_in_one_line():
    with (
        pytest.raises(
            UnsupportedModelError,
            match=r"^AttnLRP has no rules for 'gpt2' models, only for .*other method$",
        ),
        relevance_rules(PrunableModel(tiny_model("gpt2"))),
    ):
        pass


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_mlps_can_be_dropped_inside_and_afterwards(kind):
    """The rules and the removal both act on the MLP's forward pass."""
    prunable = model_of(kind)
    ids = torch.tensor([[5, 9, 3, 17]])
    order = [Component(2, "mlp"), Component(1, "attention"), Component(0, "mlp")]
    with torch.no_grad():
        with prunable.at_level(order, 3):
            expected = prunable.model(ids, use_cache=False).logits
        with relevance_rules(prunable), prunable.at_level(order, 3):
            inside = prunable.model(ids, use_cache=False).logits
        with prunable.at_level(order, 3):
            after = prunable.model(ids, use_cache=False).logits
    assert inside == pytest.approx(expected.numpy(), rel=1e-6, abs=1e-6)
    assert torch.equal(after, expected)
