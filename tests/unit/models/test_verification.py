"""The self-test passes on every architecture and catches each kind of broken removal."""

import dataclasses

import pytest
import torch
from zoo import FAMILIES, tiny_model

from keepfaith.models import removal
from keepfaith.models.removal import Absence, PrunableModel
from keepfaith.models.verification import RemovalError, refuse_failures, verify

KINDS = ("attention", "mlp", "block")


def kinds_of(family):
    return ("attention",) if family == "opt" else KINDS


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_architecture_passes(family):
    model = PrunableModel(tiny_model(family))
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    checks = verify(model, kinds_of(family))
    assert len(checks) == (3 if family == "opt" else 10)
    refuse_failures(family, checks, torch.float32)
    assert all(torch.equal(value, before[name]) for name, value in model.model.state_dict().items())
    assert model.dropped == ()


def broken_answer(self, *args, **kwargs):
    """Half of what stands there, instead of nothing."""
    found = ORIGINAL(self, *args, **kwargs)
    hidden = kwargs.get("hidden_states", args[0] if args else None)
    return (found[0] + hidden / 2, *found[1:]) if isinstance(found, tuple) else found + hidden / 2


ORIGINAL = Absence.answer


def test_a_removal_that_adds_something_is_caught(monkeypatch):
    monkeypatch.setattr(Absence, "answer", broken_answer)
    model = PrunableModel(tiny_model("llama"))
    with pytest.raises(
        RemovalError,
        match=r"m cannot be pruned: with attention of layer 0 removed, .* zeroed weights",
    ):
        refuse_failures("m", verify(model), torch.float32)


def test_a_removal_that_forgets_the_cache_is_caught(monkeypatch):
    monkeypatch.setattr(removal, "_count_tokens", lambda *_: None)
    model = PrunableModel(tiny_model("llama"))
    checks = verify(model)
    assert checks[0].removed == "attention of layer 0" and checks[0].oracle < 1e-5
    with pytest.raises(RemovalError, match="with a KV cache differ from those without"):
        refuse_failures("m", checks, torch.float32)


def test_a_removal_that_is_wrong_under_padding_is_caught(monkeypatch):
    def answer(self, *args, **kwargs):
        wrong = kwargs.get("attention_mask") is not None
        return (broken_answer if wrong else ORIGINAL)(self, *args, **kwargs)

    monkeypatch.setattr(Absence, "answer", answer)
    model = PrunableModel(tiny_model("llama"))
    checks = verify(model)
    assert checks[0].oracle < 1e-5 and checks[0].cache < 1e-4
    with pytest.raises(RemovalError, match="continues left-padded prompts otherwise"):
        refuse_failures("m", checks, torch.float32)


def test_what_is_no_number_fails():
    (check, *_) = verify(PrunableModel(tiny_model("llama")))
    broken = dataclasses.replace(check, oracle=float("nan"))
    with pytest.raises(RemovalError, match="by nan"):
        refuse_failures("m", [broken], torch.float32)
