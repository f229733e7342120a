"""A model with layers on several devices scores as on one device.

Several GPUs cannot be had everywhere; layers that wait on disk are moved by the same hooks of accelerate.
"""

import numpy as np
import pytest
import torch
from small_models import tiny_llama
from transformers import AutoModelForCausalLM

from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import GradientInput, ScoringInput
from keepfaith.scoring.scorer import OptionScorer

ORDER, LEVELS = (2, 3, 0), [0, 1, 2, 3]
DEVICES = {
    "model.embed_tokens": "cpu",
    "model.layers.0": "disk",
    "model.layers.1": "cpu",
    "model.layers.2": "disk",
    "model.layers.3": "disk",
    "model.norm": "cpu",
    "model.rotary_emb": "cpu",
    "lm_head": "cpu",
}


@pytest.fixture
def folder(tmp_path):
    tiny_llama(100).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_hooks_that_move_layers_stay_and_change_nothing(folder, tmp_path):
    spread = AutoModelForCausalLM.from_pretrained(
        folder, device_map=DEVICES, offload_folder=tmp_path / "offloaded"
    ).eval()
    spread.requires_grad_(False)
    layer = spread.model.layers[2]
    moving = layer.forward
    inputs = [
        ScoringInput((5, 6, 7), ((8,), (9, 10))),
        ScoringInput((5, 6, 7, 11), ((8, 3), (9,))),
    ]
    gradient = [GradientInput((5, 6, 7), ((8, 9),), (1.0,))]
    mine, whole = (
        OptionScorer(PrunableModel(model), ORDER) for model in (spread, load_model(folder))
    )
    for _ in range(2):
        for found, expected in zip(
            mine.log_likelihoods(inputs, LEVELS),
            whole.log_likelihoods(inputs, LEVELS),
            strict=True,
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(
        mine.embedding_effects(gradient, 1)[0],
        whole.embedding_effects(gradient, 1)[0],
        rtol=1e-5,
        atol=1e-7,
    )
    assert layer.forward == moving


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_layers_are_spread_over_the_gpus_of_the_job(folder):
    model = load_model(folder)
    assert len({parameter.device for parameter in model.parameters()}) > 1
    one = load_model(folder, device="cpu")
    inputs = [ScoringInput((5, 6, 7), ((8,), (9, 10)))]
    found, expected = (
        OptionScorer(PrunableModel(each), ORDER).log_likelihoods(inputs, LEVELS)[0]
        for each in (model, one)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4)
