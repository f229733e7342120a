"""From calibration texts to an ORDER frame."""

import pytest
import torch
from small_models import byte_level_tokenizer, metaspace_tokenizer, tiny_llama
from zoo import tiny_model

from keepfaith.artifacts.schemas import ORDER, STABILITY
from keepfaith.models.components import Component
from keepfaith.models.families import UnsupportedModelError
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import candidates, components_of
from keepfaith.orders.rank import rank_layers
from keepfaith.orders.samples import CalibrationTextError, token_samples
from keepfaith.orders.stability import TextDraws, measure_stability

TEXTS = ["The film was not good at all, but the acting was.", "Anna keeps the key. " * 40]


def test_frame_follows_the_schema_and_is_repeatable():
    tokenizer = metaspace_tokenizer()
    model = PrunableModel(tiny_llama(len(tokenizer)))
    frame = rank_layers("cosine", model, tokenizer, TEXTS, sample_tokens=64)
    assert dict(frame.schema) == dict(ORDER.columns)
    assert frame["position"].to_list() == [1, 2, 3, 4]
    assert sorted(frame["layer"]) == [0, 1, 2, 3]
    assert frame["score"].is_sorted()
    assert frame.equals(rank_layers("cosine", model, tokenizer, TEXTS, sample_tokens=64))


def test_samples_are_cut_to_their_length_and_to_the_context():
    tokenizer = metaspace_tokenizer()
    short, long = token_samples(tokenizer, TEXTS, 30)
    assert short.tolist() == [tokenizer.encode(TEXTS[0])[:30]]
    assert long.shape == (1, 30)
    assert long[0, 0] == tokenizer.bos_token_id
    assert token_samples(tokenizer, TEXTS, 30, context_length=12)[1].shape == (1, 12)


def test_text_that_cannot_serve_is_refused():
    with pytest.raises(CalibrationTextError, match="no calibration text"):
        token_samples(byte_level_tokenizer(), [], 10)
    with pytest.raises(CalibrationTextError, match="text 2 of 2 gives no token"):
        token_samples(byte_level_tokenizer(), ["a", ""], 10)


def test_unknown_criterion_names_the_known_ones():
    with pytest.raises(
        ValueError,
        match="no criterion 'cosines', did you mean 'cosine'\\? There are angular_distance, cosine",
    ):
        rank_layers("cosines", PrunableModel(tiny_llama(380)), byte_level_tokenizer(), TEXTS)


def test_score_of_untouched_stream_is_zero():
    model = tiny_llama(380)
    with torch.no_grad():
        model.model.layers[1].self_attn.o_proj.weight.zero_()
    frame = rank_layers("cosine", PrunableModel(model), byte_level_tokenizer(), TEXTS, 40)
    assert frame.row(0)[1:] == (1, "attention", pytest.approx(0, abs=1e-12))


@pytest.mark.parametrize(("drop", "count"), [("mlp", 4), ("joint", 8), ("block", 4)])
def test_what_is_dropped_and_its_reverse(drop, count):
    tokenizer = byte_level_tokenizer()
    model = PrunableModel(tiny_llama(380))
    frame = rank_layers("cosine", model, tokenizer, TEXTS, 40, drop)
    assert components_of(frame) == [
        Component(*row) for row in frame.select("layer", "component").iter_rows()
    ]
    assert set(components_of(frame)) == set(candidates(4, drop)) and len(frame) == count
    backwards = rank_layers("cosine", model, tokenizer, TEXTS, 40, drop, reverse=True)
    assert components_of(backwards) == components_of(frame)[::-1]


def test_components_that_a_model_does_not_have_are_refused():
    model = PrunableModel(tiny_model("opt"))
    with pytest.raises(UnsupportedModelError, match="opt: the mlp of layer 0 is not one module"):
        rank_layers("cosine", model, byte_level_tokenizer(), TEXTS, drop="joint")


def test_stability_ranks_every_draw_and_size():
    tokenizer = byte_level_tokenizer()
    model = PrunableModel(tiny_llama(380))

    def texts(count, seed):
        return [f"{TEXTS[0]} {seed} {number}" for number in range(count)]

    table = measure_stability("cosine", model, tokenizer, [0, 5], TextDraws(texts, [1, 3], 40))
    assert dict(table.schema) == dict(STABILITY.columns)
    for seed in (0, 5):
        for size in (1, 3):
            alone = rank_layers("cosine", model, tokenizer, texts(3, seed)[:size], 40)
            found = table.filter(seed=seed, samples=size).drop("seed", "samples")
            assert found.equals(alone)


def test_stability_without_text_is_that_of_the_seeds():
    model, tokenizer = PrunableModel(tiny_llama(380)), byte_level_tokenizer()
    table = measure_stability("random", model, tokenizer, [3, 4], None)
    assert table["samples"].unique().to_list() == [0]
    for seed in (3, 4):
        alone = rank_layers("random", model, tokenizer, [], seed=seed)
        assert table.filter(seed=seed).drop("seed", "samples").equals(alone)


@pytest.mark.parametrize("criterion", ["random", "last_k", "last_k_but_final"])
def test_a_criterion_that_reads_no_text_is_given_none(criterion):
    """A tokenizer that gives no token for any text would be refused if it were used."""
    model = PrunableModel(tiny_llama(380))
    ranked = rank_layers(criterion, model, byte_level_tokenizer(), [""], seed=2)
    assert ranked.equals(rank_layers(criterion, model, byte_level_tokenizer(), [], seed=2))
    with pytest.raises(CalibrationTextError, match="there is no calibration text"):
        rank_layers("greedy", model, byte_level_tokenizer(), [])
