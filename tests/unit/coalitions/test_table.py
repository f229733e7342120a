"""The table of coalitions equals scoring every coalition's text by itself, by every operator, and resumes."""

import numpy as np
import polars as pl
import pytest
import torch
from small_models import byte_level_tokenizer, tiny_llama
from zoo import tiny_model

from keepfaith.artifacts.shards import Shards
from keepfaith.coalitions.segments import remaining_text
from keepfaith.coalitions.table import score_coalitions, segmented_prompt
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS
from keepfaith.scoring.encoding import EncodingError, PromptEncoder, ScoringInput
from keepfaith.scoring.layout import Packing
from keepfaith.scoring.removed_token import removed_token
from keepfaith.scoring.scorer import OptionScorer

LEVELS = [0, 1, 3]
TEXTS = [
    "The film was not good, but the story was moving.",
    "A dull, lifeless picture; never funny.",
    "Boring.",
]
OPTIONS = [" positive", " negative yes"]


@pytest.fixture(scope="module")
def examples():
    rows = []
    for number, text in enumerate(TEXTS):
        prompt = f"Review: {text}\nAnswer:"
        rows.append(
            {
                "example_id": f"e{number}",
                "prompt": prompt,
                "fields": [{"name": "text", "start": 8, "end": 8 + len(text)}],
                "options": OPTIONS,
            }
        )
    return pl.DataFrame(rows)


def values_of(table, example_id, level, operator="delete"):
    """[options, 2^n]"""
    rows = table.filter(example_id=example_id, level=level, operator=operator).sort("option")
    return np.array(rows["log_likelihoods"].to_list())


def test_every_operator_is_listed():
    assert SEGMENT_OPERATORS.names() == ("attention_mask", "delete", "replace")
    assert all(operator.label for operator in SEGMENT_OPERATORS.all().values())


def test_each_entry_is_the_score_of_the_remaining_text(scorer, encoder, examples):
    table = score_coalitions(scorer, encoder, examples, LEVELS, 4, ["delete"])
    assert table.height == len(TEXTS) * len(LEVELS) * len(OPTIONS)
    plain = OptionScorer(scorer.model, scorer.order, 512, Packing(False))
    for example in examples.iter_rows(named=True):
        whole = segmented_prompt(encoder, example, 4)
        for coalition in range(whole.full + 1):
            text = remaining_text(whole.encoded.text, whole.fields, whole.segments, coalition)
            alone = encoder.encode(text, OPTIONS)
            (expected,) = plain.log_likelihoods(
                [ScoringInput(alone.prompt_ids, alone.option_ids)], LEVELS
            )
            for place, level in enumerate(LEVELS):
                found = values_of(table, example["example_id"], level)[:, coalition]
                assert found == pytest.approx(expected[place], rel=1e-5, abs=1e-5)


def test_short_texts_have_fewer_segments(scorer, encoder, examples):
    table = score_coalitions(scorer, encoder, examples, LEVELS, 4, ["delete"])
    lengths = dict(table.select("example_id", pl.col("log_likelihoods").list.len()).rows())
    assert lengths == {"e0": 16, "e1": 16, "e2": 2}
    assert table.filter(example_id="e2")["segments"][0].to_list() == [{"start": 8, "end": 15}]


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2", "gptj"])
def test_hidden_segments_are_those_that_no_key_of_the_attention_is(family, examples):
    tokenizer = byte_level_tokenizer()
    model = tiny_llama(len(tokenizer)) if family == "llama" else tiny_model(family)
    rows = model.get_input_embeddings().num_embeddings
    if rows < len(tokenizer):
        model.resize_token_embeddings(len(tokenizer))
    prunable = PrunableModel(model.double())
    encoder, scorer = PromptEncoder(tokenizer), OptionScorer(prunable, (), 512)
    table = score_coalitions(scorer, encoder, examples, [0], 3, ["attention_mask"])
    for example in examples.iter_rows(named=True):
        whole = segmented_prompt(encoder, example, 3)
        for coalition in range(whole.full + 1):
            staying = set(whole.staying(coalition))
            for number, option in enumerate(whole.encoded.option_ids):
                ids = whole.encoded.prompt_ids + option
                seen = [
                    int(place in staying or place >= len(whole.encoded.prompt_ids))
                    for place in range(len(ids))
                ]
                with torch.inference_mode():
                    logits = model(
                        torch.tensor([ids]),
                        attention_mask=torch.tensor([seen]),
                        position_ids=torch.arange(len(ids))[None],
                        use_cache=False,
                    ).logits[0]
                found = logits.double().log_softmax(-1)[len(ids) - len(option) - 1 : -1]
                expected = sum(found[step, token] for step, token in enumerate(option)).item()
                values = values_of(table, example["example_id"], 0, "attention_mask")
                assert values[number, coalition] == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_replaced_tokens_are_the_one_that_says_nothing_and_all_others_stay(encoder, examples):
    whole = segmented_prompt(encoder, examples.row(0, named=True), 3)
    keep = SEGMENT_OPERATORS.load("replace").keep
    found = keep(encoder, whole, 0b101)
    assert len(found.prompt_ids) == len(whole.encoded.prompt_ids)
    nothing = removed_token(encoder.tokenizer)
    changed = [
        place
        for place, (a, b) in enumerate(zip(found.prompt_ids, whole.encoded.prompt_ids, strict=True))
        if a != b
    ]
    start, end = whole.segments[1]
    inside = [
        place for place, (a, b) in enumerate(whole.encoded.spans) if a < b and a < end and start < b
    ]
    assert changed == inside
    assert {found.prompt_ids[place] for place in changed} == {nothing}


@pytest.mark.parametrize("operator", ["delete", "replace", "attention_mask"])
def test_the_coalition_of_all_segments_is_the_prompt(operator, encoder, examples):
    keep = SEGMENT_OPERATORS.load(operator).keep
    for example in examples.iter_rows(named=True):
        whole = segmented_prompt(encoder, example, 4)
        found = keep(encoder, whole, whole.full)
        assert found == ScoringInput(whole.encoded.prompt_ids, whole.encoded.option_ids)


def test_finished_shards_are_not_scored_again(scorer, encoder, examples, tmp_path):
    shards = Shards(tmp_path / "coalitions.parquet", "key")
    first = score_coalitions(scorer, encoder, examples, LEVELS, 3, ["delete"], shards.get)

    class Broken:
        packing = scorer.packing

    again = score_coalitions(Broken(), encoder, examples, LEVELS, 3, ["delete"], shards.get)
    assert again.equals(first)


def test_an_operator_that_the_model_cannot_be_run_with_is_refused(scorer, encoder, examples):
    plain = OptionScorer(scorer.model, scorer.order, 512, Packing(False, "ALiBi"))
    with pytest.raises(ValueError, match=r"needs a model that takes position numbers.*\(ALiBi\)"):
        score_coalitions(plain, encoder, examples, LEVELS, 3, ["attention_mask"])
    windowed = OptionScorer(scorer.model, scorer.order, 512, Packing(True, longest=8))
    with pytest.raises(
        ValueError, match=r"example e0: \d+ tokens, .* beyond the 8 that the model's"
    ):
        score_coalitions(windowed, encoder, examples, LEVELS, 3, ["attention_mask"])
    with pytest.raises(ValueError, match="13 segments; type a number from 1 to 12"):
        score_coalitions(plain, encoder, examples, LEVELS, 13, ["delete"])
    with pytest.raises(ValueError, match="no segment operator 'mask'"):
        score_coalitions(plain, encoder, examples, LEVELS, 3, ["mask"])


def test_an_example_that_cannot_be_cut_is_named(scorer, encoder, examples):
    empty = examples.with_columns(fields=pl.lit([{"name": "t", "start": 0, "end": 0}]))
    with pytest.raises(EncodingError, match="example e0: its fields hold no word"):
        score_coalitions(scorer, encoder, empty, LEVELS, 3, ["delete"])
