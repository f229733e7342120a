"""Options share a row where the architecture allows it, and only there."""

import logging

import pytest
import torch
from zoo import FAMILIES, tiny_model

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.packing import Packing, block_mask, packing_of

ALONE = {"bloom": "ALiBi", "bloom_post": "ALiBi", "falcon_alibi": "ALiBi", "mpt": "ALiBi"}
WINDOW = {"mistral_window": 16, "gemma2": 16, "gemma3": 16}

PROMPT = (11, 12, 13)
OPTIONS = {(21, 22, 23): 0, (31,): 1, (41, 42): 2}


def test_one_row_holds_all_options():
    (row,) = Packing(True).rows(PROMPT, OPTIONS)
    assert row.tokens == [11, 12, 13, 41, 21, 22]
    assert row.positions == [0, 1, 2, 3, 3, 4]
    assert row.blocks == [0, 0, 0, 1, 2, 2]
    assert row.columns == [2, 2, 3, 2, 4, 5]
    assert row.targets == [31, 41, 42, 21, 22, 23]
    assert row.slots == [1, 2, 2, 0, 0, 0]
    assert row.packed


def test_one_row_per_long_option_otherwise():
    first, second = Packing(False).rows(PROMPT, OPTIONS)
    assert (first.tokens, second.tokens) == ([11, 12, 13, 41], [11, 12, 13, 21, 22])
    assert first.targets == [31, 41, 42]
    assert not first.packed and not second.packed


def test_one_token_options_feed_the_prompt_alone():
    (row,) = Packing(False).rows(PROMPT, {(5,): 0, (6,): 1})
    assert row.tokens == list(PROMPT)
    assert row.columns == [2, 2]
    assert not row.packed


def test_rows_beyond_the_window_are_not_packed():
    assert len(Packing(True, longest=6).rows(PROMPT, OPTIONS)) == 1
    assert len(Packing(True, longest=5).rows(PROMPT, OPTIONS)) == 2


def test_mask_shows_the_prompt_and_the_own_block():
    mask = block_mask(torch.tensor([[0, 0, 1, 2, 2, -1]]), torch.float32)[0, 0] == 0
    expected = [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 0, 1, 1, 0],
    ]
    assert mask[:5].int().tolist() == expected
    assert mask[5].any()  # a padded query sees something, or its softmax would be NaN


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_choice_for_every_architecture_is_logged(family, caplog):
    with caplog.at_level(logging.INFO):
        choice = packing_of(PrunableModel(tiny_model(family)))
    if family in ALONE:
        assert not choice.possible
        assert ALONE[family] in caplog.text
    else:
        assert choice == Packing(True, longest=WINDOW.get(family))
        assert "options share a row" in caplog.text


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
