"""Training: the split after the prompt, batches, dropped attention, determinism, falling loss."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from keepfaith.config.schema import Architecture, Recipe
from keepfaith.training.pairs import Encoded, batches, encode_pairs, masked_prompts, padded
from keepfaith.training.saving import save_model
from keepfaith.training.tokenizer import SPECIAL_TOKENS, train_tokenizer
from keepfaith.training.train import (
    build_model,
    dropped_attention,
    option_log_likelihoods,
    ramp_at,
    rate_at,
    train,
)

PAIRS = [
    ("The film was good.\nAnswer:", " positive"),
    ("The film was bad, and the long queue was bad too.\nAnswer:", " negative"),
    ("The plot was fine.\nAnswer:", " positive"),
    ("The ending was dull.\nAnswer:", " negative"),
] * 6
SHAPE = Architecture(hidden=32, intermediate=64, layers=3, heads=4, positions=64)
RECIPE = Recipe(
    steps=12,
    examples_per_step=8,
    learning_rate=5e-3,
    weight_decay=0.05,
    prompt_loss=0.2,
    attention_drop=0.2,
    drop_ramp=(0.0, 0.0),
    word_dropout=0.0,
    embedding_dropout=0.0,
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer([prompt + option for prompt, option in PAIRS], 320)


def test_tokenizer_encodes_everything_and_adds_nothing(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "The film was good. Naïve café: 你好\n"
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tuple(tokenizer.convert_ids_to_tokens(range(4))) == SPECIAL_TOKENS
    assert tokenizer.pad_token_id == 3
    assert len(tokenizer) <= 320


def test_tokenizer_learns_words_and_is_deterministic(tokenizer: PreTrainedTokenizerFast) -> None:
    again = train_tokenizer([prompt + option for prompt, option in PAIRS], 320)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert len(tokenizer(" positive")["input_ids"]) < len(" positive")


def test_too_small_a_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 260 tokens: 100"):
        train_tokenizer(["text"], 100)


def test_pairs_are_tokenised_together_and_split_behind_the_prompt(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for (prompt, option), row in zip(PAIRS, encode_pairs(tokenizer, PAIRS, 64), strict=True):
        start = row.option_start
        assert list(row.ids) == tokenizer(prompt + option)["input_ids"]
        assert start == len(tokenizer(prompt)["input_ids"])
        assert tokenizer.decode(row.ids[start:]) == option


def test_a_long_prompt_loses_its_left(tokenizer: PreTrainedTokenizerFast) -> None:
    (whole,), (cut,) = (encode_pairs(tokenizer, PAIRS[1:2], limit) for limit in (64, 10))
    assert cut.ids == whole.ids[-10:]
    assert cut.ids[cut.option_start :] == whole.ids[whole.option_start :]


def test_an_option_without_tokens_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(ValueError, match="has no token of its own"):
        encode_pairs(tokenizer, [("The film", "")], 64)
    with pytest.raises(ValueError, match=r"leaves no token of \d+ for its prompt"):
        encode_pairs(tokenizer, PAIRS[:1], 1)


def test_batches_hold_every_row_once_within_the_budget() -> None:
    rows = [Encoded(tuple(range(n)), n - 1) for n in (9, 2, 5, 30, 4, 2)]
    found = list(batches(rows, 20))
    assert sorted(index for batch in found for index in batch) == list(range(len(rows)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(len(rows[i].ids) for i in batch) <= 20


def test_masks_mark_the_token_that_is_predicted() -> None:
    rows = [Encoded((5, 6, 7, 8), 2), Encoded((5, 6), 1)]
    ids, is_prompt, is_option = padded(rows, 3)
    assert ids.tolist() == [[5, 6, 7, 8], [5, 6, 3, 3]]
    assert is_prompt.tolist() == [[True, False, False], [False, False, False]]
    assert is_option.tolist() == [[False, True, True], [True, False, False]]


def test_log_likelihoods_equal_one_forward_pass_each(tokenizer: PreTrainedTokenizerFast) -> None:
    model = build_model(SHAPE, tokenizer, 0).eval()
    rows = encode_pairs(tokenizer, PAIRS[:4], 64)
    for row, found in zip(rows, option_log_likelihoods(model, rows, 40), strict=True):
        with torch.inference_mode():
            logs = model(torch.tensor([row.ids])).logits[0].log_softmax(-1)
        option = range(row.option_start, len(row.ids))
        expected = sum(float(logs[position - 1, row.ids[position]]) for position in option)
        assert found == pytest.approx(expected, abs=1e-4)


def test_training_lowers_the_loss_and_is_deterministic(tokenizer: PreTrainedTokenizerFast) -> None:
    rows = encode_pairs(tokenizer, PAIRS, 64)
    likelihoods = []
    for _ in range(2):
        model = build_model(SHAPE, tokenizer, 0)
        before = sum(option_log_likelihoods(model, rows))
        assert train(model, lambda _: rows, RECIPE, seed=3) == RECIPE.steps
        likelihoods.append(option_log_likelihoods(model, rows))
        assert sum(likelihoods[-1]) > before / 2
    assert likelihoods[0] == likelihoods[1]


def test_training_stops_when_the_watch_says_so(tokenizer: PreTrainedTokenizerFast) -> None:
    rows = encode_pairs(tokenizer, PAIRS, 64)
    recipe = RECIPE.model_copy(update={"evaluate_every": 5})
    model = build_model(SHAPE, tokenizer, 0)
    assert train(model, lambda _: rows, recipe, 0, lambda _, step: step == 10) == 10


def test_nothing_to_train_on_is_said(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        train(build_model(SHAPE, tokenizer, 0), lambda _: [], RECIPE, 0)


def test_certain_dropping_equals_zeroed_attention(tokenizer: PreTrainedTokenizerFast) -> None:
    """With probability 1 the training forward pass has no attention at all; outside, all of it."""
    model = build_model(SHAPE, tokenizer, 0).train()
    ids = torch.tensor([encode_pairs(tokenizer, PAIRS[:1], 64)[0].ids])
    with torch.no_grad():
        dense = model(ids).logits
        with dropped_attention(model, lambda: 1.0):
            without = model(ids).logits
        assert torch.equal(model(ids).logits, dense)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
        assert torch.allclose(model(ids).logits, without, atol=1e-6)


def test_schedules_rise_and_fall_where_they_say() -> None:
    recipe = Recipe(
        steps=100, learning_rate=2e-3, warmup=0.1, attention_drop=0.2, drop_ramp=(0.5, 0.75)
    )
    rates = [rate_at(recipe, step) for step in range(100)]
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[0] < rates[9] > rates[50] > rates[99] > 0
    assert ramp_at(recipe, 50) == 0
    assert 0 < ramp_at(recipe, 60) < 1
    assert ramp_at(recipe, 75) == ramp_at(recipe, 99) == 1


def test_masking_hides_an_even_share_of_some_prompts_and_of_nothing_else() -> None:
    torch.manual_seed(0)
    rows = [Encoded(tuple(range(1, 41)), 36)] * 4000
    hidden = masked_prompts(rows, 40, 0.5)
    assert hidden.shape == (4000, 40)
    assert not hidden[:, 36:].any()
    shares = hidden[:, :36].float().mean(dim=1)
    # Half of the rows are whole (and one in 37 of the others by chance); the rest are spread evenly.
    assert float((shares == 0).float().mean()) == pytest.approx(0.5 + 0.5 / 37, abs=0.03)
    touched = shares[shares > 0]
    assert float(touched.mean()) == pytest.approx(0.5 * 37 / 36, abs=0.03)
    assert float((touched > 0.9).float().mean()) == pytest.approx(4 / 36, abs=0.03)
    assert not masked_prompts(rows, 40, 0.0).any()


def test_saved_folder_loads_again_without_pickle(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = build_model(SHAPE, tokenizer, 0)
    save_model(model, tokenizer, tmp_path / "model")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= names
    assert {Path(name).suffix for name in names} <= {".json", ".safetensors"}
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32)
    again = AutoTokenizer.from_pretrained(tmp_path / "model")
    rows, same = (encode_pairs(t, PAIRS, 64) for t in (tokenizer, again))
    assert rows == same
    assert option_log_likelihoods(loaded, rows) == option_log_likelihoods(model, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
