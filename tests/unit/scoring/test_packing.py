"""Options share a row where the architecture allows it, and only there."""

import logging

import pytest
from zoo import FAMILIES, tiny_model

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.packing import packing_of

ALONE = {"bloom": "ALiBi", "bloom_post": "ALiBi", "falcon_alibi": "ALiBi", "mpt": "ALiBi"}
WINDOW = {
    "mistral_window": 16,
    "gemma2": 16,
    "gemma3": 16,
    "cohere2": 16,
    "gpt_oss": 16,
    "exaone4": 16,
}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_choice_for_every_architecture_is_logged(family, caplog):
    with caplog.at_level(logging.INFO):
        choice = packing_of(PrunableModel(tiny_model(family)))
    if family in ALONE:
        assert not choice.possible
        assert ALONE[family] in caplog.text
    else:
        assert choice == Packing(True, longest=WINDOW.get(family))
        assert "sequences that begin alike share rows" in caplog.text


def test_what_ignores_the_mask_is_found_out(monkeypatch):
    model = tiny_model("llama")
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: forward(**{**k, "attention_mask": None}))
    choice = packing_of(PrunableModel(model))
    assert not choice.possible
    assert "differ" in choice.reason


def test_what_ignores_positions_is_found_out(monkeypatch):
    model = tiny_model("gpt2")
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda **k: forward(**{**k, "position_ids": None}))
    assert "differ" in packing_of(PrunableModel(model)).reason


def test_what_refuses_the_mask_falls_back(monkeypatch):
    model = tiny_model("llama")
    forward = model.forward

    def refusing(**kwargs):
        if kwargs.get("attention_mask") is not None:
            raise ValueError("mask of four axes")
        return forward(**kwargs)

    monkeypatch.setattr(model, "forward", refusing)
    assert "refused (ValueError: mask of four axes)" in packing_of(PrunableModel(model)).reason


def test_kernels_without_masks_fall_back():
    model = tiny_model("llama")
    model.config._attn_implementation_internal = "flash_attention_2"
    assert "flash_attention_2" in packing_of(PrunableModel(model)).reason
